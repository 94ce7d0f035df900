/**
 * The objects that this node holds, and the only two ways in which they change: `write`, a client's update under a dot
 * minted here, and `sync`, the join with another replica's object. Both leave the record in a batch whose `then` runs when
 * it is on disk; a later read sees it at once.
 *
 * A record that cannot be trusted is *missing, not absent*: it is no vote, and it is fetched again from the others.
 */
import { addDot, entriesOf } from "../src/causal-context.ts";
import { badContext, tooLarge, tooManySiblings } from "../src/errors.ts";
import { formatKey } from "../src/key.ts";
import { limits } from "../src/limits.ts";
import { addEvent, emptyObject, isIncluded, sync, write, type Sibling, type StoredObject } from "../src/object.ts";
import type { OpId } from "../src/op-id.ts";
import { decodeRecord, encodeRecord, isSameState, openRecord, recordProblem } from "../src/record.ts";
import { hexOf } from "../src/bytes.ts";
import { laterOf } from "../src/timestamp.ts";
import type { Token } from "../src/token.ts";
import type { Effect } from "./effects.ts";
import { checkSkew, type Identity } from "./identity.ts";
import type { Place, Self } from "./self.ts";
import type { Write } from "./store.ts";

/** A record, or why there is none: never heard of; cannot be read; an empty disk that has not caught up. */
export type Local = Uint8Array | "absent" | "missing" | "fresh";

export interface Update {
  readonly op: OpId;
  /** `undefined`: a tombstone. */
  readonly value: Uint8Array | undefined;
  /** What the writer has seen, and therefore replaces. */
  readonly token: Token;
}

export interface Written {
  readonly record: Uint8Array;
  /** What the writer has seen now: its token and its own dot. */
  readonly token: Token;
  /** Whether it may leave the node at once: its timestamp is below the durable bound. If not, it may behind a barrier. */
  readonly mayLeave: boolean;
}

const startOverPauseMs = 600_000;

export class Partitions {
  readonly #self: Self;
  readonly #identity: Identity;
  readonly #recover: (place: Place) => void;
  #mayStartOverAtMs = 0;

  /** @param recover is told of every key whose record turned out to be less than it was */
  constructor(self: Self, identity: Identity, recover: (place: Place) => void) {
    this.#self = self;
    this.#identity = identity;
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
   * Mints a dot for the update and replaces what its writer has seen. An operation that is here already is not minted again.
   * @param then released once the record is on disk
   * @throws BAD_CONTEXT, CLOCK_SKEW, TOO_MANY_SIBLINGS, TOO_LARGE, OVERLOADED; nothing has changed then
   */
  write(place: Place, update: Update, then: readonly Effect[]): Written {
    const local = this.read(place);
    const object = typeof local === "string" ? emptyObject : decodeRecord(local);
    const known = object.siblings.find((sibling) => sibling.op === update.op);
    if (known !== undefined) {
      this.#persist(place, undefined, then);
      return this.#written(local as Uint8Array, update, known);
    }
    const sibling = this.#mint(place, object, update, local === "missing");
    const updated = write(object, update.token.context, sibling);
    const record = encodeRecord(place.hash, updated);
    this.#checkSize(place, updated, record);
    const renewal = this.#identity.renewIfOutrun(this.#self.now);
    if (renewal !== undefined) this.#self.emit(renewal);
    this.#persist(place, record, then);
    return this.#written(record, update, sibling);
  }

  /**
   * Joins another replica's record into the one here.
   * @throws CLOCK_SKEW, OVERLOADED, PROTOCOL on a record that is none; nothing has changed then
   */
  sync(place: Place, record: Uint8Array, then: readonly Effect[]): void {
    // Not `read`: what comes heals a bad record, so it is neither counted nor warned of once more.
    const local = this.#self.store.get("objects", place.storeKey);
    const isBad = local !== undefined && recordProblem(local) !== undefined;
    if (local !== undefined && !isBad && isSameState(local, record)) return this.#persist(place, undefined, then);
    const incoming = openRecord(place.hash, record);
    for (const sibling of incoming.siblings) checkSkew(this.#self.now, sibling.timestamp);
    if (this.#identity.claimsFuture(incoming.context)) this.#startOver();
    if (isBad) this.#recover(place); // this copy heals the record, and perhaps not all of it
    const mine = local === undefined || isBad ? emptyObject : decodeRecord(local);
    if (this.#identity.knowsLess(mine.context, incoming.context))
      return this.#syncAmnesiac(place, mine, incoming, then);
    // In this order: where `mine` adds nothing, the join is `incoming` itself, and its bytes are stored as they came.
    const joined = sync(incoming, mine);
    if (joined === incoming) return this.#persist(place, record, then);
    this.#persist(place, isIncluded(incoming, mine) ? undefined : encodeRecord(place.hash, joined), then);
  }

  /**
   * Others remember dots of this replica that it has lost. Storing them as they come would let it mint on from where *they*
   * stand and issue a dot twice, so the object gets an event of a fresh epoch, without a value, and minting goes on there.
   */
  #syncAmnesiac(place: Place, mine: StoredObject, incoming: StoredObject, then: readonly Effect[]): void {
    const joined = addEvent(sync(incoming, mine), this.#identity.mintFresh());
    this.#noteAmnesia(place);
    this.#persist(place, encodeRecord(place.hash, joined), then);
  }

  /** Not time and again: a forged context can look the same as a disk that was set back, and each new id costs every key an actor. */
  #startOver(): void {
    const { monotonicMs } = this.#self.now;
    if (monotonicMs < this.#mayStartOverAtMs)
      return this.#self.warnRarely("claims of epochs that were never begun", {});
    this.#mayStartOverAtMs = monotonicMs + startOverPauseMs;
    const before = hexOf(this.#identity.replicaId);
    this.#self.emit(this.#identity.startOver(this.#self.now));
    this.#self.log("warn", "new replica id", { before, now: hexOf(this.#identity.replicaId) });
  }

  #mint(place: Place, object: StoredObject, update: Update, isMissing: boolean): Sibling {
    const { token, value, op } = update;
    if (this.#identity.claimsFuture(token.context)) throw badContext("this context claims writes that were never made");
    const isAmnesiac = this.#identity.knowsLess(object.context, token.context);
    const dot = this.#identity.mint(object.context, isMissing || isAmnesiac);
    if (isAmnesiac) this.#noteAmnesia(place);
    const timestamp = this.#identity.timestamp(this.#self.now, token.latest);
    return { dot, value, timestamp, op };
  }

  #checkSize(place: Place, object: StoredObject, record: Uint8Array): void {
    if (record.length > limits.recordBytesMax)
      throw tooLarge(`the key's siblings together have ${record.length} bytes, the limit is ${limits.recordBytesMax}`);
    const entries = entriesOf(object.context);
    if (entries > limits.contextEntriesMax)
      throw tooLarge(`the key's context would have ${entries} entries, the limit is ${limits.contextEntriesMax}`);
    const siblings = object.siblings.length;
    if (siblings > limits.siblingsMax)
      throw tooManySiblings(
        `the key would have ${siblings} siblings, the limit is ${limits.siblingsMax}: read it and write with its context`,
      );
    if (siblings > limits.siblingsWarn) this.#self.warnRarely("many siblings", { key: formatKey(place.key), siblings });
    const actors = object.context.length;
    if (actors > limits.actorsWarn) this.#self.warnRarely("many actors", { key: formatKey(place.key), actors });
  }

  #written(record: Uint8Array, { token }: Update, sibling: Sibling): Written {
    return { record, token: tokenAfter(token, sibling), mayLeave: this.#identity.mayLeave };
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

function tokenAfter(token: Token, sibling: Sibling): Token {
  return { context: addDot(token.context, sibling.dot), latest: laterOf(token.latest, sibling.timestamp) };
}
