/**
 * Who this replica is, and the leases under which it may issue dots and timestamps. No dot is ever issued twice:
 *
 * - A data directory has one random replica id; a lost or copied directory gets a new one, and so does one that was set back to an
 *   older state: that shows when a peer knows epochs of ours that we have not begun.
 * - An actor is (replica id, epoch). Epochs are handed out only below a durable lease, and after any start only from the lease up.
 * - `epochFloor`: epochs below it are closed. An unclean stop closes all there were, because dots may have left the node
 *   whose records never reached its disk. After a clean stop the old ones go on.
 * - Timestamps never go back: a bound above all that were issued is on disk no later than the first record that needs it,
 *   and after a start they go on from there.
 *
 * Source: the actor epochs of Riak after its issue kv679; hybrid logical clocks of Kulkarni et al. (2014).
 */
import { ByteReader, ByteWriter, fromBinary, MalformedBytes, toBinary } from "../src/bytes.ts";
import { eventsOf, includes, type CausalContext } from "../src/causal-context.ts";
import { epochOf, makeActor, type Actor, type Dot, type ReplicaId } from "../src/dot.ts";
import { clockSkew, overloaded } from "../src/errors.ts";
import { checksum32, hash64 } from "../src/hash.ts";
import { limits } from "../src/limits.ts";
import { earliest, laterOf, successor, type Timestamp } from "../src/timestamp.ts";
import type { Effect, Instant, Persist } from "./effects.ts";
import type { StoreReader, Write } from "./store.ts";

/** What is durable, and therefore may be used. */
export interface Lease {
  readonly replicaId: ReplicaId;
  /** Epochs below this one may be handed out. */
  readonly epochEnd: number;
}

/** Epochs per lease: each key that this replica is the first to write takes one, so a renewal every few thousand new keys. */
const epochsPerLease = 10_000;
const renewBelowFraction = 0.2;
/**
 * How far the durable bound runs ahead of the timestamps: one small write in so many ms under load. After an unclean stop the
 * clock starts at the bound, so much ahead of the wall; it must stay far below `limits.clockOffsetMsMax`.
 */
const boundLeadMs = 100;

/** Where a directory says whose it is: without it, it is empty. */
export const identityKey: Uint8Array = new Uint8Array([1]);
const version = 1;

export class Identity {
  replicaId: ReplicaId = "";
  /** For `startOver`. */
  #spareReplicaId: ReplicaId = "";
  #epochFloor = 1;
  #nextEpoch = 1;
  #lastTimestamp: Timestamp = earliest;
  #boundMs = 0;
  #isBoundWritten = true;
  /** The end of the lease that is asked for. */
  #epochEnd = 1;
  /** What of it is durable. */
  #lease: Lease = { replicaId: "", epochEnd: 0 };

  /** Takes up what the directory knows, or begins anew. The lease in the batch must be durable before anything is minted. */
  start(now: Instant, store: StoreReader, freshReplicaId: ReplicaId, isCopy: boolean): Persist {
    const stored = isCopy ? undefined : readIdentity(store.get("meta", identityKey));
    this.replicaId = stored?.replicaId ?? freshReplicaId;
    this.#spareReplicaId = stored === undefined ? successorOf(freshReplicaId) : freshReplicaId;
    this.#nextEpoch = stored?.epochEnd ?? 1;
    this.#epochFloor = stored?.wasCleanStop === true ? stored.epochFloor : this.#nextEpoch;
    this.#lastTimestamp = { ms: stored?.boundMs ?? 0, counter: 0 };
    this.#boundMs = Math.max(now.wallMs, this.#lastTimestamp.ms) + boundLeadMs;
    return this.#renewal([{ kind: "ready" }]);
  }

  /**
   * Becomes a new replica: somebody knows epochs of ours that we have not begun, so this directory was set back. Nothing is
   * minted until the new identity is durable.
   */
  startOver(): Persist {
    this.replicaId = this.#spareReplicaId;
    this.#spareReplicaId = successorOf(this.replicaId);
    this.#nextEpoch = this.#epochFloor = 1;
    return this.#renewal([]);
  }

  /** A lease is on disk. One of the replica that this was before it started over is of no use. */
  leased(lease: Lease): void {
    if (lease.replicaId === this.replicaId) this.#lease = lease;
  }

  /** Asks for more epochs in time; nothing if there are enough, or they are on their way. */
  renewIfLow(): Persist | undefined {
    return this.#epochEnd - this.#nextEpoch < epochsPerLease * renewBelowFraction ? this.#renewal([]) : undefined;
  }

  /** The last words of a clean stop: the open epochs stay open for the next start. */
  stop(): Persist {
    this.#epochEnd = this.#nextEpoch;
    this.#boundMs = this.#lastTimestamp.ms + 1;
    return { kind: "persist", writes: [this.#takeWrite(true)], then: [{ kind: "stopped" }] };
  }

  /**
   * The dot of the next write to a key.
   * @param seen the local object's context
   * @param isAmnesiac what is here is known to be less than what this replica once issued: take a fresh epoch
   * @throws OVERLOADED if the lease is used up and its renewal not yet durable
   */
  mint(seen: CausalContext, isAmnesiac: boolean): Dot {
    if (this.#lease.replicaId !== this.replicaId) throw overloaded("the replica's identity is not yet on disk");
    const actor = isAmnesiac ? undefined : this.#openActor(seen);
    if (actor === undefined) return this.mintFresh();
    return { actor, counter: (eventsOf(seen, actor)?.base ?? 0) + 1 };
  }

  mintFresh(): Dot {
    if (this.#lease.replicaId !== this.replicaId || this.#nextEpoch >= this.#lease.epochEnd)
      throw overloaded("the lease of epochs is used up and being renewed");
    return { actor: makeActor(this.replicaId, this.#nextEpoch++), counter: 1 };
  }

  /** Whether `claimed` has dots of this replica, in epochs still open, that `seen` lacks: somebody remembers what it forgot. */
  knowsLess(seen: CausalContext, claimed: CausalContext): boolean {
    return claimed.some((events) => this.#isOpen(events.actor) && !includes(seen, [events]));
  }

  /** Whether a context has an epoch of this replica that was never handed out: it was not issued by any store. */
  claimsFuture(claimed: CausalContext): boolean {
    return claimed.some((events) => this.#isMine(events.actor) && epochOf(events.actor) >= this.#nextEpoch);
  }

  /**
   * A timestamp above all that were issued here, above `replaced`, and not below the wall clock.
   * @throws CLOCK_SKEW if `replaced`, or what this node issued before, is too far ahead of its clock
   */
  timestamp(now: Instant, replaced: Timestamp): Timestamp {
    checkSkew(now, replaced);
    const wall = { ms: now.wallMs, counter: 0 };
    const next = [successor(this.#lastTimestamp), successor(replaced)].reduce(laterOf, wall);
    checkSkew(now, next); // this clock was ahead, and has been set back since: nobody would take what it issues
    this.#lastTimestamp = next;
    if (this.#lastTimestamp.ms >= this.#boundMs) {
      this.#boundMs = this.#lastTimestamp.ms + boundLeadMs;
      this.#isBoundWritten = false;
    }
    return this.#lastTimestamp;
  }

  /** What must go into the batch of the record that carries the last timestamp: most of the time nothing. */
  takeBoundWrite(): Write | undefined {
    if (this.#isBoundWritten) return undefined;
    return this.#takeWrite(false);
  }

  /** The newest open epoch that the key's context knows. Older ones of this replica are left alone: amnesia closed them. */
  #openActor(seen: CausalContext): Actor | undefined {
    const newest = seen.findLast((events) => this.#isMine(events.actor));
    if (newest === undefined || !this.#isOpen(newest.actor) || newest.cloud.length > 0) return undefined;
    return newest.actor;
  }

  #isMine(actor: Actor): boolean {
    return actor.startsWith(this.replicaId);
  }

  #isOpen(actor: Actor): boolean {
    if (!this.#isMine(actor)) return false;
    const epoch = epochOf(actor);
    return epoch >= this.#epochFloor && epoch < this.#nextEpoch;
  }

  #renewal(then: readonly Effect[]): Persist {
    this.#epochEnd = this.#nextEpoch + epochsPerLease;
    const lease = { replicaId: this.replicaId, epochEnd: this.#epochEnd };
    const leased = { kind: "deliver", input: { kind: "leased", lease } } as const;
    return { kind: "persist", writes: [this.#takeWrite(false)], then: [leased, ...then] };
  }

  #takeWrite(wasCleanStop: boolean): Write {
    this.#isBoundWritten = true;
    const { replicaId } = this;
    const stored = {
      replicaId,
      epochFloor: this.#epochFloor,
      epochEnd: this.#epochEnd,
      boundMs: this.#boundMs,
      wasCleanStop,
    };
    return { table: "meta", key: identityKey, value: encodeIdentity(stored) };
  }
}

/** Another id that nobody else has, if the one that it follows was random. */
function successorOf(replicaId: ReplicaId): ReplicaId {
  const bytes = new ByteWriter();
  bytes.hash(hash64(fromBinary(replicaId)));
  return toBinary(bytes.take());
}

/** @throws CLOCK_SKEW: a timestamp that is too far ahead is refused, never clamped */
export function checkSkew(now: Instant, t: Timestamp): void {
  const aheadMs = t.ms - now.wallMs;
  if (aheadMs > limits.clockOffsetMsMax)
    throw clockSkew(`a timestamp is ${aheadMs} ms ahead of this node's clock, the limit is ${limits.clockOffsetMsMax}`);
}

interface StoredIdentity extends Lease {
  readonly epochFloor: number;
  readonly boundMs: number;
  readonly wasCleanStop: boolean;
}

function encodeIdentity(identity: StoredIdentity): Uint8Array {
  const writer = new ByteWriter();
  writer.byte(version);
  writer.text(identity.replicaId, 0, 8);
  writer.number(identity.epochFloor);
  writer.number(identity.epochEnd);
  writer.number(identity.boundMs);
  writer.byte(identity.wasCleanStop ? 1 : 0);
  writer.fixed(checksum32(writer.view()), 4);
  return writer.take();
}

/** Nothing if it cannot be read: then the directory gets a new identity, which is always safe. */
function readIdentity(bytes: Uint8Array | undefined): StoredIdentity | undefined {
  if (bytes === undefined || bytes.length < 5) return undefined;
  try {
    const reader = new ByteReader(bytes);
    if (reader.byte() !== version) return undefined;
    const identity = {
      replicaId: reader.text8(),
      epochFloor: reader.number(),
      epochEnd: reader.number(),
      boundMs: reader.number(),
      wasCleanStop: reader.byte() === 1,
    };
    return reader.fixed(4) === checksum32(bytes.subarray(0, bytes.length - 4)) ? identity : undefined;
  } catch (error) {
    if (error instanceof MalformedBytes) return undefined;
    throw error;
  }
}
