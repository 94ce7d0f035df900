/** The figures of several rounds as those of one. */
import { Distribution } from "./histogram.ts";
import type { Measured } from "./clients.ts";
import type { Consistency, Figures } from "./results.ts";

/** What clients can tell; costs are for the caller to add. */
export type LoadFigures = Omit<Figures, "bytesPerRequest" | "messagesPerRequest" | "cpuSecondsPerMillion">;

/** Rates are medians of the rounds', latencies and spreads those of all rounds' requests together, counts are sums. */
export function mergeFigures(rounds: readonly Measured[]): LoadFigures {
  const figures = rounds.map((round) => round.figures);
  return {
    perSecond: medianOf(figures.map(({ perSecond }) => perSecond)),
    reads: Distribution.merge(rounds.map(({ readHistogram }) => readHistogram)).latency(),
    writes: Distribution.merge(rounds.map(({ writeHistogram }) => writeHistogram)).latency(),
    consistency: mergeConsistency(rounds),
    failed: sumOf(figures.map(({ failed }) => failed)),
    unknown: sumOf(figures.map(({ unknown }) => unknown)),
  };
}

/** @param values at least one */
export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function mergeConsistency(rounds: readonly Measured[]): Consistency {
  const all = rounds.map(({ figures }) => figures.consistency);
  const reads = sumOf(all.map((each) => each.reads));
  const stale = sumOf(all.map((each) => each.stale));
  const siblings = sumOf(all.map((each) => each.siblingsPerRead * each.reads));
  return {
    reads,
    stale,
    staleShare: reads === 0 ? 0 : stale / reads,
    versionsBehind: Distribution.merge(rounds.map(({ versionsHistogram }) => versionsHistogram)).spread(1),
    msBehind: Distribution.merge(rounds.map(({ behindHistogram }) => behindHistogram)).spread(1000),
    lostUpdates: sumOf(all.map((each) => each.lostUpdates)),
    siblingsPerRead: reads === 0 ? 0 : siblings / reads,
    siblingsMax: Math.max(0, ...all.map((each) => each.siblingsMax)),
  };
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0);
}
