/**
 * What one seed is like: the cluster, the work, the weather. Everything is drawn here and printed before anything else, so that a
 * failing seed can be understood before it is replayed.
 */
import type { Random } from "../src/random.ts";
import type { ClusterShape } from "./cluster.ts";
import type { DiskConditions } from "./disk.ts";
import { drawFaultMix, type FaultMix } from "./faults.ts";
import type { NetworkConditions } from "./network.ts";

export interface Profile {
  readonly shape: ClusterShape;
  /** How long clients work and faults strike, in virtual time. */
  readonly safetyMs: number;
  readonly work: WorkMix;
  readonly network: NetworkConditions;
  readonly disk: DiskConditions;
  readonly faults: FaultMix;
}

export interface WorkMix {
  readonly clients: number;
  readonly keys: number;
  readonly thinkMeanMs: number;
  readonly timeoutMs: number;
  /** Answers that requests ask for: drawn from these each time. */
  readonly r: readonly number[];
  readonly w: readonly number[];
  /** The least `dw` of all writes: what the fault atlas counts on. */
  readonly dwMin: number;
  readonly puts: number;
  readonly deletes: number;
  /** Of the writes: with a context just read, with an old one, with none; the others leave it to the client's memory. */
  readonly fresh: number;
  readonly stale: number;
  readonly blind: number;
  readonly valueBytesMax: number;
  /** How often a client is thrown away after a call and another one takes its place. */
  readonly clientRestarts: number;
}

const bucket = "b";

export function drawProfile(random: Random): Profile {
  const nodes = random.pick([1, 2, 3, 3, 3, 4, 5, 5, 5, 6, 7]);
  const n = Math.min(nodes, random.pick([1, 2, 3, 3, 3, 3, 4, 5]));
  const work = drawWork(random, n);
  const faults = drawFaultMix(random, work.dwMin);
  return {
    shape: { nodes, n, partitions: random.pick([1, 8, 16, 64]), options: { defaults: { n }, buckets: {} } },
    safetyMs: random.between(5000, 30_000),
    work,
    network: drawNetwork(random, faults),
    disk: drawDisk(random, faults),
    faults,
  };
}

/** The name under which the workload's keys are known everywhere. */
export function keyName(key: number): string {
  return `${bucket}/k${key}`;
}

export const workBucket: string = bucket;

function drawWork(random: Random, n: number): WorkMix {
  const w = drawCounts(random, n);
  return {
    clients: random.between(1, 8),
    keys: random.pick([1, 2, 3, 5, 10, 20]),
    thinkMeanMs: random.pick([20, 50, 100, 300]),
    timeoutMs: random.pick([300, 1000, 2000, 5000]),
    r: drawCounts(random, n),
    w,
    dwMin: random.between(1, Math.min(...w)),
    puts: 0.3 + random.fraction() * 0.3,
    deletes: random.fraction() * 0.15,
    fresh: random.fraction() * 0.5,
    stale: random.fraction() * 0.3,
    blind: random.fraction() * 0.15,
    valueBytesMax: random.pick([0, 10, 100, 1000, 10_000]),
    clientRestarts: random.pick([0, 0, 0.02, 0.1]),
  };
}

/** Mostly a quorum; sometimes each request has its own count. */
function drawCounts(random: Random, n: number): number[] {
  const quorum = Math.floor(n / 2) + 1;
  if (random.chance(0.5)) return [quorum];
  return random.chance(0.5) ? [random.between(1, n)] : Array.from({ length: n }, (_, at) => at + 1);
}

function drawNetwork(random: Random, { kinds }: FaultMix): NetworkConditions {
  const share = (name: FaultMix["kinds"][number], most: number): number =>
    kinds.includes(name) ? random.fraction() * most : 0;
  return {
    delayMinMs: random.pick([0.1, 0.1, 1, 10]),
    delayMeanMs: random.pick([0.5, 0.5, 2, 10, 50]),
    loss: share("loss", 0.1),
    duplication: share("duplication", 0.2),
    reorder: share("reorder", 0.3),
    truncation: share("truncation", 0.005),
    silenceMinMs: 200,
    silenceMeanMs: random.pick([300, 1000, 3000]),
  };
}

function drawDisk(random: Random, { kinds }: FaultMix): DiskConditions {
  return {
    syncMinMs: random.pick([0.1, 1, 5]),
    syncMeanMs: random.pick([0.5, 2, 10]),
    slowSyncs: kinds.includes("slow sync") ? random.fraction() * 0.05 : 0,
    slowSyncMs: random.pick([100, 1000, 3000]),
    lossAtCrash: random.pick([0.5, 0.8, 1]),
  };
}

/** From the heal on: nothing strikes any more. */
export function calm(profile: Profile): void {
  Object.assign(profile.network, { loss: 0, duplication: 0, reorder: 0, truncation: 0 });
  Object.assign(profile.disk, { slowSyncs: 0 });
}

export function describeProfile({ shape, work, faults, safetyMs, network, disk }: Profile): string {
  return [
    `${shape.nodes} nodes, n ${shape.n}, ${shape.partitions} partitions, ${safetyMs} ms`,
    `${work.clients} clients, ${work.keys} keys, r ${work.r.join("|")}, w ${work.w.join("|")}, dw from ${work.dwMin}, timeout ${work.timeoutMs} ms`,
    `delay ${network.delayMinMs} + ~${network.delayMeanMs} ms, sync ${disk.syncMinMs} + ~${disk.syncMeanMs} ms`,
    `faults: ${faults.kinds.join(", ") || "none"}; disks that may be damaged: ${faults.damagedNodesMax}`,
  ].join("; ");
}
