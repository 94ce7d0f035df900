/**
 * What this node holds of a key, whichever way: as a primary of the key's bucket (`partition.ts`), or in the place of primaries
 * that have missed it (`hints.ts`). Both at once where a request asks for fewer replicas than the bucket has: then a primary
 * of the bucket can stand in for another one.
 */
import { invalidArgument, overloaded } from "../src/errors.ts";
import { bucketOf } from "../src/key.ts";
import { replicasOf } from "../src/options.ts";
import type { NodeId } from "../src/ring.ts";
import type { Effect } from "./effects.ts";
import type { Hints } from "./hints.ts";
import type { Local, Partitions } from "./partition.ts";
import type { Place, Self } from "./self.ts";
import type { Update, Updated } from "./versions.ts";

export class Holdings {
  readonly #self: Self;
  readonly #partitions: Partitions;
  readonly #hints: Hints;

  constructor(self: Self, partitions: Partitions, hints: Hints) {
    this.#self = self;
    this.#partitions = partitions;
    this.#hints = hints;
  }

  read(place: Place): Local {
    return this.#isPrimary(this.#self.id, place) ? this.#partitions.read(place) : this.#hints.read(place);
  }

  /**
   * A client's update, coordinated here.
   * @param standsFor the primary in whose place this node writes; `undefined`: it is one
   * @throws what `Versions.update` throws, OVERLOADED if hints have no room; nothing has changed then
   */
  write(place: Place, update: Update, standsFor: NodeId | undefined, then: readonly Effect[]): Updated {
    if (standsFor === undefined) return this.#partitions.write(place, update, then);
    if (!this.#isPrimary(this.#self.id, place)) return this.#hints.write(standsFor, place, update, then);
    const updated = this.#partitions.write(place, update, then);
    this.#hints.addOwn(standsFor, place, updated.record, []);
    return updated;
  }

  /**
   * Another node's record.
   * @throws INVALID_ARGUMENT if neither this node nor the one it stands for is a primary of the key: then the sender's ring is not
   * ours; OVERLOADED if hints have no room; what `Versions.join` throws
   */
  sync(place: Place, record: Uint8Array, standsFor: NodeId | undefined, then: readonly Effect[]): void {
    const isPrimary = this.#isPrimary(this.#self.id, place);
    if (standsFor === undefined ? !isPrimary : !this.#isPrimary(standsFor, place))
      throw invalidArgument(
        `${standsFor ?? this.#self.id} is no replica of partition ${place.partition} in ring epoch ${this.#self.ring.table.epoch}`,
      );
    if (isPrimary) this.#partitions.sync(place, record, standsFor === undefined ? then : []);
    if (standsFor !== undefined && !this.#addHint(standsFor, place, record, then))
      throw overloaded(`${this.#self.id} has no room for more hints`);
  }

  /** Keeps what `target` has missed of a write that this node has coordinated, if there is room. */
  keepHint(target: NodeId, place: Place, record: Uint8Array): void {
    this.#addHint(target, place, record, []);
  }

  #addHint(target: NodeId, place: Place, record: Uint8Array, then: readonly Effect[]): boolean {
    return this.#isPrimary(this.#self.id, place)
      ? this.#hints.addOwn(target, place, record, then)
      : this.#hints.add(target, place, record, then);
  }

  #isPrimary(node: NodeId, place: Place): boolean {
    return this.#self.ring.isPrimary(node, place.partition, replicasOf(bucketOf(place.key), this.#self.options));
  }
}
