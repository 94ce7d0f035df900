/**
 * Measures how stale reads are in a real cluster of three nodes, and predicts it from the delays of the legs that were recorded in the
 * same run: each setting's curves beside each other. With known delays injected on the links it says how good the prediction is.
 */
import { invalidArgument } from "../../src/errors.ts";
import { Random } from "../../src/random.ts";
import { legsNamed } from "../../sim/delay-laws.ts";
import type { LegFile } from "./legs.ts";
import type { StalenessCurve } from "./results.ts";
import { nameOf, type Setting } from "./setting.ts";
import { nodes, StalenessCluster } from "./staleness-cluster.ts";
import { curveOf } from "./staleness-curve.ts";
import { momentsFor, type Moments } from "./staleness-moments.ts";
import { StalenessLoad, versions } from "./staleness-load.ts";

export interface StalenessOptions {
  /** Of each, what matters to staleness is measured: n, r, w and fanout. Read repair is off, and all w are on disk. */
  readonly settings: readonly Setting[];
  /** Delays to put on the links between nodes, by name of published laws; `undefined`: none. */
  readonly injected: string | undefined;
  /** How many writes to measure each setting on; there are five times as many reads. */
  readonly writes: number;
  readonly seed: number;
  readonly progress: (text: string) => void;
  /** Is given the delays of the legs that were recorded with a setting, as `coterie pbs --legs` reads them from a file. */
  readonly onLegs?: (setting: Setting, legs: LegFile) => void;
  /** Ends it in the middle: it fails when the cluster is stopped. */
  readonly signal?: AbortSignal;
}

/** Starts a cluster of its own, and stops it. @throws INVALID_ARGUMENT if there are no such laws, or a setting has more replicas than nodes */
export async function runStaleness(options: StalenessOptions): Promise<readonly StalenessCurve[]> {
  const { settings, injected, seed, signal } = options;
  const large = settings.find(({ n }) => n > nodes);
  if (large !== undefined) throw invalidArgument(`staleness is measured on ${nodes} nodes: n cannot be ${large.n}`);
  const random = new Random(seed);
  const moments = momentsFor(random, injected === undefined ? undefined : legsNamed(injected));
  const cluster = await StalenessCluster.start(injected, seed);
  try {
    return await Promise.race([aborted(signal), measure(cluster, options, random, moments), cluster.failed]);
  } finally {
    await cluster.stop();
  }
}

function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    const abort = (): void => reject(new Error("it was stopped"));
    if (signal?.aborted === true) abort();
    else signal?.addEventListener("abort", abort, { once: true });
  });
}

async function measure(
  cluster: StalenessCluster,
  { settings, writes, progress, onLegs }: StalenessOptions,
  random: Random,
  moments: Moments,
): Promise<readonly StalenessCurve[]> {
  const load = await StalenessLoad.open(cluster, moments, random);
  const predict: (() => StalenessCurve)[] = [];
  for (const given of settings) {
    const setting: Setting = { ...given, dw: given.w, readRepair: "off" };
    const tell = (written: number): void => progress(`${nameOf(setting)}: ${written} of ${writes} writes`);
    const { legs, reads, pausesMs, ownAck } = await load.run(setting, writes, tell);
    onLegs?.(setting, legs.file);
    const measured = { setting, moments, reads, versions, pausesMs, remote: legs.remote, ownAck };
    predict.push(() => curveOf(random, measured));
  }
  load.close();
  // It takes seconds, in which nothing answers a node's pings: a link would be cut, and the next setting wait for it for ever.
  return predict.map((curve) => curve());
}
