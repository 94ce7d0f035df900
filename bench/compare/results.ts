/**
 * What a comparison has found: plain data, the same in memory, as JSON and in the page. Times in milliseconds, shares from 0 to 1.
 * `undefined` stands for what cannot be known, and is left out of the JSON.
 */
import type { Setting } from "./setting.ts";
import type { SystemName } from "./system.ts";

export interface Results {
  readonly format: 1;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly tookMs: number;
  readonly machine: Machine;
  readonly plan: Plan;
  readonly cells: readonly Cell[];
  readonly faults: readonly FaultRun[];
  readonly staleness: readonly StalenessCurve[];
  readonly advice: Advice | undefined;
}

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly system: string;
  readonly node: string;
  readonly coterie: string;
}

/** What was asked for. */
export interface Plan {
  readonly clients: number;
  readonly records: number;
  readonly valueBytes: number;
  readonly rounds: number;
  readonly durationMs: number;
  /** Delay that was put on all links between nodes, by name of its law; `undefined`: none. */
  readonly injected: string | undefined;
}

export type WorkloadName = "A" | "B" | "C" | "D" | "F" | "put" | "get" | "siblings" | "counter";

export type LoadKind =
  | { readonly kind: "closed"; readonly inFlight: number }
  | { readonly kind: "open"; readonly perSecond: number };

/** One system, setting, workload and load: what stands in one line of the table. */
export interface Cell {
  readonly system: SystemName;
  readonly guarantee: string;
  readonly setting: Setting;
  readonly workload: WorkloadName;
  readonly load: LoadKind;
  /** Of all rounds: rates and costs are medians of the rounds', latencies those of all rounds' requests together, counts are sums. */
  readonly figures: Figures;
  /** Median over the rounds of this rate divided by the floor's in the same round; where the floor was measured. */
  readonly ofFloor: number | undefined;
  /** In the order in which they ran. */
  readonly rounds: readonly Figures[];
}

export interface Figures {
  /** Requests that succeeded; a read-modify-write counts as one. */
  readonly perSecond: number;
  readonly reads: Latency;
  readonly writes: Latency;
  readonly consistency: Consistency;
  /** It is certain that they did not happen. */
  readonly failed: number;
  /** They may have happened. */
  readonly unknown: number;
  readonly bytesPerRequest: number | undefined;
  readonly messagesPerRequest: number | undefined;
  readonly cpuSecondsPerMillion: number | undefined;
}

/** From the moment at which a request was to start, which in an open loop is not the one at which it did. */
export interface Latency {
  readonly count: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

export interface Consistency {
  /** Reads that succeeded and of which it can be told. */
  readonly reads: number;
  /** Those that missed a write which had been acknowledged when they began, and which was not lost. */
  readonly stale: number;
  readonly staleShare: number;
  /** Of stale reads: how many acknowledged writes they missed. */
  readonly versionsBehind: Spread | undefined;
  /** Of stale reads: for how long the oldest write that they missed had been acknowledged. */
  readonly msBehind: Spread | undefined;
  /** Acknowledged writes that in the end are neither there nor replaced by one that had seen them. */
  readonly lostUpdates: number;
  readonly siblingsPerRead: number;
  readonly siblingsMax: number;
}

export interface Spread {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** A node is killed and returns, or a link is slow, under a steady open load. */
export interface FaultRun {
  readonly fault: "kill" | "slow-link";
  readonly setting: Setting;
  readonly workload: WorkloadName;
  readonly perSecond: number;
  /** From the start of the run; when the fault begins and ends. */
  readonly faultFromMs: number;
  readonly faultToMs: number;
  readonly whole: Figures;
  readonly during: Figures;
  readonly timeline: readonly Instant[];
}

/** One piece of a timeline. */
export interface Instant {
  /** Its begin, from the start of the run. */
  readonly atMs: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failed: number;
  readonly unknown: number;
  readonly stale: number;
}

/** How probable it is that a read which begins so long after a write's acknowledgement sees the write. */
export interface StalenessCurve {
  readonly setting: Setting;
  readonly atMs: readonly number[];
  /** `undefined` where too few reads fell. */
  readonly measured: readonly (number | undefined)[];
  readonly predicted: readonly number[];
  /** Root mean square of measured minus predicted, over the points that have both; in shares. */
  readonly rmsError: number | undefined;
  /** How probable it is that a read misses the latest k versions, k from 1 on. */
  readonly kStaleness: readonly { readonly k: number; readonly measured: number; readonly predicted: number }[];
  /** Time after which a read sees the write with a probability of 99.9 %. */
  readonly visibleAfterMs: { readonly measured: number | undefined; readonly predicted: number };
}

/** The cheapest setting that keeps what was asked for. */
export interface Advice {
  readonly maxStaleShare: number | undefined;
  readonly p99Ms: number | undefined;
  readonly setting: Setting | undefined;
  /** For people: which setting, why, and what the next cheaper one would have cost. */
  readonly sentence: string;
}
