/**
 * What one seed is like: the cluster, the work, the weather. Everything is drawn here and printed before anything else, so that a
 * failing seed can be understood before it is replayed.
 */
import type { Random } from "../src/random.ts";
import type { ReadRepair } from "../src/options.ts";
import type { ClusterShape } from "./cluster.ts";
import type { DiskConditions } from "./disk.ts";
import { drawFaultMix, type FaultMix } from "./faults.ts";
import type { NetworkConditions } from "./network.ts";
import { describeTuning, drawTuning, neverMs } from "./tuning.ts";
import { drawTypedMix, type TypedMix } from "./typed-work.ts";

export interface Profile {
  readonly shape: ClusterShape;
  /** How long clients work and faults strike, in virtual time. */
  readonly safetyMs: number;
  /** How often a node looks at its clock while nobody waits for it. */
  readonly idleTickMs: number;
  readonly work: WorkMix;
  readonly network: NetworkConditions;
  readonly disk: DiskConditions;
  readonly faults: FaultMix;
}

export interface Bucket {
  readonly name: string;
  readonly n: number;
}

export interface WorkMix {
  readonly clients: number;
  readonly buckets: readonly Bucket[];
  /** Keys of each bucket that are in use at one time; after so long the work moves on to the next ones. */
  readonly keys: number;
  readonly keyLifeMs: number;
  /** Half of the calls go to so many of the keys; 0: all are alike. */
  readonly hotKeys: number;
  readonly thinkMeanMs: number;
  /** All clients work for a while and rest for a while. */
  readonly burst: { readonly busyMs: number; readonly idleMs: number } | undefined;
  readonly timeoutMs: number;
  /** Answers that requests ask for: drawn from these each time. */
  readonly r: readonly number[];
  readonly w: readonly number[];
  /** The least `dw` of all writes: what the fault atlas counts on. */
  readonly dwMin: number;
  /** Of the requests: with fewer replicas than the bucket has; that insist on primaries; that take stand-ins. */
  readonly narrow: number;
  readonly primary: number;
  readonly sloppy: number;
  /** Drawn from these each time. */
  readonly readRepair: readonly ReadRepair[];
  readonly puts: number;
  readonly deletes: number;
  /** Of the writes: with a context just read, with an old one, with none; the others leave it to the client's memory. */
  readonly fresh: number;
  readonly stale: number;
  readonly blind: number;
  readonly valueBytesMax: number;
  /** Work on replicated data types, beside the other; in some runs. */
  readonly typed: TypedMix | undefined;
  /** How often a client is thrown away after a call and another one takes its place. */
  readonly clientRestarts: number;
}

export function drawProfile(random: Random): Profile {
  const nodes = random.pick([1, 2, 3, 3, 3, 3, 4, 5, 5, 5, 6, 7, 8, 9]);
  const n = Math.min(nodes, random.pick([1, 2, 3, 3, 3, 3, 4, 5]));
  const buckets = drawBuckets(random, nodes, n);
  const isCollecting = random.chance(0.3);
  const work = drawWork(random, buckets, isCollecting);
  const faults = drawFaultMix(random, work.dwMin, isCollecting);
  const network = drawNetwork(random, faults, isCollecting);
  const disk = drawDisk(random, faults, isCollecting);
  const messageAgeMsMax = isCollecting ? ageOfMessages(work, network, disk, faults) : undefined;
  const tuning = drawTuning(random, { messageAgeMsMax });
  const options = {
    defaults: { n },
    buckets: Object.fromEntries(buckets.map((bucket) => [bucket.name, { n: bucket.n }])),
  };
  return {
    shape: { nodes, n, partitions: random.pick([1, 8, 16, 64]), options, tuning },
    safetyMs: random.between(5000, 30_000),
    idleTickMs: random.between(50, 100),
    work,
    network,
    disk,
    faults,
  };
}

/**
 * In some runs there are replicated data types too. An operation may be tried again for a little longer than a request may take, and no
 * longer than a tombstone stays: what recognises it goes with that.
 */
export function drawTypes(profile: Profile, random: Random): Profile {
  if (!random.chance(typedShare)) return profile;
  const { shape, work } = profile;
  const bucket = { name: "t", n: work.buckets[0]!.n };
  const retryWindowMs = Math.max(windowMsMin, Math.ceil(work.timeoutMs * random.pick([1.5, 3, 10])) + windowSlackMs);
  const typed = drawTypedMix(random, { bucket, dwMin: work.dwMin }, work.timeoutMs, retryWindowMs);
  const tombstoneAgeMs = Math.max(shape.tuning.tombstoneAgeMs, 1.1 * retryWindowMs);
  const buckets = { ...shape.options.buckets, t: { n: bucket.n } };
  return {
    ...profile,
    shape: {
      ...shape,
      options: { ...shape.options, buckets },
      tuning: { ...shape.tuning, retryWindowMs, tombstoneAgeMs },
    },
    work: { ...work, typed },
  };
}

const typedShare = 0.4;
/** Longer than the calls by which it is seen whether the healed cluster serves. */
const windowMsMin = 5100;
/** A try that nobody answered is given up a little after its time. */
const windowSlackMs = 100;

function drawBuckets(random: Random, nodes: number, n: number): Bucket[] {
  const first = { name: "b", n };
  return random.chance(0.7) ? [first] : [first, { name: "c", n: random.between(1, Math.min(nodes, 5)) }];
}

function drawWork(random: Random, buckets: readonly Bucket[], isCollecting: boolean): WorkMix {
  const n = Math.min(...buckets.map((bucket) => bucket.n));
  const w = drawCounts(random, n);
  const sometimes = [0, 0, 0.1, 0.5];
  const clients = random.pick([1, 2, 3, 4, 5, 6, 7, 8, 12, 20]);
  const keys = random.pick([1, 2, 3, 5, 10, 20, 50, 200]);
  const timeoutMs = random.pick(isCollecting ? [10, 300, 1000] : [10, 300, 1000, 1000, 2000, 5000]);
  // Where most calls end in doubt siblings pile up, and so would large values: beyond what this machine holds.
  const mayBeLarge = timeoutMs >= 1000 && keys <= 10;
  return {
    clients,
    buckets,
    keys,
    keyLifeMs: random.pick(isCollecting ? [1000, 3000, 10_000] : [3000, neverMs, neverMs]),
    hotKeys: random.pick([0, 0, 1, 2, 3]),
    // Many clients take turns.
    thinkMeanMs: random.pick([20, 50, 100, 300]) * Math.max(1, clients / 6),
    burst: random.chance(0.3) ? { busyMs: random.between(100, 3000), idleMs: random.between(100, 5000) } : undefined,
    timeoutMs,
    r: drawCounts(random, n),
    w,
    // The more disks must have a write, the more of them may be damaged.
    dwMin: random.chance(0.6) ? Math.min(...w) : random.between(1, Math.min(...w)),
    narrow: random.pick(sometimes),
    primary: random.pick(sometimes),
    sloppy: random.pick([0, 0.5, 1, 1]),
    readRepair: random.pick([["async"], ["off"], ["blocking"], ["async", "blocking", "off"]] as const),
    puts: 0.3 + random.fraction() * 0.3,
    deletes: isCollecting ? 0.1 + random.fraction() * 0.3 : random.fraction() * 0.15,
    fresh: random.fraction() * 0.5,
    stale: random.fraction() * 0.3,
    blind: random.fraction() * 0.15,
    valueBytesMax: random.pick(mayBeLarge ? [0, 10, 100, 1000, 1000, 10_000, 64_000] : [0, 10, 100, 1000]),
    clientRestarts: random.pick([0, 0, 0.02, 0.1]),
    typed: undefined,
  };
}

/** Mostly a quorum; sometimes each request has its own count. */
function drawCounts(random: Random, n: number): number[] {
  const quorum = Math.floor(n / 2) + 1;
  if (random.chance(0.5)) return [quorum];
  return random.chance(0.5) ? [random.between(1, n)] : Array.from({ length: n }, (_, at) => at + 1);
}

/**
 * What is said, or is being worked on, is not older than this when somebody acts on it. Exponential delays have no bound; fifteen
 * means are one for all that these runs will ever draw.
 */
function ageOfMessages(work: WorkMix, network: NetworkConditions, disk: DiskConditions, faults: FaultMix): number {
  const delayMs = network.delayMinMs + 15 * network.delayMeanMs;
  const syncMs = disk.syncMinMs + 15 * (disk.syncMeanMs + (disk.slowSyncs > 0 ? disk.slowSyncMs : 0));
  return Math.ceil(2 * (work.timeoutMs + faults.clogMsMax + 2 * faults.pauseMsMax + delayMs + syncMs));
}

function drawNetwork(random: Random, { kinds }: FaultMix, isCollecting: boolean): NetworkConditions {
  const share = (name: FaultMix["kinds"][number], most: number): number =>
    kinds.includes(name) ? random.fraction() * most : 0;
  return {
    delayMinMs: random.pick([0.1, 0.1, 1, 10]),
    delayMeanMs: random.pick(isCollecting ? [0.5, 2, 10] : [0.5, 0.5, 2, 10, 50, 100]),
    bytesPerMs: random.pick(isCollecting ? [Infinity] : [Infinity, Infinity, Infinity, 10_000, 1000]),
    loss: share("loss", random.pick([0.01, 0.1, 0.3])),
    duplication: share("duplication", 0.5),
    reorder: share("reorder", 0.3),
    truncation: share("truncation", 0.005),
    corruption: share("corruption", 0.005),
    silenceMinMs: 200,
    silenceMeanMs: random.pick([300, 1000, 3000]),
  };
}

function drawDisk(random: Random, { kinds }: FaultMix, isCollecting: boolean): DiskConditions {
  return {
    syncMinMs: random.pick([0.1, 1, 5]),
    syncMeanMs: random.pick([0.5, 2, 10]),
    slowSyncs: kinds.includes("slow sync") ? random.fraction() * 0.05 : 0,
    slowSyncMs: random.pick(isCollecting ? [50, 100] : [100, 1000, 3000]),
    lossAtCrash: random.pick([0.5, 0.8, 1]),
  };
}

export function describeProfile({ shape, work, faults, safetyMs, network, disk, idleTickMs }: Profile): string {
  const buckets = work.buckets.map(({ name, n }) => `${name} (n ${n})`).join(", ");
  return [
    `${shape.nodes} nodes, ${shape.partitions} partitions, buckets ${buckets}, ${safetyMs} ms, idle ticks ${idleTickMs} ms`,
    `${work.clients} clients, ${work.keys} keys, r ${work.r.join("|")}, w ${work.w.join("|")}, dw from ${work.dwMin}, timeout ${work.timeoutMs} ms`,
    `sloppy ${work.sloppy}, read repair ${work.readRepair.join("|")}, fewer replicas ${work.narrow}, primaries ${work.primary}`,
    `delay ${network.delayMinMs} + ~${network.delayMeanMs} ms, ${network.bytesPerMs} bytes/ms, sync ${disk.syncMinMs} + ~${disk.syncMeanMs} ms`,
    ...(work.typed === undefined ? [] : [describeTyped(work.typed)]),
    describeTuning(shape.tuning),
    `whims: ${faults.whims.join(", ") || "none"}`,
    `faults: ${faults.kinds.join(", ") || "none"}, each every ~${faults.paceMs} ms for ~${faults.lastsMs} ms; disks that may be damaged: ${faults.damagedNodesMax}${faults.leavesCore ? "; a core must do alone" : ""}`,
  ].join("; ");
}

function describeTyped({ bucket, share, types, keys, again, againMsMax, vanishes }: TypedMix): string {
  const tried = again === 0 ? "" : `, ${again} tried again within ${againMsMax} ms`;
  return `${share} of the calls on ${types.join("|")} in ${bucket.name} (n ${bucket.n}), ${keys} keys each${tried}, vanishes ${vanishes}`;
}

/** Nothing strikes, and nobody waits so briefly that a call may fail by chance. */
export function isFaultless({ faults, work, network, disk }: Profile): boolean {
  const delayMs = network.delayMinMs + network.delayMeanMs;
  const syncMs = disk.syncMinMs + disk.syncMeanMs;
  return faults.kinds.length === 0 && work.timeoutMs >= patience * (delayMs + syncMs);
}

/** A call is up to six messages and two syncs after each other, and each may take ten times as long as its mean. */
const patience = 60;

/** Whether the replicas become the same by themselves, whatever nobody reads. */
export function canConverge({ shape }: Profile): boolean {
  return shape.tuning.antiEntropyIntervalMs < neverMs;
}

/** How long that may take after the last fault, three times over: the rounds themselves, and all that they may have to wait for. */
export function convergenceMsMax({ shape, work, idleTickMs, safetyMs, faults, network }: Profile): number {
  const { antiEntropyIntervalMs, antiEntropyConfirmMs, scrubIntervalMs, probeIntervalMs, backgroundBytesPerSecond } =
    shape.tuning;
  const roundMs = Math.max(antiEntropyIntervalMs, idleTickMs) + 2 * antiEntropyConfirmMs;
  const typedKeys = (work.typed?.keys ?? 0) * (work.typed?.types.length ?? 0);
  const keys = (work.keys * work.buckets.length + typedKeys) * Math.ceil(Math.max(1, safetyMs / work.keyLifeMs));
  const bytes = keys * (work.valueBytesMax + 1000) * siblingsMax * shape.nodes;
  const waits = [
    2 * shape.nodes * roundMs,
    finite(2 * scrubIntervalMs),
    finite(10 * probeIntervalMs),
    work.timeoutMs,
    (bytes / backgroundBytesPerSecond) * 1000,
    bytes / network.bytesPerMs,
    faults.clockMsMax,
    requestMs,
  ];
  return slack * waits.reduce((sum, ms) => sum + ms, 0);
}

const slack = 3;
const siblingsMax = 8;
/** A recovery or the sending of a hint, and its pause. */
const requestMs = 6000;

function finite(ms: number): number {
  return ms < neverMs ? ms : 0;
}
