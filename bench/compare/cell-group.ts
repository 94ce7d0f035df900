/** Cells that can be compared: those of one workload and load. And what workloads, loads and their competitors are called. */
import type { Cell, LoadKind, WorkloadName } from "./results.ts";
import { showCount } from "./amounts.ts";
import { nameOf } from "./setting.ts";

export interface CellGroup {
  readonly workload: WorkloadName;
  readonly load: LoadKind;
  readonly rows: readonly Row[];
}

export interface Row {
  /** Short, and not that of another row of the group. */
  readonly name: string;
  readonly cell: Cell;
}

/** What stands behind the letters; YCSB's, and ours. */
const descriptions: Readonly<Record<WorkloadName, string>> = {
  A: "half reads, half updates",
  B: "95 % reads, 5 % updates",
  C: "reads only",
  D: "reads of what is new, 5 % inserts",
  F: "half reads, half read-modify-writes",
  put: "puts only",
  get: "gets only",
  siblings: "reads and blind puts, on few keys",
  counter: "half increments of counters, half reads",
};

/** In the order in which they first appear. */
export function groupCells(cells: readonly Cell[]): CellGroup[] {
  return [...new Set(cells.map(groupKeyOf))].map((key) => {
    const members = cells.filter((cell) => groupKeyOf(cell) === key);
    const { workload, load } = members[0]!;
    return { workload, load, rows: members.map((cell) => ({ name: rowName(cell, members), cell })) };
  });
}

/** Equal for cells that can be compared. */
export function groupKeyOf({ workload, load }: Pick<Cell, "workload" | "load">): string {
  return `${workload}, ${showLoad(load)}`;
}

/** `A: half reads, half updates` */
export function showWorkload(workload: WorkloadName): string {
  return `${workload}: ${descriptions[workload]}`;
}

export function showLoad(load: LoadKind): string {
  return load.kind === "closed"
    ? `closed loop, ${showCount(load.inFlight)} in flight`
    : `open loop, ${showCount(load.perSecond)} requests/s`;
}

/** Settings speak for themselves, other systems have names; where one stands there with several settings, it has both. */
function rowName({ system, setting }: Cell, members: readonly Cell[]): string {
  if (system === "coterie") return nameOf(setting);
  return members.filter((one) => one.system === system).length > 1 ? `${system} ${nameOf(setting)}` : system;
}
