/**
 * What clients do, and to which keys: the core workloads of YCSB by their letters, puts or gets alone, and two that are about what a
 * store of this kind is for: values that stand side by side, and counters.
 */
import type { WorkloadName } from "./results.ts";

/** A `blind` put has seen nothing of what it stands beside. */
export type Action = "get" | "put" | "insert" | "read-modify-write" | "blind" | "increment" | "count";

export interface Workload {
  /** Their chances add up to 1. */
  readonly actions: readonly { readonly action: Action; readonly chance: number }[];
  readonly keys: "zipfian" | "latest" | "uniform";
  /** Where few keys are the point: more records than that are left alone. */
  readonly keysMax?: number;
}

export const workloads: Readonly<Record<WorkloadName, Workload>> = {
  A: { actions: mix({ get: 0.5, put: 0.5 }), keys: "zipfian" },
  B: { actions: mix({ get: 0.95, put: 0.05 }), keys: "zipfian" },
  C: { actions: mix({ get: 1 }), keys: "zipfian" },
  D: { actions: mix({ get: 0.95, insert: 0.05 }), keys: "latest" },
  F: { actions: mix({ get: 0.5, "read-modify-write": 0.5 }), keys: "zipfian" },
  put: { actions: mix({ put: 1 }), keys: "uniform" },
  get: { actions: mix({ get: 1 }), keys: "uniform" },
  siblings: { actions: mix({ get: 0.4, blind: 0.4, "read-modify-write": 0.2 }), keys: "uniform", keysMax: 256 },
  counter: { actions: mix({ increment: 0.5, count: 0.5 }), keys: "uniform", keysMax: 1024 },
};

/** How many keys there are before any is inserted. */
export function keysOf({ keysMax = Infinity }: Workload, records: number): number {
  return Math.min(records, keysMax);
}

/** Apart from the others' data: counters are no values, and piled up siblings would meet later workloads. */
export function bucketOf(workload: WorkloadName, bucket: string): string {
  return workload === "counter" || workload === "siblings" ? `${bucket}-${workload}` : bucket;
}

function mix(chances: Partial<Record<Action, number>>): Workload["actions"] {
  return Object.entries(chances).map(([action, chance]) => ({ action: action as Action, chance }));
}
