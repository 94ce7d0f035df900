/**
 * Who this replica is, and the leases under which it may issue dots and timestamps. No dot is ever issued twice:
 *
 * - A replica id is random, and stays only over a clean stop after which nobody has touched the data. Any other start takes a
 *   new one, under which no dot was ever issued: after a crash dots may have left the node whose records never reached its
 *   disk, and a directory that was lost, copied or set back to an older state knows even less of what was issued.
 * - What no start can see is a disk that was rolled back below the file system, to the state of a clean stop. That shows when a
 *   peer knows epochs of ours that we have not begun: `startOver`.
 * - An actor is (replica id, epoch). Epochs are handed out only below a durable lease, which a clean stop ends where they stand.
 * - Timestamps never go back: none leaves the node before a bound above it is on disk, and after a start they go on from that
 *   bound. Under load it is renewed ahead, so that a put hardly ever waits for it.
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
  /** Timestamps of earlier milliseconds may leave the node. */
  readonly boundMs: number;
}

/** Epochs per lease: each key that this replica is the first to write takes one, so a renewal every few thousand new keys. */
const epochsPerLease = 10_000;
const renewBelowFraction = 0.2;
/**
 * How far the durable bound runs ahead of the clock. It is renewed when half of that is used up: one small write in half so many
 * ms under load, and a put waits only for a disk that is slower. After an unclean stop the clock starts at the bound, so much
 * ahead of the wall; it must stay far below `limits.clockOffsetMsMax`.
 */
const boundLeadMs = 200;
/** For so long after a timestamp the bound is kept ahead. More spares the puts of a quiet node a wait, and costs it writes. */
const boundKeptMs = 1000;

/** Where a directory says whose it is: without it, it is empty. */
export const identityKey: Uint8Array = new Uint8Array([1]);
const version = 2;
const writer = new ByteWriter();

export class Identity {
  replicaId: ReplicaId = "";
  /** For `startOver`. */
  #spareReplicaId: ReplicaId = "";
  #nextEpoch = 1;
  #lastTimestamp: Timestamp = earliest;
  /** The lease that is asked for. Its bound only rises: what is under way must not go below what was durable before it. */
  #epochEnd = 1;
  #boundMs = 0;
  /** What of it is durable. */
  #lease: Lease = { replicaId: "", epochEnd: 0, boundMs: 0 };

  /**
   * Goes on after a clean stop, or begins anew. The lease in the batch must be durable before anything is minted: it takes back
   * the mark of that stop.
   * @param mayBeOlder the store may be older than what was issued from it. Its bound is of use even so: one too high does no harm.
   */
  start(now: Instant, store: StoreReader, freshReplicaId: ReplicaId, mayBeOlder: boolean): Persist {
    const stored = readIdentity(store.get("meta", identityKey));
    const kept = stored?.wasCleanStop === true && !mayBeOlder ? stored : undefined;
    this.replicaId = kept?.replicaId ?? freshReplicaId;
    this.#spareReplicaId = kept === undefined ? successorOf(freshReplicaId) : freshReplicaId;
    this.#nextEpoch = kept?.epochEnd ?? 1;
    this.#lastTimestamp = { ms: stored?.boundMs ?? 0, counter: 0 };
    return this.#renewal(now, [{ kind: "ready" }]);
  }

  /**
   * Becomes a new replica: somebody knows epochs of ours that we have not begun, so this disk was rolled back. Nothing is
   * minted until the new identity is durable.
   */
  startOver(now: Instant): Persist {
    this.replicaId = this.#spareReplicaId;
    this.#spareReplicaId = successorOf(this.replicaId);
    this.#nextEpoch = 1;
    return this.#renewal(now, []);
  }

  /** A lease is on disk. One of the replica that this was before it started over is of no use. */
  leased(lease: Lease): void {
    if (lease.replicaId === this.replicaId) this.#lease = lease;
  }

  /** Asks for more epochs and a higher bound in time; nothing if there is enough of both, or it is on its way. */
  renewIfLow(now: Instant): Persist | undefined {
    const isLow = this.#epochEnd - this.#nextEpoch < epochsPerLease * renewBelowFraction;
    return isLow || this.#isBoundLow(now) ? this.#renewal(now, []) : undefined;
  }

  /** Asks for a bound above the last timestamp, if none is on its way. Emit it before the record with that timestamp. */
  renewIfOutrun(now: Instant): Persist | undefined {
    return this.#lastTimestamp.ms >= this.#boundMs ? this.#renewal(now, []) : undefined;
  }

  /** Whether the last timestamp may leave the node. If not, it may after the batches that were emitted so far. */
  get mayLeave(): boolean {
    return this.#lastTimestamp.ms < this.#lease.boundMs;
  }

  /** The last words of a clean stop: the next start goes on in the epochs that were begun. */
  stop(): Persist {
    this.#epochEnd = this.#nextEpoch;
    this.#boundMs = this.#lastTimestamp.ms + 1;
    return { kind: "persist", writes: [this.#write(true)], then: [{ kind: "stopped" }] };
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

  /** Whether `claimed` has dots of this replica, in epochs that were begun, that `seen` lacks: somebody remembers what it forgot. */
  knowsLess(seen: CausalContext, claimed: CausalContext): boolean {
    return claimed.some((events) => this.#hasBegun(events.actor) && !includes(seen, [events]));
  }

  /** Whether both know the same dots of this replica: what is minted on top of either is the same dot. */
  isAlike(a: CausalContext, b: CausalContext): boolean {
    const [mineInA, mineInB] = [a, b].map((context) => context.filter(({ actor }) => this.#isMine(actor)));
    return includes(mineInA!, mineInB!) && includes(mineInB!, mineInA!);
  }

  /** Whether a context has an epoch of this replica that was never handed out: it was not issued by any store. */
  claimsFuture(claimed: CausalContext): boolean {
    return claimed.some(({ actor }) => this.#isMine(actor) && !this.#hasBegun(actor));
  }

  /**
   * A timestamp above all that were issued here, above `replaced`, and not below the wall clock. See `mayLeave`.
   * @throws CLOCK_SKEW if `replaced`, or what this node issued before, is too far ahead of its clock
   */
  timestamp(now: Instant, replaced: Timestamp): Timestamp {
    checkSkew(now, replaced);
    const wall = { ms: now.wallMs, counter: 0 };
    const next = [successor(this.#lastTimestamp), successor(replaced)].reduce(laterOf, wall);
    checkSkew(now, next); // this clock was ahead, and has been set back since: nobody would take what it issues
    this.#lastTimestamp = next;
    return next;
  }

  /** The newest epoch of this replica that the key's context knows. Older ones are left alone: amnesia closed them. */
  #openActor(seen: CausalContext): Actor | undefined {
    const newest = seen.findLast((events) => this.#isMine(events.actor));
    if (newest === undefined || !this.#hasBegun(newest.actor) || newest.cloud.length > 0) return undefined;
    return newest.actor;
  }

  #isMine(actor: Actor): boolean {
    return actor.startsWith(this.replicaId);
  }

  #hasBegun(actor: Actor): boolean {
    return this.#isMine(actor) && epochOf(actor) < this.#nextEpoch;
  }

  /** An idle node writes nothing: its bound is left behind, and the next put waits for another. */
  #isBoundLow(now: Instant): boolean {
    const { ms } = this.#lastTimestamp;
    const leftMs = this.#boundMs - Math.max(now.wallMs, ms);
    return leftMs < boundLeadMs / 2 && now.wallMs - ms < boundKeptMs;
  }

  #renewal(now: Instant, then: readonly Effect[]): Persist {
    this.#epochEnd = this.#nextEpoch + epochsPerLease;
    this.#boundMs = Math.max(this.#boundMs, Math.max(now.wallMs, this.#lastTimestamp.ms) + boundLeadMs);
    const lease = { replicaId: this.replicaId, epochEnd: this.#epochEnd, boundMs: this.#boundMs };
    const leased = { kind: "deliver", input: { kind: "leased", lease } } as const;
    return { kind: "persist", writes: [this.#write(false)], then: [leased, ...then] };
  }

  #write(wasCleanStop: boolean): Write {
    const stored = { replicaId: this.replicaId, epochEnd: this.#epochEnd, boundMs: this.#boundMs, wasCleanStop };
    return { table: "meta", key: identityKey, value: encodeIdentity(stored) };
  }
}

/** Another id that nobody else has, if the one that it follows was random. */
function successorOf(replicaId: ReplicaId): ReplicaId {
  writer.clear();
  writer.hash(hash64(fromBinary(replicaId)));
  return toBinary(writer.take());
}

/** @throws CLOCK_SKEW: a timestamp that is too far ahead is refused, never clamped */
export function checkSkew(now: Instant, t: Timestamp): void {
  const aheadMs = t.ms - now.wallMs;
  if (aheadMs > limits.clockOffsetMsMax)
    throw clockSkew(`a timestamp is ${aheadMs} ms ahead of this node's clock, the limit is ${limits.clockOffsetMsMax}`);
}

interface StoredIdentity extends Lease {
  readonly wasCleanStop: boolean;
}

function encodeIdentity(identity: StoredIdentity): Uint8Array {
  writer.clear();
  writer.byte(version);
  writer.text(identity.replicaId, 0, 8);
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
