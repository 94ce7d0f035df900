/** What a story is played in. Everything that it does not choose is calm, quick and small. */
import type { ClusterOptions } from "../src/options.ts";
import type { Merges } from "../node/merges.ts";
import { defaultTuning, type Tuning } from "../node/tuning.ts";
import type { DiskConditions } from "./disk.ts";
import type { NetworkConditions } from "./network.ts";
import type { Profile } from "./profile.ts";
import type { Whim } from "../node/whims.ts";
import type { Recording } from "./recording.ts";
import { neverMs } from "./tuning.ts";
import type { CreateMachine } from "./world.ts";

export interface Setting {
  /** Whose dice the rest is drawn with: the order of things of one moment, and delays. Default 1. */
  readonly seed?: number | undefined;
  /** Default 3. */
  readonly nodes?: number | undefined;
  /** Replicas of each key. Default 3, or as many as there are nodes. */
  readonly n?: number | undefined;
  /** Default 2: c1 and c2. */
  readonly clients?: number | undefined;
  /** Default 1: n1, n2 and n3 are the primaries of every key. */
  readonly partitions?: number | undefined;
  /** Of the cluster, beside n: what holds for all buckets, and for single ones. */
  readonly options?: Partial<ClusterOptions> | undefined;
  /** What the nodes make one value of siblings with; the story's reads then ask for it. Default: none. */
  readonly merges?: Merges | undefined;
  /** Paces of the background. Default: quick enough to be waited for. */
  readonly tuning?: Partial<Tuning> | undefined;
  readonly network?: Partial<NetworkConditions> | undefined;
  readonly disk?: Partial<DiskConditions> | undefined;
  readonly idleTickMs?: number | undefined;
  /** Until when clients may begin calls, in ms of the run. Default: for ever. */
  readonly safetyMs?: number | undefined;
  /** After the story some nodes must do without the others. Default: no. */
  readonly leavesCore?: boolean | undefined;
  /** Rare but legal choices that nodes make often. Default: none. */
  readonly whims?: readonly Whim[] | undefined;
  /** The nodes know each other before the story begins, and no disk is fresh. Default: yes. */
  readonly isWarm?: boolean | undefined;
  /** Is given every line of the run as it happens: for people. */
  readonly trace?: ((line: string) => void) | undefined;
  /** Is given the run as data: for looking at it afterwards. */
  readonly recording?: Recording | undefined;
  /** What to run instead of the shipped node: broken on purpose. */
  readonly createMachine?: CreateMachine | undefined;
}

/** Frames take a moment, and nothing happens to them. */
export const calmNetwork: Readonly<NetworkConditions> = {
  delayMinMs: 1,
  delayMeanMs: 1,
  bytesPerMs: Infinity,
  loss: 0,
  duplication: 0,
  reorder: 0,
  truncation: 0,
  corruption: 0,
  silenceMinMs: 500,
  silenceMeanMs: 500,
};

/** Syncs take a moment; what was not synced is lost with its process. */
export const calmDisk: Readonly<DiskConditions> = {
  syncMinMs: 1,
  syncMeanMs: 1,
  slowSyncs: 0,
  slowSyncMs: 0,
  lossAtCrash: 1,
};

/** Everything that mends, at a pace that a story can wait for. */
export const brisk: Readonly<Tuning> = {
  ...defaultTuning,
  antiEntropyIntervalMs: 500,
  antiEntropyConfirmMs: 50,
  scrubIntervalMs: 2000,
  tombstoneAgeMs: 1000,
  messageLifetimeMs: 2000,
  hintAgeMsMax: 3_600_000,
};

/** How far a story may set a clock off: for so long the run waits for it in the end. */
export const storyClockMsMax = 60_000;

/** No work is drawn, and no faults. */
export function profileOf(setting: Setting): Profile {
  const { nodes = 3, clients = 2, partitions = 1, safetyMs = neverMs, idleTickMs = 50, leavesCore = false } = setting;
  const { defaults, buckets = {} } = setting.options ?? {};
  const n = setting.n ?? defaults?.n ?? Math.min(3, nodes);
  if (n > nodes) throw new Error(`n is ${n}, and there are only ${nodes} nodes`);
  const options = { defaults: { n, ...defaults }, buckets };
  const tuning = { ...brisk, ...setting.tuning };
  return {
    shape: { nodes, n, partitions, options, tuning, merges: setting.merges },
    safetyMs,
    idleTickMs,
    work: { ...noWork, clients, buckets: bucketsOf(options, n) },
    network: { ...calmNetwork, ...setting.network },
    disk: { ...calmDisk, ...setting.disk },
    faults: { ...noFaults, leavesCore, whims: setting.whims ?? [] },
  };
}

function bucketsOf({ buckets }: ClusterOptions, n: number): Profile["work"]["buckets"] {
  const named = Object.keys(buckets).map((name) => ({ name, n: buckets[name]?.n ?? n }));
  return named.length > 0 ? named : [{ name: "b", n }];
}

const noWork: Omit<Profile["work"], "buckets" | "clients"> = {
  keys: 100,
  keyLifeMs: neverMs,
  hotKeys: 0,
  thinkMeanMs: 0,
  burst: undefined,
  timeoutMs: 5000,
  r: [],
  w: [],
  dwMin: 1,
  narrow: 0,
  primary: 0,
  sloppy: 1,
  readRepair: [],
  puts: 0,
  deletes: 0,
  fresh: 0,
  stale: 0,
  blind: 0,
  valueBytesMax: 1000,
  clientRestarts: 0,
};

const noFaults: Omit<Profile["faults"], "leavesCore" | "whims"> = {
  kinds: [],
  paceMs: Infinity,
  lastsMs: Infinity,
  damagedNodesMax: 0,
  clogMsMax: 0,
  pauseMsMax: 0,
  clockMsMax: storyClockMsMax,
};
