/**
 * A setting that was measured, over all its workloads: what it costs, and the worst that it showed. The worst counts, for a limit is to
 * be kept in every workload.
 */
import { groupKeyOf } from "./cell-group.ts";
import type { Cell } from "./results.ts";
import { nameOf, type Setting } from "./setting.ts";

export interface Candidate {
  readonly setting: Setting;
  readonly name: string;
  /** That it is judged by. */
  readonly cells: readonly Cell[];
  /** Seconds of processor time for a million requests, on average over the workloads that all candidates ran; `undefined` if unknown. */
  readonly cpuSeconds: number | undefined;
  /** The higher 99th percentile of reads and writes, and where; infinite where nothing succeeded. */
  readonly slowest: Worst;
  /** The highest share of stale reads, and where; `undefined` if there were no reads. */
  readonly stalest: (Worst & { readonly stale: number; readonly reads: number }) | undefined;
  readonly lostUpdates: number;
  /** Failed or unknown. */
  readonly notDone: number;
}

export interface Worst {
  readonly value: number;
  readonly cell: Cell;
}

/**
 * Of Coterie, in open loops if there are any: there a latency is what a user would wait. The cheapest first: by processor time if it is
 * known of all, then by latency.
 */
export function candidatesOf(cells: readonly Cell[]): Candidate[] {
  const own = cells.filter(({ system }) => system === "coterie");
  const open = own.filter(({ load }) => load.kind === "open");
  const judged = open.length > 0 ? open : own;
  const bySetting = [...new Set(judged.map(({ setting }) => nameOf(setting)))].map((name) =>
    judged.filter(({ setting }) => nameOf(setting) === name),
  );
  const shared = [...new Set(judged.map(groupKeyOf))].filter((key) =>
    bySetting.every((members) => members.some((cell) => groupKeyOf(cell) === key)),
  );
  const candidates = bySetting.map((members) => candidateOf(members, shared));
  const isCpuKnown = candidates.every(({ cpuSeconds }) => cpuSeconds !== undefined);
  return candidates.sort(
    (a, b) => (isCpuKnown ? a.cpuSeconds! - b.cpuSeconds! : 0) || a.slowest.value - b.slowest.value,
  );
}

/** @param shared groups that every candidate has a cell in: only there can costs be compared */
function candidateOf(cells: readonly Cell[], shared: readonly string[]): Candidate {
  const { setting } = cells[0]!;
  const alike = shared.length > 0 ? cells.filter((cell) => shared.includes(groupKeyOf(cell))) : cells;
  const sum = (amountOf: (cell: Cell) => number): number => cells.reduce((total, cell) => total + amountOf(cell), 0);
  return {
    setting,
    name: nameOf(setting),
    cells,
    cpuSeconds: meanOf(alike.map(({ figures }) => figures.cpuSecondsPerMillion)),
    slowest: cells.map((cell) => ({ value: p99MsOf(cell), cell })).sort((a, b) => b.value - a.value)[0]!,
    stalest: stalestOf(cells),
    lostUpdates: sum(({ figures }) => figures.consistency.lostUpdates),
    notDone: sum(({ figures }) => figures.failed + figures.unknown),
  };
}

/** Where several have the same share, as none at all, the one with the fewest reads shows the least. */
function stalestOf(cells: readonly Cell[]): Candidate["stalest"] {
  const seen = cells.flatMap((cell) => {
    const { reads, stale, staleShare } = cell.figures.consistency;
    return reads === 0 ? [] : [{ value: staleShare, cell, stale, reads }];
  });
  return seen.sort((a, b) => b.value - a.value || a.reads - b.reads)[0];
}

/** A cell in which nothing succeeded is slower than any other. */
function p99MsOf({ figures: { reads, writes } }: Cell): number {
  if (reads.count + writes.count === 0) return Infinity;
  return Math.max(reads.count > 0 ? reads.p99Ms : 0, writes.count > 0 ? writes.p99Ms : 0);
}

function meanOf(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length < values.length ? undefined : known.reduce((sum, value) => sum + value, 0) / known.length;
}
