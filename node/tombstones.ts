/**
 * Removes tombstones, by proof: only when all primaries hold the same one and nothing older is left anywhere, so that nothing that was
 * deleted can come back. One node collects a key: the first of its primaries, when it can reach every member of the ring.
 *
 *   waiting ──tombstoneAgeMs──▶ first check ──all agree──▶ confirmed ──messageLifetimeMs──▶ second check ──all agree──▶ drop
 *      ▲                            │ not all agree                                              │
 *      └────────────────────────────┴────────────────────────────────────────────────────────────┘
 *   A new record of the key takes it out of wherever it is: another tombstone waits anew, a value ends it.
 *   While somebody cannot be reached nothing moves.
 *
 * Why that is safe. Let T be the tombstone and d a write that T has seen. "Old" is any state in which d is live.
 * 1. Every member agrees twice, and says the second time that nothing touched the key since the first (`agreements.ts`). So from
 *    the end of the first check to the begin of the second all primaries held T and nothing else, and nobody had a hint.
 * 2. In that time what was old was only on its way, or in the memory of an open request: nothing on a disk could renew it. Where it
 *    arrived it was joined into T and changed nothing, or became a hint, which the second check finds out.
 * 3. Nothing on its way or open lives longer than `messageLifetimeMs`, from a request's begin to the arrival of the last message
 *    that it caused. So at the second check nothing old is left, and nothing can make it anew: d is dead for good.
 * 4. Therefore it does not matter when a drop comes, or how often, or whether it does. One that is lost leaves T there; reads and
 *    anti-entropy may spread T again; it is collected again later. Compare-and-delete removes T and nothing else.
 * 5. A write between the second check and a drop changes the record, and the drop refuses. Where T is gone already the write has
 *    a dot of a fresh epoch, which no T has ever seen: nothing kills it, and beside T it stays. Its token may know T or less.
 * 6. The answers are given from disk: a barrier stands before each, so that no crash goes back behind T.
 *
 * A replica that dropped a key no longer holds dots that it issued: whoever still knows them (an old token, a T that comes back)
 * makes it take a fresh epoch, the same as after amnesia (design §4.3). No dot is issued twice.
 *
 * Not covered: a directory that is restored from a copy older than `messageLifetimeMs` while the rest of the cluster goes on. It may
 * bring back what was deleted since. Whoever restores one must begin with an empty directory instead.
 *
 * Source: design §7; the bugs that it answers are Riak's "doomstones" (kv679) and Cassandra's and Scylla's resurrections by a
 * period of grace (scenarios 4, 5, 25, 32, 33): time alone proves nothing about a replica that was away.
 */
import { fromBinary, toBinary } from "../src/bytes.ts";
import { bucketOf } from "../src/key.ts";
import type { KeyState, PeerMessage, TombstoneCheck, TombstoneDrop } from "../src/messages.ts";
import { isDeleted } from "../src/shown.ts";
import { replicasOf } from "../src/options.ts";
import { decodeRecord, digestOf } from "../src/record.ts";
import type { NodeId } from "../src/ring.ts";
import { Agreements } from "./agreements.ts";
import type { Partitions } from "./partition.ts";
import type { Place, Self } from "./self.ts";
import { TombstoneRound } from "./tombstone-round.ts";

/** A tombstone that may go one day. Texts, since they weigh a third of byte arrays. */
interface Tombstone {
  readonly hash: bigint;
  readonly key: string;
  readonly digest: string;
  /** Since when it is in this state, on the monotonic clock. */
  readonly sinceMs: number;
}

/** Of one message. */
const batchMax = 256;
/** About 10 MB. What finds no room is found again by the next scrub. */
const tombstonesMax = 50_000;
/** In lifetimes: how much longer the second check waits than it must, for clocks that do not run alike. */
const patience = 1 + 1 / 16;
/** In lifetimes: after a round that failed. */
const pause = 1 / 16;

export interface TombstoneStatus {
  /** Until they are old enough, and everybody agrees. */
  readonly waiting: number;
  /** Everybody has agreed once. */
  readonly confirmed: number;
  /** What this node agreed to, for whoever collects. */
  readonly agreed: number;
}

export class Tombstones {
  readonly #self: Self;
  readonly #partitions: Partitions;
  readonly #agreements: Agreements;
  readonly #others: readonly NodeId[];
  /** By the hash of the key; both in the order of `sinceMs`. */
  readonly #waiting = new Map<bigint, Tombstone>();
  readonly #confirmed = new Map<bigint, Tombstone>();
  #isInRound = false;
  #nextRoundMs = 0;

  /** @param hasHint whether this node keeps a hint for the key, for whatever target */
  constructor(self: Self, partitions: Partitions, hasHint: (place: Place) => boolean) {
    this.#self = self;
    this.#partitions = partitions;
    this.#agreements = new Agreements(self, partitions, hasHint);
    this.#others = self.ring.table.members.map(({ id }) => id).filter((id) => id !== self.id);
  }

  status(): TombstoneStatus {
    return { waiting: this.#waiting.size, confirmed: this.#confirmed.size, agreed: this.#agreements.size };
  }

  /** A record was handed to the disk, or removed. On the hot path of every write. */
  stored(place: Place, record: Uint8Array | undefined, isDeletion: boolean): void {
    this.#agreements.changed(place);
    if (this.#waiting.size > 0) this.#waiting.delete(place.hash);
    if (this.#confirmed.size > 0) this.#confirmed.delete(place.hash);
    if (isDeletion && record !== undefined) this.#note(place, record);
  }

  /** A hint for the key was stored here. */
  hinted(place: Place): void {
    this.#agreements.changed(place);
  }

  /** The scrub came by a sound record. One that is known already goes on waiting. */
  noteRecord(place: Place, record: Uint8Array): void {
    if (this.#waiting.has(place.hash) || this.#confirmed.has(place.hash)) return;
    if (this.#isCollector(place) && isDeleted(decodeRecord(record))) this.#note(place, record);
  }

  /** Begins a round if one is due: at most one is open, and at most one begins in a tick. */
  tick(): void {
    this.#agreements.tick();
    const { now, isDiskFull, tuning } = this.#self;
    if (this.#isInRound || isDiskFull || now.monotonicMs < this.#nextRoundMs) return;
    if (this.#self.whim("lets tombstones be")) return;
    const confirmed = this.#due(this.#confirmed, tuning.messageLifetimeMs * patience);
    const due = confirmed.length > 0 ? confirmed : this.#due(this.#waiting, tuning.tombstoneAgeMs);
    if (due.length === 0) return;
    if (this.#others.every((node) => this.#self.canReach(node))) this.#check(due, confirmed.length > 0);
    else this.#pause();
  }

  /** @throws INVALID_ARGUMENT, TOO_LARGE on what is no key */
  receive(node: NodeId, message: TombstoneCheck | TombstoneDrop): void {
    const { id, states } = message;
    if (message.kind === "TombstoneCheck") {
      const agreed = this.#agreements.check(states, message.isSecond);
      this.#sendWhenDurable([node], { kind: "TombstoneCheckReply", id, agreed });
    } else if (!this.#self.isDiskFull) {
      this.#drop(states);
      this.#sendWhenDurable([node], { kind: "TombstoneDropReply", id });
    }
  }

  #note(place: Place, record: Uint8Array): void {
    if (!this.#isCollector(place) || this.#waiting.size + this.#confirmed.size >= tombstonesMax) return;
    this.#waiting.set(place.hash, {
      hash: place.hash,
      key: toBinary(place.key),
      digest: toBinary(digestOf(record)),
      sinceMs: this.#self.now.monotonicMs,
    });
  }

  #isCollector(place: Place): boolean {
    return this.#primariesOf(place)[0] === this.#self.id;
  }

  #primariesOf(place: Place): readonly NodeId[] {
    const n = replicasOf(bucketOf(place.key), this.#self.options);
    return this.#self.ring.primaries(place.partition, n).map(({ node }) => node);
  }

  #due(tombstones: ReadonlyMap<bigint, Tombstone>, ageMs: number): Tombstone[] {
    const due: Tombstone[] = [];
    for (const tombstone of tombstones.values()) {
      if (due.length === batchMax || tombstone.sinceMs + ageMs > this.#self.now.monotonicMs) break;
      due.push(tombstone);
    }
    return due;
  }

  /** This node is asked like any other; only about what it agrees to are the others. */
  #check(due: readonly Tombstone[], isSecond: boolean): void {
    const agreed = new Set(this.#agreements.check(due.map(stateOf), isSecond));
    for (const [at, tombstone] of due.entries()) if (!agreed.has(at)) this.#waitAnew(tombstone);
    const batch = due.filter((_, at) => agreed.has(at));
    if (batch.length === 0) return;
    const states = batch.map(stateOf);
    const places = [...states.keys()];
    if (this.#others.length === 0) return this.#checked(batch, isSecond, new Set(places));
    const round = this.#ask(this.#others, "TombstoneCheckReply", places, (all) => this.#checked(batch, isSecond, all));
    this.#sendWhenDurable(this.#others, { kind: "TombstoneCheck", id: round.id, isSecond, states });
  }

  #checked(batch: readonly Tombstone[], isSecond: boolean, agreed: ReadonlySet<number> | undefined): void {
    if (agreed === undefined) return this.#pause();
    // What was stored meanwhile is another tombstone, or none: its name alone would be no proof.
    const from = isSecond ? this.#confirmed : this.#waiting;
    const isStill = (tombstone: Tombstone): boolean => from.get(tombstone.hash) === tombstone;
    const passed = batch.filter((tombstone, at) => isStill(tombstone) && agreed.has(at));
    for (const [at, tombstone] of batch.entries()) if (isStill(tombstone) && !agreed.has(at)) this.#waitAnew(tombstone);
    if (isSecond) this.#collect(passed);
    else for (const tombstone of passed) this.#confirm(tombstone);
  }

  #confirm(tombstone: Tombstone): void {
    this.#waiting.delete(tombstone.hash);
    this.#confirmed.set(tombstone.hash, { ...tombstone, sinceMs: this.#self.now.monotonicMs });
  }

  #waitAnew(tombstone: Tombstone): void {
    this.#waiting.delete(tombstone.hash);
    this.#confirmed.delete(tombstone.hash);
    this.#waiting.set(tombstone.hash, { ...tombstone, sinceMs: this.#self.now.monotonicMs });
  }

  #collect(batch: readonly Tombstone[]): void {
    const states = batch.map(stateOf);
    const byNode = new Map<NodeId, KeyState[]>();
    for (const state of states)
      for (const node of this.#primariesOf(this.#self.locate(state.key)))
        if (node !== this.#self.id) byNode.set(node, [...(byNode.get(node) ?? []), state]);
    if (byNode.size > 0) {
      const { id } = this.#ask([...byNode.keys()], "TombstoneDropReply", [], () => {});
      for (const [node, its] of byNode) this.#self.send(node, { kind: "TombstoneDrop", id, states: its });
    }
    this.#drop(states);
  }

  #drop(states: readonly KeyState[]): void {
    for (const { key, digest } of states) this.#partitions.drop(this.#self.locate(key), digest);
  }

  #ask(
    nodes: readonly NodeId[],
    kind: "TombstoneCheckReply" | "TombstoneDropReply",
    places: readonly number[],
    onEnd: (agreed: ReadonlySet<number> | undefined) => void,
  ): TombstoneRound {
    this.#isInRound = true;
    return new TombstoneRound(this.#self, nodes, kind, places, (agreed) => {
      this.#isInRound = false;
      onEnd(agreed);
    });
  }

  #pause(): void {
    this.#nextRoundMs = this.#self.now.monotonicMs + this.#self.tuning.messageLifetimeMs * pause;
  }

  /** What is said is true of the disk when it leaves: a crash does not go back behind it. */
  #sendWhenDurable(nodes: readonly NodeId[], message: PeerMessage): void {
    const then = nodes.map((node) => ({ kind: "send", node, message }) as const);
    this.#self.emit({ kind: "persist", writes: [], then });
  }
}

function stateOf({ key, digest }: Tombstone): KeyState {
  return { key: fromBinary(key), digest: fromBinary(digest) };
}
