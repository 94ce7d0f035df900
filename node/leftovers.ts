/**
 * Removes what is kept only because somebody may not know yet, by proof: only when all primaries hold the same state and nothing older
 * is left anywhere. Two kinds: a key of which nothing is left but tombstones goes as a whole, so that nothing that was deleted comes
 * back; of any other key go the operations that are spent, so that nothing that was tried counts twice. One node collects a key: the
 * first of its primaries, when it can reach every member of the ring.
 *
 *   waiting ──its age──▶ first check ──all agree──▶ confirmed ──messageLifetimeMs──▶ second check ──all agree──▶ drop
 *      ▲                     │ not all agree                                              │
 *      └─────────────────────┴────────────────────────────────────────────────────────────┘
 *   The age is `tombstoneAgeMs`, or for operations `retryWindowMs`. A new record of the key takes it out of wherever it is: if that
 *   leaves something over too, it waits anew. While somebody cannot be reached nothing moves.
 *
 * Why that is safe. Let S be the state, and d a write that S has seen and that is not live in it. "Old" is any state in which d is
 * live, or unseen.
 * 1. Every member agrees twice, and says the second time that nothing touched the key since the first (`agreements.ts`). So from
 *    the end of the first check to the begin of the second all primaries held S and nothing else, and nobody had a hint.
 * 2. In that time what was old was only on its way, or in the memory of an open request: nothing on a disk could renew it. Where it
 *    arrived it was joined into S and changed nothing, or became a hint, which the second check finds out.
 * 3. Nothing on its way or open lives longer than `messageLifetimeMs`, from a request's begin to the arrival of the last message
 *    that it caused. So at the second check nothing old is left, and nothing can make it anew: d is dead for good.
 * 4. Therefore it does not matter when a drop comes, or how often, or whether it does. A tombstone of which the drop is lost stays
 *    there; reads and anti-entropy may spread it again; it is collected again later. Compare-and-delete removes S and nothing else.
 * 5. A write between the second check and a drop changes the record, and the drop refuses. Where a tombstone is gone already the write
 *    has a dot of a fresh epoch, which none has ever seen: nothing kills it, and beside the tombstone it stays. Its token may know the
 *    tombstone or less.
 * 6. The answers are given from disk: a barrier stands before each, so that no crash goes back behind S.
 *
 * And for operations, of which more is to be shown: that nobody tries one again. Let o be spent in S.
 * 7. o began before S was stored here, and S waited `retryWindowMs`: at the first check no try of o is begun any more. An older one a
 *    coordinator refuses by the age that it bears (`replica.ts`).
 * 8. A try that is under way then ends before the second check (3). A coordinator that held S recognised it. Any other minted a dot for
 *    it, in a hint or in a record that is not S, and did not agree.
 * 9. So at the second check no try of o is left, and S has every dot that o was ever given. What counts of o is in its actor's sum. Where
 *    o has several dots `forgetSpent` keeps what readers need to count it once, until its actor takes one back.
 * 10. A replica that missed the drop holds S, the others less: in the chain live, spent, gone they are further along, and the join of
 *    both is theirs. Nothing has to be collected again.
 *
 * A replica that dropped a key no longer holds dots that it issued: whoever still knows them (an old token, a tombstone that comes
 * back) makes it take a fresh epoch, the same as after amnesia (design §4.3). No dot is issued twice.
 *
 * Not covered: a directory that is restored from a copy older than `messageLifetimeMs` while the rest of the cluster goes on. It may
 * bring back what was deleted since. Whoever restores one must begin with an empty directory instead. Nor a client that was put to
 * sleep with a try in its socket, and wakes when `messageLifetimeMs` is over: the try bears the age that it had.
 *
 * Source: design §7, §8; the bugs that it answers are Riak's "doomstones" (kv679) and Cassandra's and Scylla's resurrections by a
 * period of grace (scenarios 4, 5, 25, 32, 33): time alone proves nothing about a replica that was away.
 */
import { fromBinary, toBinary } from "../src/bytes.ts";
import { bucketOf } from "../src/key.ts";
import type { KeyState, PeerMessage, LeftoverCheck, LeftoverDrop } from "../src/messages.ts";
import { leftoverOf, type LeftoverKind } from "../src/leftover.ts";
import { replicasOf } from "../src/options.ts";
import { decodeRecord, digestOf } from "../src/record.ts";
import type { NodeId } from "../src/ring.ts";
import { Agreements } from "./agreements.ts";
import { LeftoverRound } from "./leftover-round.ts";
import type { Partitions } from "./partition.ts";
import type { Place, Self } from "./self.ts";

/** What may go one day. Texts, since they weigh a third of byte arrays. */
interface Leftover {
  readonly kind: LeftoverKind;
  readonly hash: bigint;
  readonly key: string;
  readonly digest: string;
  /** Since when it is in this state, on the monotonic clock. */
  readonly sinceMs: number;
}

/** Of one message. */
const batchMax = 256;
/** Of each kind, about 10 MB. What finds no room is found again by the next scrub. */
const waitingMax = 50_000;
/** In lifetimes: how much longer the second check waits than it must, for clocks that do not run alike. */
const patience = 1 + 1 / 16;
/** In lifetimes: after a round that failed. */
const pause = 1 / 16;

export interface LeftoversStatus {
  /** Until they are old enough, and everybody agrees. */
  readonly tombstonesWaiting: number;
  /** Keys with spent operations, the same. */
  readonly operationsWaiting: number;
  /** Everybody has agreed once. */
  readonly confirmed: number;
  /** What this node agreed to, for whoever collects. */
  readonly agreed: number;
}

export class Leftovers {
  readonly #self: Self;
  readonly #partitions: Partitions;
  readonly #agreements: Agreements;
  readonly #others: readonly NodeId[];
  /** By the hash of the key; all in the order of `sinceMs`. */
  readonly #waiting: Readonly<Record<LeftoverKind, Map<bigint, Leftover>>> = {
    tombstone: new Map(),
    operations: new Map(),
  };
  readonly #confirmed = new Map<bigint, Leftover>();
  #isInRound = false;
  #nextRoundMs = 0;

  /** @param hasHint whether this node keeps a hint for the key, for whatever target */
  constructor(self: Self, partitions: Partitions, hasHint: (place: Place) => boolean) {
    this.#self = self;
    this.#partitions = partitions;
    this.#agreements = new Agreements(self, partitions, hasHint);
    this.#others = self.ring.table.members.map(({ id }) => id).filter((id) => id !== self.id);
  }

  status(): LeftoversStatus {
    const { tombstone, operations } = this.#waiting;
    return {
      tombstonesWaiting: tombstone.size,
      operationsWaiting: operations.size,
      confirmed: this.#confirmed.size,
      agreed: this.#agreements.size,
    };
  }

  /** A record was handed to the disk, or removed. On the hot path of every write. */
  stored(place: Place, record: Uint8Array | undefined, kind: LeftoverKind | undefined): void {
    this.#agreements.changed(place);
    this.#forget(place.hash);
    if (kind !== undefined && record !== undefined) this.#note(place, record, kind);
  }

  /** A hint for the key was stored here. */
  hinted(place: Place): void {
    this.#agreements.changed(place);
  }

  /** The scrub came by a sound record. One that is known already goes on waiting. */
  noteRecord(place: Place, record: Uint8Array): void {
    const { tombstone, operations } = this.#waiting;
    if ([tombstone, operations, this.#confirmed].some((known) => known.has(place.hash))) return;
    const kind = this.#isCollector(place) ? leftoverOf(decodeRecord(record)) : undefined;
    if (kind !== undefined) this.#note(place, record, kind);
  }

  /** Begins a round if one is due: at most one is open, and at most one begins in a tick. */
  tick(): void {
    this.#agreements.tick();
    const { now, isDiskFull, tuning } = this.#self;
    if (this.#isInRound || isDiskFull || now.monotonicMs < this.#nextRoundMs) return;
    if (this.#self.whim("lets leftovers be")) return;
    const confirmed = this.#due(this.#confirmed, tuning.messageLifetimeMs * patience);
    const due = confirmed.length > 0 ? confirmed : this.#dueFirst();
    if (due.length === 0) return;
    if (this.#others.every((node) => this.#self.canReach(node))) this.#check(due, confirmed.length > 0);
    else this.#pause();
  }

  /** @throws INVALID_ARGUMENT, TOO_LARGE on what is no key */
  receive(node: NodeId, message: LeftoverCheck | LeftoverDrop): void {
    const { id, states } = message;
    if (message.kind === "LeftoverCheck") {
      const agreed = this.#agreements.check(states, message.isSecond);
      this.#sendWhenDurable([node], { kind: "LeftoverCheckReply", id, agreed });
    } else if (!this.#self.isDiskFull) {
      this.#drop(states);
      this.#sendWhenDurable([node], { kind: "LeftoverDropReply", id });
    }
  }

  #note(place: Place, record: Uint8Array, kind: LeftoverKind): void {
    const waiting = this.#waiting[kind];
    if (waiting.size >= waitingMax || this.#confirmed.size >= waitingMax || !this.#isCollector(place)) return;
    waiting.set(place.hash, {
      kind,
      hash: place.hash,
      key: toBinary(place.key),
      digest: toBinary(digestOf(record)),
      sinceMs: this.#self.now.monotonicMs,
    });
  }

  #forget(hash: bigint): void {
    const { tombstone, operations } = this.#waiting;
    if (tombstone.size > 0) tombstone.delete(hash);
    if (operations.size > 0) operations.delete(hash);
    if (this.#confirmed.size > 0) this.#confirmed.delete(hash);
  }

  #isCollector(place: Place): boolean {
    return this.#primariesOf(place)[0] === this.#self.id;
  }

  #primariesOf(place: Place): readonly NodeId[] {
    const n = replicasOf(bucketOf(place.key), this.#self.options);
    return this.#self.ring.primaries(place.partition, n).map(({ node }) => node);
  }

  /** What may be asked about for the first time. */
  #dueFirst(): Leftover[] {
    const { tombstoneAgeMs, retryWindowMs } = this.#self.tuning;
    const tombstones = this.#due(this.#waiting.tombstone, tombstoneAgeMs);
    return tombstones.length > 0 ? tombstones : this.#due(this.#waiting.operations, retryWindowMs);
  }

  #due(leftovers: ReadonlyMap<bigint, Leftover>, ageMs: number): Leftover[] {
    const due: Leftover[] = [];
    for (const leftover of leftovers.values()) {
      if (due.length === batchMax || leftover.sinceMs + ageMs > this.#self.now.monotonicMs) break;
      due.push(leftover);
    }
    return due;
  }

  /** This node is asked like any other; only about what it agrees to are the others. */
  #check(due: readonly Leftover[], isSecond: boolean): void {
    const agreed = new Set(this.#agreements.check(due.map(stateOf), isSecond));
    for (const [at, leftover] of due.entries()) if (!agreed.has(at)) this.#waitAnew(leftover);
    const batch = due.filter((_, at) => agreed.has(at));
    if (batch.length === 0) return;
    const states = batch.map(stateOf);
    const places = [...states.keys()];
    if (this.#others.length === 0) return this.#checked(batch, isSecond, new Set(places));
    const round = this.#ask(this.#others, "LeftoverCheckReply", places, (all) => this.#checked(batch, isSecond, all));
    this.#sendWhenDurable(this.#others, { kind: "LeftoverCheck", id: round.id, isSecond, states });
  }

  #checked(batch: readonly Leftover[], isSecond: boolean, agreed: ReadonlySet<number> | undefined): void {
    if (agreed === undefined) return this.#pause();
    // What was stored meanwhile is another leftover, or none: its name alone would be no proof.
    const isStill = (leftover: Leftover): boolean =>
      (isSecond ? this.#confirmed : this.#waiting[leftover.kind]).get(leftover.hash) === leftover;
    const passed = batch.filter((leftover, at) => isStill(leftover) && agreed.has(at));
    for (const [at, leftover] of batch.entries()) if (isStill(leftover) && !agreed.has(at)) this.#waitAnew(leftover);
    if (isSecond) this.#collect(passed);
    else for (const leftover of passed) this.#confirm(leftover);
  }

  #confirm(leftover: Leftover): void {
    this.#forget(leftover.hash);
    this.#confirmed.set(leftover.hash, { ...leftover, sinceMs: this.#self.now.monotonicMs });
  }

  #waitAnew(leftover: Leftover): void {
    this.#forget(leftover.hash);
    this.#waiting[leftover.kind].set(leftover.hash, { ...leftover, sinceMs: this.#self.now.monotonicMs });
  }

  #collect(batch: readonly Leftover[]): void {
    const states = batch.map(stateOf);
    const byNode = new Map<NodeId, KeyState[]>();
    for (const state of states)
      for (const node of this.#primariesOf(this.#self.locate(state.key)))
        if (node !== this.#self.id) byNode.set(node, [...(byNode.get(node) ?? []), state]);
    if (byNode.size > 0) {
      const { id } = this.#ask([...byNode.keys()], "LeftoverDropReply", [], () => {});
      for (const [node, its] of byNode) this.#self.send(node, { kind: "LeftoverDrop", id, states: its });
    }
    this.#drop(states);
    // Where nothing could be dropped, as all that is spent has to stay, nothing was stored either.
    for (const { hash } of batch) this.#forget(hash);
  }

  #drop(states: readonly KeyState[]): void {
    for (const { key, digest } of states) this.#partitions.drop(this.#self.locate(key), digest);
  }

  #ask(
    nodes: readonly NodeId[],
    kind: "LeftoverCheckReply" | "LeftoverDropReply",
    places: readonly number[],
    onEnd: (agreed: ReadonlySet<number> | undefined) => void,
  ): LeftoverRound {
    this.#isInRound = true;
    return new LeftoverRound(this.#self, nodes, kind, places, (agreed) => {
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

function stateOf({ key, digest }: Leftover): KeyState {
  return { key: fromBinary(key), digest: fromBinary(digest) };
}
