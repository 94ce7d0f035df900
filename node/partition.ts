/**
 * The objects that this node holds as a primary, and the only two ways in which they change: `write`, a client's update under a
 * dot minted here, and `sync`, the join with another replica's object. Both leave the record in a batch whose `then` runs when
 * it is on disk; a later read sees it at once. In one way something of them goes: `drop`, when `leftovers.ts` has proved that it
 * may.
 *
 * A record that cannot be trusted is *missing, not absent*: it is no vote, and it is fetched again from the others.
 */
import type { Loss } from "../src/conflict.ts";
import { formatKey } from "../src/key.ts";
import { withoutLeftover, type LeftoverKind } from "../src/leftover.ts";
import { decodeRecord, encodeRecord, hasDigest, recordProblem } from "../src/record.ts";
import type { Effect } from "./effects.ts";
import type { Place, Self } from "./self.ts";
import type { Write } from "./store.ts";
import type { Before } from "./trees.ts";
import type { Update, Updated, Versions } from "./versions.ts";

/** A record, or why there is none: never heard of; cannot be read; an empty disk that has not caught up. */
export type Local = Uint8Array | "absent" | "missing" | "fresh";

/** Is told of every record that is handed to the disk; without one, the key's was removed. */
export type OnStored = (place: Place, record: Uint8Array | undefined, leftover: LeftoverKind | undefined) => void;

interface After {
  /** `undefined`: the key goes. */
  readonly record: Uint8Array | undefined;
  readonly leftover: LeftoverKind | undefined;
}

export class Partitions {
  readonly #self: Self;
  readonly #versions: Versions;
  readonly #recover: (place: Place) => void;
  readonly #onStored: OnStored;

  /** @param recover is told of every key whose record turned out to be less than it was */
  constructor(self: Self, versions: Versions, recover: (place: Place) => void, onStored: OnStored) {
    this.#self = self;
    this.#onStored = onStored;
    this.#versions = versions;
    this.#recover = recover;
  }

  /** What is here, for a request. A record that cannot be trusted is fetched again. */
  read(place: Place): Local {
    const record = this.#self.store.get("objects", place.storeKey);
    if (record === undefined) return this.#self.freshness.isFresh(place.partition) ? "fresh" : "absent";
    const problem = recordProblem(record);
    if (problem === undefined) return record;
    this.#self.counters.badRecords++;
    this.#self.warnRarely("bad record", { key: formatKey(place.key), problem });
    this.#recover(place);
    return "missing";
  }

  /**
   * @param then released once the record is on disk
   * @throws what `Versions.update` throws, STORAGE on a full disk; nothing has changed then
   */
  write(place: Place, update: Update, then: readonly Effect[]): Updated {
    this.#self.refuseIfFull();
    const local = this.read(place);
    const before = typeof local === "string" ? undefined : local;
    const updated = this.#versions.update(place, before, update, local === "missing");
    if (updated.isAmnesiac) this.#noteAmnesia(place);
    if (updated.isKnown) this.#submit([], then);
    else this.#persist(place, local === "missing" ? "bad" : before, updated, then);
    return updated;
  }

  /**
   * Joins another replica's record into the one here.
   * @returns the join
   * @throws what `Versions.join` throws, STORAGE on a full disk; nothing has changed then
   */
  sync(place: Place, record: Uint8Array, then: readonly Effect[]): Uint8Array {
    this.#self.refuseIfFull();
    // Not `read`: what comes heals a bad record, so it is neither counted nor warned of once more.
    const local = this.#self.store.get("objects", place.storeKey);
    const isBad = local !== undefined && recordProblem(local) !== undefined;
    const joined = this.#versions.join(place, isBad ? undefined : local, record, true);
    if (joined.isAmnesiac) this.#noteAmnesia(place);
    else if (isBad) this.#recover(place); // this copy heals the record, and perhaps not all of it
    if (joined.record === undefined) this.#submit([], then);
    else {
      // What a wiped disk is given back has met elsewhere, perhaps long ago.
      const isReturned = local === undefined && this.#self.freshness.isFresh(place.partition);
      this.#persist(place, isBad ? "bad" : local, joined, then, isReturned ? [] : joined.losses);
    }
    return joined.record ?? local!;
  }

  /**
   * Compare and forget: removes what is left over if the record is in exactly the state of this digest; whoever asks, never a value, nor
   * anything that counts.
   */
  drop(place: Place, digest: Uint8Array): void {
    if (this.#self.isDiskFull) return;
    const local = this.#self.store.get("objects", place.storeKey);
    if (local === undefined || recordProblem(local) !== undefined || !hasDigest(local, digest)) return;
    const object = decodeRecord(local);
    const rest = withoutLeftover(object);
    if (rest === object) return;
    if (rest === undefined) this.#self.counters.tombstonesCollected++;
    else this.#self.counters.operationsForgotten += object.spent.length - rest.spent.length;
    const record = rest && encodeRecord(place.hash, rest);
    this.#persist(place, local, { record, leftover: undefined }, []);
  }

  #noteAmnesia(place: Place): void {
    this.#self.counters.amnesias++;
    this.#self.warnRarely("amnesia", { key: formatKey(place.key) });
    this.#recover(place);
  }

  /** @param losses are noted with the record */
  #persist(
    place: Place,
    before: Before,
    { record, leftover }: After,
    then: readonly Effect[],
    losses: readonly Loss[] = [],
  ): void {
    this.#self.trees.changed(place, before, record);
    this.#onStored(place, record, leftover);
    const write: Write = { table: "objects", key: place.storeKey, value: record };
    const noted = this.#self.conflicts.note(place, losses);
    this.#submit(noted.length === 0 ? [write] : [write, ...noted], then);
  }

  /** Without writes a barrier: what is here already may still be on its way to the disk. */
  #submit(writes: readonly Write[], then: readonly Effect[]): void {
    if (writes.length > 0 || then.length > 0) this.#self.emit({ kind: "persist", writes, then });
  }
}
