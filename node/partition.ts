/**
 * The objects that this node holds as a primary, and the only two ways in which they change: `write`, a client's update under a
 * dot minted here, and `sync`, the join with another replica's object. Both leave the record in a batch whose `then` runs when
 * it is on disk; a later read sees it at once.
 *
 * A record that cannot be trusted is *missing, not absent*: it is no vote, and it is fetched again from the others.
 */
import { formatKey } from "../src/key.ts";
import { recordProblem } from "../src/record.ts";
import type { Effect } from "./effects.ts";
import type { Place, Self } from "./self.ts";
import type { Write } from "./store.ts";
import type { Update, Updated, Versions } from "./versions.ts";

/** A record, or why there is none: never heard of; cannot be read; an empty disk that has not caught up. */
export type Local = Uint8Array | "absent" | "missing" | "fresh";

export class Partitions {
  readonly #self: Self;
  readonly #versions: Versions;
  readonly #recover: (place: Place) => void;

  /** @param recover is told of every key whose record turned out to be less than it was */
  constructor(self: Self, versions: Versions, recover: (place: Place) => void) {
    this.#self = self;
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
   * @throws what `Versions.update` throws; nothing has changed then
   */
  write(place: Place, update: Update, then: readonly Effect[]): Updated {
    const local = this.read(place);
    const before = typeof local === "string" ? undefined : local;
    const updated = this.#versions.update(place, before, update, local === "missing");
    if (updated.isAmnesiac) this.#noteAmnesia(place);
    this.#persist(place, updated.isKnown ? undefined : updated.record, then);
    return updated;
  }

  /**
   * Joins another replica's record into the one here.
   * @throws what `Versions.join` throws; nothing has changed then
   */
  sync(place: Place, record: Uint8Array, then: readonly Effect[]): void {
    // Not `read`: what comes heals a bad record, so it is neither counted nor warned of once more.
    const local = this.#self.store.get("objects", place.storeKey);
    const isBad = local !== undefined && recordProblem(local) !== undefined;
    const joined = this.#versions.join(place, isBad ? undefined : local, record);
    if (joined.isAmnesiac) this.#noteAmnesia(place);
    else if (isBad) this.#recover(place); // this copy heals the record, and perhaps not all of it
    this.#persist(place, joined.record, then);
  }

  #noteAmnesia(place: Place): void {
    this.#self.counters.amnesias++;
    this.#self.warnRarely("amnesia", { key: formatKey(place.key) });
    this.#recover(place);
  }

  /** Without a record a barrier: what is here already may still be on its way to the disk. */
  #persist(place: Place, record: Uint8Array | undefined, then: readonly Effect[]): void {
    const writes: Write[] = record === undefined ? [] : [{ table: "objects", key: place.storeKey, value: record }];
    if (writes.length > 0 || then.length > 0) this.#self.emit({ kind: "persist", writes, then });
  }
}
