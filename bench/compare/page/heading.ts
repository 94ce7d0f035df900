/** What was measured, when and where; the advice; and where what is to be found. */
import { element, type Child } from "../../../sim/page/element.ts";
import { showCount } from "../amounts.ts";
import { showMachine, showMoment, showPlan } from "../about.ts";
import { groupCells } from "../cell-group.ts";
import type { LoadKind, Results } from "../results.ts";
import { nameOf, type Setting } from "../setting.ts";
import { groupId } from "./group-section.ts";

export function headingOf(results: Results): HTMLElement {
  return element(
    "header",
    {},
    element(
      "div",
      { class: "title" },
      element("h1", {}, "coterie bench"),
      element("span", { class: "facts" }, showMoment(results)),
    ),
    element("p", { class: "facts machine" }, showMachine(results.machine)),
    element("p", { class: "facts plan" }, showPlan(results.plan)),
    adviceOf(results),
    contentsOf(results),
  );
}

function adviceOf({ advice }: Results): HTMLElement | undefined {
  if (advice === undefined) return undefined;
  const hasLimits = advice.maxStaleShare !== undefined || advice.p99Ms !== undefined;
  const isUnmet = hasLimits && advice.setting === undefined;
  return element(
    "p",
    { class: `advice${isUnmet ? " unmet" : ""}` },
    ...withStrongName(together(advice.sentence), advice.setting),
  );
}

function withStrongName(sentence: string, setting: Setting | undefined): Child[] {
  const name = setting === undefined ? "" : nameOf(setting);
  const at = name === "" ? -1 : sentence.indexOf(name);
  if (at < 0) return [sentence];
  return [sentence.slice(0, at), element("strong", {}, name), sentence.slice(at + name.length)];
}

/** No line ends between a figure and its unit. */
function together(sentence: string): string {
  return sentence.replaceAll(/(?<=\d) (?=%|ms\b|CPU\b)/g, "\u00a0");
}

function contentsOf({ cells, staleness, faults }: Results): HTMLElement {
  const groups = groupCells(cells).map((group): [string, string] => [
    groupId(group),
    `${group.workload} ${showBriefly(group.load)}`,
  ]);
  const others: [string, string, boolean][] = [
    ["staleness", "Staleness", staleness.length > 0],
    ["faults", "Faults", faults.length > 0],
    ["promises", "What was promised", cells.length > 0],
  ];
  const links = [
    ...groups,
    ...others.flatMap(([id, text, isThere]): [string, string][] => (isThere ? [[id, text]] : [])),
  ];
  return element("nav", {}, ...links.map(([id, text]) => element("a", { href: `#${id}` }, text)));
}

function showBriefly(load: LoadKind): string {
  return load.kind === "closed" ? `closed ${showCount(load.inFlight)}` : `open ${showCount(load.perSecond)}/s`;
}
