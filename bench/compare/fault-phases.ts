/** A fault run in three pieces: before the fault, while it lasts, and after. */
import { groupKeyOf } from "./cell-group.ts";
import type { FaultRun, Instant } from "./results.ts";
import { nameOf } from "./setting.ts";

export interface Phase {
  readonly name: "before" | "during" | "after";
  /** Mean over the pieces of the timeline. */
  readonly perSecond: number;
  /** Median of the pieces' medians; `undefined` if nothing succeeded. */
  readonly p50Ms: number | undefined;
  /** Of the worst piece. */
  readonly p99Ms: number | undefined;
  readonly failed: number;
  readonly unknown: number;
  readonly stale: number;
}

/** Phases that no piece of the timeline fell into are left out. */
export function phasesOf(run: FaultRun): Phase[] {
  const pieceMs = pieceMsOf(run.timeline);
  const phaseOf = ({ atMs }: Instant): Phase["name"] =>
    atMs + pieceMs <= run.faultFromMs ? "before" : atMs < run.faultToMs ? "during" : "after";
  return (["before", "during", "after"] as const).flatMap((name) => {
    const pieces = run.timeline.filter((piece) => phaseOf(piece) === name);
    return pieces.length === 0 ? [] : [{ name, ...summaryOf(pieces) }];
  });
}

/** `A node is killed and returns: n3 r2 w2, A, open loop, 5,000 requests/s` */
export function showFaultRun({ fault, setting, workload, perSecond }: FaultRun): string {
  return `${showFault(fault)}: ${nameOf(setting)}, ${groupKeyOf({ workload, load: { kind: "open", perSecond } })}`;
}

function showFault(fault: FaultRun["fault"]): string {
  switch (fault) {
    case "kill":
      return "A node is killed and returns";
    case "slow-link":
      return "The links of one node are slow";
  }
}

/** Pieces are equally long, but for a last one that may be cut short. */
export function pieceMsOf(timeline: readonly Instant[]): number {
  const [first, second] = timeline;
  return first === undefined || second === undefined ? 0 : second.atMs - first.atMs;
}

function summaryOf(pieces: readonly Instant[]): Omit<Phase, "name"> {
  const total = (field: "perSecond" | "failed" | "unknown" | "stale"): number =>
    pieces.reduce((sum, piece) => sum + piece[field], 0);
  // Where nothing succeeded there is no latency.
  const medians = pieces
    .map(({ p50Ms }) => p50Ms)
    .filter((ms) => ms > 0)
    .sort((a, b) => a - b);
  return {
    perSecond: total("perSecond") / pieces.length,
    p50Ms: medians[medians.length >> 1],
    p99Ms: medians.length === 0 ? undefined : Math.max(...pieces.map(({ p99Ms }) => p99Ms)),
    failed: total("failed"),
    unknown: total("unknown"),
    stale: total("stale"),
  };
}
