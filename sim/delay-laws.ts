/**
 * How long a message takes, as a law to draw from: what is needed to predict, and to play, how stale reads are.
 *
 * `publishedLegs` are those that Bailis et al. fitted to the latencies of production systems (scenarios.md §7), in milliseconds, and
 * one of their examples, in which writes are slow beside all else.
 */
import { invalidArgument } from "../src/errors.ts";
import type { Random } from "../src/random.ts";

/** Draws one delay in milliseconds. */
export type DelayLaw = (random: Random) => number;

/** The four legs of WARS: a write to a replica, its acknowledgement, a read's request, its response. */
export interface LegLaws {
  readonly w: DelayLaw;
  readonly a: DelayLaw;
  readonly r: DelayLaw;
  readonly s: DelayLaw;
}

export const noDelay: DelayLaw = () => 0;

export function exponential(meanMs: number): DelayLaw {
  return (random) => random.exponential(meanMs);
}

/** Never below `leastMs`; the smaller `alpha`, the longer the tail. */
export function pareto(leastMs: number, alpha: number): DelayLaw {
  return (random) => leastMs * (1 - random.fraction()) ** (-1 / alpha);
}

/** One law for a share of the messages, another one for the rest. */
export function mixture(share: number, one: DelayLaw, other: DelayLaw): DelayLaw {
  return (random) => (random.chance(share) ? one(random) : other(random));
}

/** Delays as they were measured: any of them, each time anew. @param samplesMs at least one */
export function sampled(samplesMs: ArrayLike<number>): DelayLaw {
  return (random) => samplesMs[random.between(0, samplesMs.length - 1)]!;
}

/** A body with a tail, as such laws are published: a Pareto law for a share, an exponential one, by its rate, for the rest. */
function fitted(share: number, leastMs: number, alpha: number, ratePerMs: number): DelayLaw {
  return mixture(share, pareto(leastMs, alpha), exponential(1 / ratePerMs));
}

const ssd = fitted(0.9122, 0.235, 10, 1.66);
const disk = fitted(0.38, 1.05, 1.51, 0.183);
const yammerWrite = fitted(0.939, 3, 3.35, 0.0028);
const yammerRest = fitted(0.982, 1.5, 3.8, 0.0217);

/** Writes slow beside all else. */
function slowWrites(writeMs: number, restMs: number): LegLaws {
  const rest = exponential(restMs);
  return { w: exponential(writeMs), a: rest, r: rest, s: rest };
}

type ProfileName = "LNKD-SSD" | "LNKD-DISK" | "YMMR" | "EXP-5-1" | "EXP-50-10";

/** LinkedIn on flash and on disks, Yammer on disks; and exponential ones of 5 ms and 1 ms, as on a disk, and ten times that. */
export const publishedLegs: Readonly<Record<ProfileName, LegLaws>> = {
  "LNKD-SSD": { w: ssd, a: ssd, r: ssd, s: ssd },
  "LNKD-DISK": { w: disk, a: ssd, r: ssd, s: ssd },
  YMMR: { w: yammerWrite, a: yammerRest, r: yammerRest, s: yammerRest },
  "EXP-5-1": slowWrites(5, 1),
  "EXP-50-10": slowWrites(50, 10),
};

/** @param name of published legs, in any case @throws INVALID_ARGUMENT if there are none */
export function legsNamed(name: string): LegLaws {
  const found = Object.entries(publishedLegs).find(([known]) => known === name.toUpperCase());
  if (found !== undefined) return found[1];
  throw invalidArgument(`there is no profile ${name}; those that there are: ${Object.keys(publishedLegs).join(", ")}`);
}
