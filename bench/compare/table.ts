/** The results for a terminal: what a choice is made by, for each workload and load; then faults, staleness, promises and advice. */
import { showMachine, showMoment, showPlan } from "./about.ts";
import { showAmount, showCount } from "./amounts.ts";
import { groupCells, showLoad, showWorkload, type CellGroup } from "./cell-group.ts";
import { furtherColumns, glanceColumns, knownColumns, type Column } from "./columns.ts";
import { phasesOf, showFaultRun, type Phase } from "./fault-phases.ts";
import { guaranteesOf } from "./guarantees.ts";
import type { FaultRun, Results } from "./results.ts";
import { stalenessTables } from "./staleness-table.ts";
import { layOutColumns, paragraph, type TextColumn } from "./text-table.ts";

/** @returns lines of at most 100 characters, where names allow it */
export function renderTable(results: Results): string {
  const sections = [
    headingOf(results),
    ...groupCells(results.cells).flatMap(groupSections),
    ...results.faults.map(faultSection),
    ...stalenessSections(results),
    ...guaranteeSections(results),
    ...adviceSections(results),
  ];
  return `${sections.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function headingOf(results: Results): string[] {
  const facts = [`coterie bench · ${showMoment(results)}`, showMachine(results.machine), showPlan(results.plan)];
  return facts.flatMap((fact) => paragraph(fact));
}

function groupSections(group: CellGroup): string[][] {
  const names = { over: "", heading: "setting", cells: group.rows.map(({ name }) => name) };
  const [glance = [], ...more] = [glanceColumns, furtherColumns].flatMap((columns) =>
    layOutColumns(names, textColumns(columns, group)),
  );
  return [[`${showWorkload(group.workload)} · ${showLoad(group.load)}`, ...glance], ...more];
}

function textColumns(columns: readonly Column[], group: CellGroup): TextColumn[] {
  return knownColumns(columns, group).map(({ over, heading, show }) => ({
    over,
    heading,
    cells: group.rows.map(({ cell }) => show(cell)),
  }));
}

function faultSection(run: FaultRun): string[] {
  const phases = phasesOf(run);
  const column = (over: string, heading: string, show: (phase: Phase) => string): TextColumn => ({
    over,
    heading,
    cells: phases.map(show),
  });
  const names = column("", "the fault", ({ name }) => name);
  const tables = layOutColumns(names, [
    column("requests", "per s", ({ perSecond }) => showCount(perSecond)),
    column("requests", "p50 ms", ({ p50Ms }) => showAmount(p50Ms)),
    column("requests", "worst p99 ms", ({ p99Ms }) => showAmount(p99Ms)),
    column("not done", "failed", ({ failed }) => showCount(failed)),
    column("not done", "unknown", ({ unknown }) => showCount(unknown)),
    column("reads", "stale", ({ stale }) => showCount(stale)),
  ]);
  return [...paragraph(showFaultRun(run)), ...tables.flat()];
}

function stalenessSections({ staleness }: Results): string[][] {
  if (staleness.length === 0) return [];
  const [first = [], ...more] = stalenessTables(staleness);
  return [["How soon reads see a write, measured and predicted (PBS)", ...first], ...more];
}

function guaranteeSections({ cells }: Results): string[][] {
  const guarantees = guaranteesOf(cells);
  if (guarantees.length === 0) return [];
  const lines = guarantees.flatMap(({ names, sentence }) => paragraph(`${names.join("; ")}: ${sentence}`, "  "));
  return [["What was promised", ...lines]];
}

function adviceSections({ advice }: Results): string[][] {
  return advice === undefined ? [] : [["Advice", ...paragraph(advice.sentence)]];
}
