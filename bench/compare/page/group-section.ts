/** Everything about one workload under one load: charts of what a choice is made by, then all figures. */
import { element } from "../../../sim/page/element.ts";
import { showShare } from "../amounts.ts";
import { groupKeyOf, showLoad, showWorkload, type CellGroup } from "../cell-group.ts";
import { furtherColumns, glanceColumns, knownColumns, type Column } from "../columns.ts";
import type { Advice } from "../results.ts";
import { staleShareBound } from "../stale-bound.ts";
import { costPicture, throughputPicture } from "./bars.ts";
import { figureTable } from "./figure-table.ts";
import type { Gallery } from "./gallery.ts";
import { latencyPicture } from "./latency-ranges.ts";
import { isTheAdvised, tradeOffPicture } from "./trade-off.ts";

export function groupSection(group: CellGroup, advice: Advice | undefined, gallery: Gallery): HTMLElement {
  const pictures = [
    isCostly(group) ? costPicture(group) : throughputPicture(group),
    latencyPicture(group),
    tradeOffPicture(group, "reads", advice),
    tradeOffPicture(group, "writes", advice),
  ].filter((picture) => picture !== undefined);
  return element(
    "section",
    { id: groupId(group) },
    element("h2", {}, showWorkload(group.workload), element("small", {}, showLoad(group.load))),
    element("div", { class: "pictures" }, ...pictures.map((picture) => gallery.hang(picture))),
    freshnessOf(group),
    tableOf(group, advice, glanceColumns),
    tableOf(group, advice, furtherColumns),
  );
}

export function groupId(group: CellGroup): string {
  return groupKeyOf(group).replaceAll(/\W+/g, "-");
}

/** What it means that nothing was stale, where something could have been. */
function freshnessOf({ rows }: CellGroup): HTMLElement | undefined {
  const seen = rows
    .map(({ cell }) => cell.figures)
    .filter(({ writes, consistency }) => writes.count > 0 && consistency.reads > 0);
  if (seen.length === 0 || seen.some(({ consistency }) => consistency.stale > 0)) return undefined;
  const bound = Math.max(...seen.map(({ consistency }) => staleShareBound(consistency)));
  const words = `No read was stale under any setting, which shows, with 95 % confidence, that under ${showShare(bound)} are.`;
  return element("p", { class: "fresh" }, words);
}

/** In an open loop all do the same, and differ in what it takes them. */
function isCostly({ load, rows }: CellGroup): boolean {
  return load.kind === "open" && rows.every(({ cell }) => cell.figures.cpuSecondsPerMillion !== undefined);
}

function tableOf(group: CellGroup, advice: Advice | undefined, columns: readonly Column[]): HTMLElement {
  return figureTable(
    "setting",
    group.rows.map(({ name }) => name),
    knownColumns(columns, group).map(({ show, ...words }) => ({
      ...words,
      cells: group.rows.map(({ cell }) => show(cell)),
    })),
    new Set(group.rows.flatMap((row, at) => (isTheAdvised(row, advice) ? [at] : []))),
  );
}
