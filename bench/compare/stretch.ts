/** The figures of a part of a run by itself: of requests that were due in it, whenever they were answered; the rate of what was answered. */
import type { Judgement } from "./consistency.ts";
import type { LoadFigures } from "./figures.ts";
import { Distribution } from "./histogram.ts";
import { outcomeOf, type Observations, type Rows } from "./observations.ts";
import { pieceMs, type Window } from "./recorder.ts";

/** A part of the measured time, from its begin. */
export interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

interface Sums {
  succeeded: number;
  failed: number;
  unknown: number;
}

/** On the clock of the observations. */
export function windowOf({ fromMs, toMs }: Stretch, whole: Window): Window {
  return { fromMs: whole.fromMs + fromMs, toMs: whole.fromMs + toMs };
}

/** @param unsent for each process, by piece of the whole */
export function stretchFigures(
  observations: readonly Observations[],
  { consistency }: Judgement,
  unsent: readonly Uint32Array[],
  stretch: Stretch,
  whole: Window,
): LoadFigures {
  const window = windowOf(stretch, whole);
  const sums: Sums = { succeeded: 0, failed: unsentIn(unsent, stretch), unknown: 0 };
  const reads = Distribution.empty();
  const writes = Distribution.empty();
  for (const each of observations) {
    addRows(each.reads, each.reads.dueMs, window, reads, sums);
    addRows(each.writes, each.writes.partDueMs, window, writes, sums);
  }
  return {
    perSecond: (sums.succeeded * 1000) / (stretch.toMs - stretch.fromMs),
    reads: reads.latency(),
    writes: writes.latency(),
    consistency,
    failed: sums.failed,
    unknown: sums.unknown,
  };
}

/** @param partDueMs from when a latency counts, by row */
function addRows(
  rows: Rows,
  partDueMs: Float64Array,
  { fromMs, toMs }: Window,
  latencies: Distribution,
  sums: Sums,
): void {
  for (let row = 0; row < rows.count; row++) {
    const [dueMs, endMs] = [rows.dueMs[row]!, rows.endMs[row]!];
    const isWhole = rows.isWhole[row] === 1;
    const outcome = outcomeOf(rows, row);
    if (isWhole && outcome === "ok" && endMs >= fromMs && endMs < toMs) sums.succeeded++;
    if (dueMs < fromMs || dueMs >= toMs) continue;
    if (outcome === "ok") latencies.add((endMs - partDueMs[row]!) * 1000);
    else if (isWhole) sums[outcome]++;
  }
}

/** Of the pieces that begin in it. */
function unsentIn(unsent: readonly Uint32Array[], { fromMs, toMs }: Stretch): number {
  let sum = 0;
  for (const pieces of unsent)
    for (const [at, count] of pieces.entries()) if (at * pieceMs >= fromMs && at * pieceMs < toMs) sum += count;
  return sum;
}
