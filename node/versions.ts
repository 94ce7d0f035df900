/**
 * What becomes of an object: by a client's update, under a dot minted here, or by the join with another replica's. It makes no
 * difference whether this node keeps the object as a primary (`partition.ts`) or for one (`hints.ts`): an actor never issues a
 * counter twice in either.
 *
 * - An operation that is here already, live or spent, is not done again.
 * - A join chooses nothing. What lost in a register by it is told, for the ledger (`conflict-ledger.ts`).
 */
import { hexOf } from "../src/bytes.ts";
import { addDot, contextOf, emptyContext, entriesOf, joinContexts, type CausalContext } from "../src/causal-context.ts";
import { lossesOf, type Loss } from "../src/conflict.ts";
import { applyChanges, dotsOfChanges, type BareElement, type Change, type Changed } from "../src/crdt/change.ts";
import { plainPath, registerPath, rootTypeOf } from "../src/crdt/path.ts";
import type { Dot } from "../src/dot.ts";
import { badContext, invalidArgument, tooLarge, tooManySiblings } from "../src/errors.ts";
import { holdingsOf } from "../src/holding.ts";
import { bucketOf, formatKey } from "../src/key.ts";
import { leftoverAtAGlance, type LeftoverKind } from "../src/leftover.ts";
import { limits } from "../src/limits.ts";
import {
  addEvent,
  emptyObject,
  isIncluded,
  latest,
  sync,
  write,
  type Sibling,
  type StoredObject,
} from "../src/object.ts";
import { makeOpId, sequenceOf, type OpId } from "../src/op-id.ts";
import { decodeRecord, encodeRecord, isSameState, openRecord } from "../src/record.ts";
import { isDeleted, rootTypes } from "../src/shown.ts";
import { boundSpent, spendUnless } from "../src/spent.ts";
import { laterOf, type Timestamp } from "../src/timestamp.ts";
import type { Token } from "../src/token.ts";
import { checkSkew, type Identity } from "./identity.ts";
import type { Place, Self } from "./self.ts";

export interface Update {
  /** Of the first element that it adds; those of further ones follow it. */
  readonly op: OpId;
  /** `undefined`: a tombstone. */
  readonly value: Uint8Array | undefined;
  /** What the writer has seen, and therefore replaces, unless it asks for changes: those say so themselves. */
  readonly token: Token;
  /** Operations on a replicated data type, instead of a value. */
  readonly changes: readonly Change[] | undefined;
  /** The value takes the place of whatever is here, seen or not, as a register's. */
  readonly isLww: boolean;
}

export interface Updated {
  readonly record: Uint8Array;
  readonly leftover: LeftoverKind | undefined;
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
  /** Of no meaning without a record. */
  readonly leftover: LeftoverKind | undefined;
  /** What lost in registers by this join: for the ledger. */
  readonly losses: readonly Loss[];
}

const noSiblings: readonly Sibling[] = [];
const nothingNew: Joined = { record: undefined, isAmnesiac: false, leftover: undefined, losses: [] };

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
    const known = knownOf(update, object);
    if (known.length > 0) {
      const how = { isKnown: true, isAmnesiac: false, leftover: leftoverAtAGlance(object) };
      return this.#updated(local!, update, known, how);
    }
    checkType(place, object, update);
    const claimed = claimedBy(update);
    if (this.#identity.claimsFuture(claimed)) throw badContext("this context claims writes that were never made");
    const isAmnesiac = this.#identity.knowsLess(object.context, claimed);
    const next = this.#next(object, update, mustBeFresh || isAmnesiac);
    const updated = boundSpent(next.object, this.#self.now.wallMs - this.#self.tuning.retryWindowMs);
    const record = encodeRecord(place.hash, updated);
    this.#checkSize(place, updated, record, { elements: object.siblings.length, bytes: local?.length ?? 0 });
    const renewal = this.#identity.renewIfOutrun(this.#self.now);
    if (renewal !== undefined) this.#self.emit(renewal);
    const how = { isKnown: false, isAmnesiac, leftover: leftoverAtAGlance(updated) };
    return this.#updated(record, update, next.added, how);
  }

  #next(
    object: StoredObject,
    update: Update,
    isFresh: boolean,
  ): { readonly object: StoredObject; readonly added: readonly Sibling[] } {
    const mints = update.changes === undefined || dotsOfChanges(update.changes) > 0;
    // What knows less than was issued here takes an event of a fresh epoch in any case: minting goes on from there.
    const first = mints || isFresh ? this.#identity.mint(object.context, isFresh) : undefined;
    const { added: elements, seen, dropped } = changed(object, update, first);
    const isBlind = update.isLww || update.changes !== undefined;
    const replaced = isBlind ? laterOf(update.token.latest, latest(object)) : update.token.latest;
    const added = this.#siblings(update.op, elements, replaced);
    const spend = spendUnless((op) => this.#self.settledOperations.isSettled(op));
    const written = write(object, seen, added, spend, dropped);
    const isEvent = first !== undefined && added.length === 0;
    return { object: isEvent ? addEvent(written, first) : written, added };
  }

  #siblings(op: OpId, elements: readonly BareElement[], replaced: Timestamp): readonly Sibling[] {
    if (elements.length === 0) return [];
    const timestamp = this.#identity.timestamp(this.#self.now, replaced);
    // Field by field, as records are decoded: a spread would cost as much as the rest of an update.
    return elements.map(({ dot, path, value }, at) => ({ dot, path, value, timestamp, op: opAfter(op, at) }));
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
    if (joined === incoming) return joinedTo(record, joined, mine, false);
    if (isIncluded(incoming, mine)) return nothingNew;
    return joinedTo(encodeRecord(place.hash, joined), joined, mine, false);
  }

  /**
   * Others remember dots of this replica that it has lost. Storing them as they come would let it mint on from where *they*
   * stand and issue a dot twice, so the object gets an event of a fresh epoch, without a value, and minting goes on there.
   */
  #joinAmnesiac(place: Place, mine: StoredObject, incoming: StoredObject): Joined {
    const joined = addEvent(sync(incoming, mine), this.#identity.mintFresh());
    return joinedTo(encodeRecord(place.hash, joined), joined, mine, true);
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
    added: readonly Sibling[],
    how: Pick<Updated, "isKnown" | "isAmnesiac" | "leftover">,
  ): Updated {
    return { record, ...how, token: added.reduce(tokenAfter, token), mayLeave: this.#identity.mayLeave };
  }

  /** @param before what was here: a join can go past the limits, and then what makes it smaller has to be let in */
  #checkSize(
    place: Place,
    object: StoredObject,
    record: Uint8Array,
    before: { readonly elements: number; readonly bytes: number },
  ): void {
    if (record.length > Math.max(limits.recordBytesMax, before.bytes))
      throw tooLarge(`the key's siblings together have ${record.length} bytes, the limit is ${limits.recordBytesMax}`);
    const entries = entriesOf(object.context);
    if (entries > limits.contextEntriesMax)
      throw tooLarge(`the key's context would have ${entries} entries, the limit is ${limits.contextEntriesMax}`);
    if (object.siblings.length > Math.max(limits.elementsMax, before.elements))
      throw tooLarge(`the key would have ${object.siblings.length} elements, the limit is ${limits.elementsMax}`);
    const siblings = object.siblings.filter(({ path }) => path === plainPath || path === registerPath).length;
    if (siblings > limits.siblingsMax)
      throw tooManySiblings(
        `the key would have ${siblings} siblings, the limit is ${limits.siblingsMax}: read it and write with its context`,
      );
    if (siblings > limits.siblingsWarn) this.#self.warnRarely("many siblings", { key: formatKey(place.key), siblings });
    const actors = object.context.length;
    if (actors > limits.actorsWarn) this.#self.warnRarely("many actors", { key: formatKey(place.key), actors });
  }
}

function joinedTo(record: Uint8Array, joined: StoredObject, mine: StoredObject, isAmnesiac: boolean): Joined {
  return { record, isAmnesiac, leftover: leftoverAtAGlance(joined), losses: lossesOf(joined, mine) };
}

function tokenAfter(token: Token, sibling: Sibling): Token {
  return { context: addDot(token.context, sibling.dot), latest: laterOf(token.latest, sibling.timestamp) };
}

/** What of this operation is here already, live or spent. Its elements came together, but did not all stay. */
function knownOf({ op, changes }: Update, { siblings, spent }: StoredObject): readonly Sibling[] {
  if (changes === undefined) {
    const known = siblings.find((sibling) => sibling.op === op) ?? spent.find((sibling) => sibling.op === op);
    return known === undefined ? noSiblings : [known];
  }
  const ops = new Set<OpId>();
  for (let at = dotsOfChanges(changes) - 1; at >= 0; at--) ops.add(opAfter(op, at));
  return [...siblings, ...spent].filter((sibling) => ops.has(sibling.op));
}

/** Of the element that stands `at` places behind the first. */
function opAfter(first: OpId, at: number): OpId {
  return at === 0 ? first : makeOpId(first.slice(0, 8), sequenceOf(first) + at);
}

/** The elements that an update adds, and what they replace. */
function changed(object: StoredObject, { token, value, changes, isLww }: Update, first: Dot | undefined): Changed {
  if (changes !== undefined) return applyChanges(object, changes, first);
  const path = isLww ? registerPath : plainPath;
  const seen = isLww ? joinContexts(token.context, contextOf(object.siblings.map(({ dot }) => dot))) : token.context;
  return { added: [{ dot: first!, path, value }], seen, dropped: emptyContext };
}

/** The dots that the writer says it has seen. */
function claimedBy({ token, changes }: Update): CausalContext {
  if (changes === undefined) return token.context;
  return changes.reduce(
    (seen, change) => ("observed" in change ? joinContexts(seen, change.observed) : seen),
    emptyContext,
  );
}

/**
 * Where both sides of a partition have made something else of a key, it holds both, and takes the changes of either. But no value: its
 * context may cover elements of a data type, which are not a value's to take away. Not even what is left of one that was deleted, since
 * that knows what was reset.
 * @throws INVALID_ARGUMENT on an operation on a key that holds only something of another type
 */
function checkType(place: Place, object: StoredObject, { changes }: Update): void {
  if (changes === undefined) return checkIsNoDataType(place, object);
  const wanted = rootTypeOf(changes[0]!.path)!;
  const types = rootTypes(object);
  if (types.size === 0 || types.has(wanted) || (wanted === "lwwRegister" && types.has("value"))) return;
  throw invalidArgument(`${formatKey(place.key)} holds ${holdingsOf(types, bucketOf(place.key))}`);
}

function checkIsNoDataType({ key }: Place, object: StoredObject): void {
  const element = object.siblings.find(({ path }) => path !== plainPath && path !== registerPath);
  if (element === undefined) return;
  const held = holdingsOf([rootTypeOf(element.path)!], bucketOf(key));
  throw invalidArgument(
    isDeleted(object)
      ? `${formatKey(key)} held ${held}, until lately: no value can be put there before all nodes have forgotten it, in some hours`
      : `${formatKey(key)} holds ${held}`,
  );
}
