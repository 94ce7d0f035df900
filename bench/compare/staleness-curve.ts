/**
 * What was measured beside what WARS predicts from the legs that were recorded meanwhile.
 *
 * Both curves are of the same reads: a bin's prediction is the mean of what is predicted for each read in it, for its reader, at the
 * moment at which it really began. So the error is the model's, and the sample's, but not that of bins.
 */
import type { Random } from "../../src/random.ts";
import { noDelay, sampled, type DelayLaw, type LegLaws } from "../../sim/delay-laws.ts";
import { chainStaleness, Visibility, type Chain, type QuorumSetting } from "../../sim/pbs.ts";
import type { StalenessCurve } from "./results.ts";
import type { Setting } from "./setting.ts";
import type { Moments } from "./staleness-moments.ts";

export interface ObservedRead {
  /** Its coordinator's place among the key's replicas; 0 is where the writes were coordinated. */
  readonly reader: number;
  /** How long after the commit of the latest write it began. */
  readonly tMs: number;
  /** How many of the latest versions it missed. */
  readonly behind: number;
  /**
   * The moment, by its place, for which it was sent, and for which it counts, when exactly it ever began. By when it began, quick moments
   * of the machine would stand together, and the writes before them were quick too. Of those for the first it is counted how many
   * versions they missed.
   */
  readonly moment: number;
  /** The replicas that it asked, its coordinator among them, by their places. */
  readonly asked: readonly number[];
}

export interface Measured {
  readonly setting: Setting;
  readonly moments: Moments;
  readonly reads: readonly ObservedRead[];
  /** Of the chains in which the versions were written: how many, and the times between an acknowledgement and the next write. */
  readonly versions: number;
  readonly pausesMs: readonly number[];
  /** The legs of a replica that coordinates neither write nor read, and the acknowledgement of the one that coordinates the write. */
  readonly remote: LegLaws;
  readonly ownAck: DelayLaw;
}

/** Fewer reads than these say nothing. */
const readsMin = 200;
const draws = 200_000;
const visibleShare = 0.999;
const visibleMsMax = 3_600_000;

export function curveOf(random: Random, measured: Measured): StalenessCurve {
  const { setting, moments, reads } = measured;
  const predictions = Array.from(
    { length: setting.n },
    (_, reader) => new Visibility(random, quorumsOf(measured, reader), draws),
  );
  const bins = moments.atMs.map((): ObservedRead[] => []);
  for (const read of reads) bins[read.moment]!.push(read);
  const isThere = (at: number): boolean =>
    bins[at]!.length >= readsMin &&
    moments.isNear(
      at,
      meanOf(bins[at]!, ({ tMs }) => tMs),
    );
  const shares = bins.map((bin, at) => (isThere(at) ? meanOf(bin, ({ behind }) => (behind === 0 ? 1 : 0)) : undefined));
  const freshAt = (tMs: number): number => meanOf(predictions, (prediction) => prediction.freshAt(tMs));
  const predicted = bins.map((bin, at) =>
    isThere(at) ? meanOf(bin, ({ reader, tMs }) => predictions[reader]!.freshAt(tMs)) : freshAt(moments.atMs[at]!),
  );
  return {
    setting,
    atMs: moments.atMs,
    measured: shares,
    predicted,
    rmsError: rmsOf(shares, predicted),
    kStaleness: kStalenessOf(random, measured),
    visibleAfterMs: { measured: visibleFrom(moments, shares), predicted: visibleAfter(freshAt) },
  };
}

/** The replicas as they are for one reader: whoever coordinates has no way to itself. */
export function quorumsOf({ setting, remote, ownAck, reads }: Measured, reader: number): QuorumSetting {
  const { n, r, w, fanout } = setting;
  const replicas = Array.from({ length: n }, (_, place): LegLaws => {
    const writes = place === 0 ? { w: noDelay, a: ownAck } : { w: remote.w, a: remote.a };
    return place === reader ? { ...writes, r: noDelay, s: noDelay } : { ...writes, r: remote.r, s: remote.s };
  });
  const asked = reads.filter((read) => read.reader === reader && read.asked.length >= r).map((read) => read.asked);
  const isKnown = fanout === "quorum" && asked.length > 0;
  return { replicas, r, w, ...(isKnown && { asks: (random: Random) => random.pick(asked) }) };
}

function kStalenessOf(random: Random, measured: Measured): StalenessCurve["kStaleness"] {
  const { setting, versions, pausesMs } = measured;
  const firsts = measured.reads.filter(({ moment }) => moment === 0);
  if (firsts.length < readsMin || pausesMs.length === 0) return [];
  const chain: Chain = { versions, pause: sampled(pausesMs), readAfter: sampled(firsts.map(({ tMs }) => tMs)) };
  const ofReaders = Array.from({ length: setting.n }, (_, reader) =>
    chainStaleness(random, quorumsOf(measured, reader), chain, draws),
  );
  return Array.from({ length: versions }, (_, at) => ({
    k: at + 1,
    measured: meanOf(firsts, ({ behind }) => (behind > at ? 1 : 0)),
    predicted: meanOf(ofReaders, (missed) => missed[at]!),
  }));
}

function rmsOf(measured: readonly (number | undefined)[], predicted: readonly number[]): number | undefined {
  const errors = measured.flatMap((share, at) => (share === undefined ? [] : [share - predicted[at]!]));
  return errors.length === 0 ? undefined : Math.sqrt(meanOf(errors, (error) => error * error));
}

/** The first moment from which on so many reads are fresh. */
function visibleFrom({ atMs }: Moments, shares: readonly (number | undefined)[]): number | undefined {
  const lastBelow = shares.findLastIndex((share) => share !== undefined && share < visibleShare);
  const from = shares.findIndex((share, at) => at > lastBelow && share !== undefined);
  return from < 0 ? undefined : atMs[from];
}

function visibleAfter(freshAt: (tMs: number) => number): number {
  let [low, high] = [0, visibleMsMax];
  if (freshAt(0) >= visibleShare) return 0;
  while (high - low > 0.001) {
    const middle = (low + high) / 2;
    if (freshAt(middle) >= visibleShare) high = middle;
    else low = middle;
  }
  return high;
}

function meanOf<T>(items: readonly T[], valueOf: (item: T) => number): number {
  return items.reduce((sum, item) => sum + valueOf(item), 0) / items.length;
}
