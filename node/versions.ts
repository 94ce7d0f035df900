/**
 * What becomes of an object: by a client's update, under a dot minted here, or by the join with another replica's. It makes no
 * difference whether this node keeps the object as a primary (`partition.ts`) or for one (`hints.ts`): an actor never issues a
 * counter twice in either.
 */
import { addDot, entriesOf } from "../src/causal-context.ts";
import { badContext, tooLarge, tooManySiblings } from "../src/errors.ts";
import { formatKey } from "../src/key.ts";
import { limits } from "../src/limits.ts";
import {
  addEvent,
  emptyObject,
  isDeleted,
  isIncluded,
  sync,
  write,
  type Sibling,
  type StoredObject,
} from "../src/object.ts";
import type { OpId } from "../src/op-id.ts";
import { decodeRecord, encodeRecord, isSameState, openRecord } from "../src/record.ts";
import { hexOf } from "../src/bytes.ts";
import { laterOf } from "../src/timestamp.ts";
import type { Token } from "../src/token.ts";
import { checkSkew, type Identity } from "./identity.ts";
import type { Place, Self } from "./self.ts";

export interface Update {
  readonly op: OpId;
  /** `undefined`: a tombstone. */
  readonly value: Uint8Array | undefined;
  /** What the writer has seen, and therefore replaces. */
  readonly token: Token;
}

export interface Updated {
  readonly record: Uint8Array;
  /** Nothing is left of the key but tombstones. */
  readonly isDeleted: boolean;
  /** The operation was here already: nothing was minted, and nothing needs to be written. */
  readonly isKnown: boolean;
  /** Others, or the writer, remember dots of this replica that it has lost. */
  readonly isAmnesiac: boolean;
  /** What the writer has seen now: its token and its own dot. */
  readonly token: Token;
  /** Whether it may leave the node at once: its timestamp is below the durable bound. If not, it may behind a barrier. */
  readonly mayLeave: boolean;
}

export interface Joined {
  /** `undefined`: the local record includes all that came. */
  readonly record: Uint8Array | undefined;
  readonly isAmnesiac: boolean;
  /** Nothing is left of the key but tombstones. Of no meaning without a record. */
  readonly isDeleted: boolean;
}

const nothingNew: Joined = { record: undefined, isAmnesiac: false, isDeleted: false };

const startOverPauseMs = 600_000;

export class Versions {
  readonly #self: Self;
  readonly #identity: Identity;
  #mayStartOverAtMs = 0;

  constructor(self: Self, identity: Identity) {
    this.#self = self;
    this.#identity = identity;
  }

  /**
   * Mints a dot for the update and replaces what its writer has seen. An operation that is there already is not minted again.
   * @param local the record to begin with, if there is one
   * @param mustBeFresh what is here is known to be less than what was issued here
   * @throws BAD_CONTEXT, CLOCK_SKEW, TOO_MANY_SIBLINGS, TOO_LARGE, OVERLOADED
   */
  update(place: Place, local: Uint8Array | undefined, update: Update, mustBeFresh: boolean): Updated {
    const object = local === undefined ? emptyObject : decodeRecord(local);
    const known = object.siblings.find((sibling) => sibling.op === update.op);
    if (known !== undefined)
      return this.#updated(local!, update, known, {
        isKnown: true,
        isAmnesiac: false,
        isDeleted: isDeleted(object),
      });
    const { context } = update.token;
    if (this.#identity.claimsFuture(context)) throw badContext("this context claims writes that were never made");
    const isAmnesiac = this.#identity.knowsLess(object.context, context);
    const dot = this.#identity.mint(object.context, mustBeFresh || isAmnesiac);
    const timestamp = this.#identity.timestamp(this.#self.now, update.token.latest);
    const sibling: Sibling = { dot, value: update.value, timestamp, op: update.op };
    const updated = write(object, context, sibling);
    const record = encodeRecord(place.hash, updated);
    this.#checkSize(place, updated, record);
    const renewal = this.#identity.renewIfOutrun(this.#self.now);
    if (renewal !== undefined) this.#self.emit(renewal);
    return this.#updated(record, update, sibling, { isKnown: false, isAmnesiac, isDeleted: isDeleted(updated) });
  }

  /** Whether two records know the same dots of this replica. */
  isAlike(a: Uint8Array, b: Uint8Array): boolean {
    return this.#identity.isAlike(decodeRecord(a).context, decodeRecord(b).context);
  }

  /**
   * Joins another replica's record into the local one.
   * @param isMintedOn whether this node mints dots on top of it: only then must it have all that were issued here
   * @throws CLOCK_SKEW, OVERLOADED, PROTOCOL on a record that is none
   */
  join(place: Place, local: Uint8Array | undefined, record: Uint8Array, isMintedOn: boolean): Joined {
    if (local !== undefined && isSameState(local, record)) return nothingNew;
    const incoming = openRecord(place.hash, record);
    for (const sibling of incoming.siblings) checkSkew(this.#self.now, sibling.timestamp);
    if (this.#identity.claimsFuture(incoming.context)) this.#startOver();
    const mine = local === undefined ? emptyObject : decodeRecord(local);
    if (isMintedOn && this.#identity.knowsLess(mine.context, incoming.context))
      return this.#joinAmnesiac(place, mine, incoming);
    // In this order: where `mine` adds nothing, the join is `incoming` itself, and its bytes are stored as they came.
    const joined = sync(incoming, mine);
    if (joined === incoming) return { record, isAmnesiac: false, isDeleted: isDeleted(joined) };
    if (isIncluded(incoming, mine)) return nothingNew;
    return { record: encodeRecord(place.hash, joined), isAmnesiac: false, isDeleted: isDeleted(joined) };
  }

  /**
   * Others remember dots of this replica that it has lost. Storing them as they come would let it mint on from where *they*
   * stand and issue a dot twice, so the object gets an event of a fresh epoch, without a value, and minting goes on there.
   */
  #joinAmnesiac(place: Place, mine: StoredObject, incoming: StoredObject): Joined {
    const joined = addEvent(sync(incoming, mine), this.#identity.mintFresh());
    return { record: encodeRecord(place.hash, joined), isAmnesiac: true, isDeleted: isDeleted(joined) };
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

  #updated(
    record: Uint8Array,
    { token }: Update,
    sibling: Sibling,
    how: Pick<Updated, "isKnown" | "isAmnesiac" | "isDeleted">,
  ): Updated {
    return { record, ...how, token: tokenAfter(token, sibling), mayLeave: this.#identity.mayLeave };
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
}

function tokenAfter(token: Token, sibling: Sibling): Token {
  return { context: addDot(token.context, sibling.dot), latest: laterOf(token.latest, sibling.timestamp) };
}
