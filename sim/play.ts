/** What clients do in a run, and what the run is held to besides the store's own invariants. */
import type { RequestOptions } from "../src/options.ts";
import type { MergeResolver, Resolver } from "../client/resolver.ts";
import type { Random } from "../src/random.ts";
import type { Workload } from "./call.ts";
import type { EndOfKey, KeyName } from "./observation.ts";
import type { Profile } from "./profile.ts";
import type { Script } from "./script.ts";
import { DrawnWork } from "./workload.ts";

/** As `client.bucket` takes it, of whatever values. */
export interface PlayedBucket extends Omit<RequestOptions, "resolver"> {
  readonly resolver?:
    | Exclude<Resolver<never>, MergeResolver<never>>
    | (Pick<MergeResolver<never>, "kind"> & { readonly merge: (a: never, b: never) => unknown })
    | undefined;
}

/** One of the clients of a run. */
export interface Player {
  /** `c1`, `c2`, … */
  readonly name: string;
  /** The client's own dice: the same seed gives the same draws. */
  readonly random: Random;
  /** Other dice of its own. */
  readonly moreRandom: Random;
  /** Milliseconds since the run began. */
  readonly nowMs: () => number;
}

export interface EndOfPlay {
  readonly keys: ReadonlyMap<KeyName, EndOfKey>;
  /** By client, every call in order. */
  readonly calls: Script["calls"];
}

export interface Play {
  /** What the clients choose for each bucket. */
  readonly buckets: Readonly<Record<string, PlayedBucket>>;
  /** Where it is looked whether the cluster serves. */
  readonly serviceBuckets: readonly string[];
  /** No two writes have the same value, which is a text. */
  readonly hasUniqueValues: boolean;
  workload(player: Player): Workload;
  /** Looks at what all replicas agree on in the end. */
  finish?(end: EndOfPlay, accuse: (sentence: string) => void): void;
}

/** Called once for every run, so that nothing is left of the one before. */
export type CreatePlay = (profile: Profile) => Play;

/** The store's own work. */
export const drawnPlay: CreatePlay = ({ work }) => ({
  buckets: {},
  serviceBuckets: work.buckets.map(({ name }) => name),
  hasUniqueValues: true,
  workload: ({ name, random, moreRandom, nowMs }) => new DrawnWork(random, work, name, nowMs, moreRandom).steps(),
});
