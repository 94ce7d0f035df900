/**
 * Hinted handoff: what this node keeps for primaries that have missed it, until they have it on disk (Dynamo, SOSP 2007, §4.6).
 *
 *   add ──▶ kept: durable, joined per target and key ──the target is up──▶ sent ──its disk has it──▶ removed
 *                 │                                                          └── refused, lost, or changed meanwhile: sent again
 *                 └── older than `hintAgeMsMax`, and another primary has it ──▶ dropped and counted: anti-entropy takes over
 *
 * - A hint is removed only if it is still in the state that was acknowledged.
 * - What a stand-in keeps may be all that there is of an acknowledged write. When it is too old, some other primary must take it
 *   before it goes; a primary has it on its own account.
 * - What is kept here is this node's for as long as it is kept: a stand-in answers from it, and mints dots on top of what it keeps
 *   for the first primary, as long as that is all that it keeps of the key.
 * - A start counts what it finds before it sends anything; counting goes on in the background, a chunk a tick.
 */
import { ByteReader, ByteWriter, fromBinary, toBinary } from "../src/bytes.ts";
import { overloaded } from "../src/errors.ts";
import { lossesOf, type Loss } from "../src/conflict.ts";
import { bucketOf, formatKey } from "../src/key.ts";
import { sync } from "../src/object.ts";
import { replicasOf } from "../src/options.ts";
import { decodeRecord, encodeRecord, isSameState, recordProblem } from "../src/record.ts";
import type { NodeId } from "../src/ring.ts";
import type { Effect } from "./effects.ts";
import { Handoff } from "./handoff.ts";
import type { Place, Self } from "./self.ts";
import type { Update, Updated, Versions } from "./versions.ts";

/** After a walk over all hints of a target, and after a refusal: what is refused now is refused again at once. */
const pauseMs = 1000;
/** While nobody can be reached who would take what is too old: each walk reads it all. */
const orphanPauseMs = 60_000;
const inFlightMax = 64;
const entriesPerTick = 256;
const createdBytes = 6;
const writer = new ByteWriter();

/** All hints for one target. */
interface Shelf {
  count: number;
  bytes: number;
  /** No hint is older; an estimate from below, made exact by each walk. */
  oldestMs: number;
  inFlight: number;
  wasReachable: boolean;
  pausedUntilMs: number;
  /** Where the walk over the target's hints goes on; `undefined`: at the first one. */
  walkedTo: Uint8Array | undefined;
  oldestWalkedMs: number;
}

export interface HintsStatus {
  readonly count: number;
  readonly bytes: number;
  readonly delivered: number;
  /** For age, or for want of room: then it was never kept. */
  readonly dropped: number;
  readonly targets: Readonly<Record<NodeId, { count: number; bytes: number; oldestAgeMs: number }>>;
}

export class Hints {
  readonly #self: Self;
  readonly #versions: Versions;
  readonly #mayTake: (bytes: number) => boolean;
  readonly #onKept: (place: Place) => void;
  readonly #shelves = new Map<NodeId, Shelf>();
  /** Keys below it have been counted since the start; `undefined`: all have. */
  #countedTo: Uint8Array | undefined = new Uint8Array(0);
  #bytes = 0;
  #delivered = 0;
  #dropped = 0;

  /**
   * @param mayTake asks the budget of background work for so many bytes
   * @param onKept is told of every key that a hint is kept of
   */
  constructor(self: Self, versions: Versions, mayTake: (bytes: number) => boolean, onKept: (place: Place) => void) {
    this.#self = self;
    this.#onKept = onKept;
    this.#versions = versions;
    this.#mayTake = mayTake;
  }

  /** Begins to count what is here. */
  start(): void {
    this.#count(new Uint8Array(0));
  }

  /** What is kept of a key, for whomever. */
  read(place: Place): Uint8Array | "absent" {
    let record: Uint8Array | undefined;
    for (const target of this.#targetsOf(place)) {
      const kept = this.#get(target, place);
      if (kept !== undefined) record = record === undefined ? kept : joinRecords(place, record, kept);
    }
    return record ?? "absent";
  }

  /** Whether anything is kept of a key, for anybody. */
  hasAny(place: Place): boolean {
    return this.#targetsOf(place).some((target) => this.#get(target, place) !== undefined);
  }

  /**
   * Keeps what `target` has missed, joined with what it had missed before.
   * @param then released once it is on disk
   * @returns false if there is no room: then it is dropped and counted, and `then` never runs
   * @throws what `Versions.join` throws
   */
  add(target: NodeId, place: Place, record: Uint8Array, then: readonly Effect[]): boolean {
    const joined = this.#versions.join(place, this.#get(target, place), record, this.mintsOn(target, place));
    if (joined.record !== undefined) return this.#keep(target, place, joined.record, then, joined.losses);
    if (then.length > 0) this.#self.emit({ kind: "persist", writes: [], then });
    return true;
  }

  /**
   * The same where this node is a primary of the key, and mints on top of its own copy: what the hint knows of its own dots is
   * no sign of amnesia.
   * @param record one that this node has on its own account
   */
  addOwn(target: NodeId, place: Place, record: Uint8Array, then: readonly Effect[]): boolean {
    const kept = this.#get(target, place);
    const joined = kept === undefined ? record : joinRecords(place, kept, record);
    return this.#keep(target, place, joined, then);
  }

  /**
   * A client's update that this node coordinates as the stand-in for `target`.
   * @throws what `Versions.update` throws, and OVERLOADED if there is no room
   */
  write(target: NodeId, place: Place, update: Update, then: readonly Effect[]): Updated {
    const local = this.read(place);
    const before = local === "absent" ? undefined : local;
    const updated = this.#versions.update(place, before, update, !this.#mayGoOn(target, place, before));
    if (!this.#keep(target, place, updated.record, then, this.#lossesAmong(place)))
      throw overloaded(`${this.#self.id} stands in for ${target} and has no room for more hints`);
    return updated;
  }

  /** Whether this node mints dots on top of what it keeps for the target: it stands in for the first primary, if it coordinates. */
  mintsOn(target: NodeId, place: Place): boolean {
    return this.#primariesOf(place)[0] === target;
  }

  /**
   * Whether an actor may be gone on with: the hint has all dots of it that this node has issued. Hints for different targets go at
   * different times, and on top of one that was left behind a dot would be issued a second time.
   */
  #mayGoOn(target: NodeId, place: Place, kept: Uint8Array | undefined): boolean {
    const hint = this.#get(target, place);
    if (hint === undefined || kept === undefined || !this.mintsOn(target, place)) return false;
    return this.#versions.isAlike(hint, kept);
  }

  tick(): void {
    if (this.#countedTo !== undefined) return this.#count(this.#countedTo);
    if (this.#self.isDiskFull) return;
    for (const [target, shelf] of this.#shelves) {
      if (shelf.count === 0) continue;
      const isReachable = this.#self.canReach(target);
      if (isReachable && !shelf.wasReachable) Object.assign(shelf, { pausedUntilMs: 0, walkedTo: undefined });
      shelf.wasReachable = isReachable;
      const isDue = isReachable || shelf.oldestMs <= this.#expiredBeforeMs;
      if (isDue && this.#self.now.monotonicMs >= shelf.pausedUntilMs) this.#walk(target, shelf, isReachable);
    }
  }

  status(): HintsStatus {
    const targets: Record<NodeId, { count: number; bytes: number; oldestAgeMs: number }> = {};
    for (const [target, { count, bytes, oldestMs }] of this.#shelves)
      if (count > 0)
        targets[target] = { count, bytes, oldestAgeMs: Math.max(0, Math.round(this.#self.now.wallMs - oldestMs)) };
    const count = [...this.#shelves.values()].reduce((sum, shelf) => sum + shelf.count, 0);
    return { count, bytes: this.#bytes, delivered: this.#delivered, dropped: this.#dropped, targets };
  }

  get #expiredBeforeMs(): number {
    return this.#self.now.wallMs - this.#self.tuning.hintAgeMsMax;
  }

  /** Sends what comes next in the order of keys, and drops what is too old. */
  #walk(target: NodeId, shelf: Shelf, isReachable: boolean): void {
    if (shelf.walkedTo === undefined) shelf.oldestWalkedMs = Infinity;
    const from = shelf.walkedTo ?? hintKey(target, new Uint8Array(0));
    let left = entriesPerTick;
    for (const [key, value] of this.#self.store.scan("hints", from, endOf(target))) {
      if (left-- === 0 || shelf.inFlight >= inFlightMax || !this.#mayTake(value.length)) return;
      shelf.walkedTo = after(key);
      const createdMs = createdIn(value);
      const isOld = createdMs <= this.#expiredBeforeMs;
      const record = this.#recordIn(key, value);
      if (record === undefined) this.#drop(target, key, "unreadable");
      else if (isOld && this.#isOwn(key)) this.#drop(target, key, "too old");
      else {
        shelf.oldestWalkedMs = Math.min(shelf.oldestWalkedMs, createdMs);
        const taker = isReachable ? target : isOld ? this.#heirOf(key) : undefined;
        if (taker !== undefined && !this.#self.whim("keeps a hint a while")) this.#send(taker, target, key, record);
      }
    }
    shelf.oldestMs = shelf.oldestWalkedMs;
    shelf.walkedTo = undefined;
    const hasOrphans = !isReachable && shelf.oldestMs <= this.#expiredBeforeMs;
    shelf.pausedUntilMs = this.#self.now.monotonicMs + (hasOrphans ? orphanPauseMs : pauseMs);
  }

  /** Whether this node is a primary of the key: then it holds all of the hint on its own account. */
  #isOwn(key: Uint8Array): boolean {
    return this.#primariesOf(this.#self.locate(keyIn(key))).includes(this.#self.id);
  }

  /** Another primary, whose copy anti-entropy will bring to the target. */
  #heirOf(key: Uint8Array): NodeId | undefined {
    return this.#primariesOf(this.#self.locate(keyIn(key))).find((node) => this.#self.canReach(node));
  }

  #send(taker: NodeId, target: NodeId, key: Uint8Array, record: Uint8Array): void {
    const shelf = this.#shelf(target);
    shelf.inFlight++;
    new Handoff(this.#self, taker, keyIn(key), record, (isTaken) => {
      shelf.inFlight--;
      if (!isTaken) shelf.pausedUntilMs = this.#self.now.monotonicMs + pauseMs;
      else if (!this.#isStill(key, record)) return;
      else if (taker === target) this.#remove(target, key);
      else this.#drop(target, key, "too old");
    }).start();
  }

  /** If the hint is more by now than what was taken, the rest is still missing there. */
  #isStill(key: Uint8Array, record: Uint8Array): boolean {
    const value = this.#self.store.get("hints", key);
    return value !== undefined && isSameState(value.subarray(createdBytes), record);
  }

  #remove(target: NodeId, key: Uint8Array): void {
    this.#delivered++;
    this.#forget(target, key);
  }

  #drop(target: NodeId, key: Uint8Array, why: string): void {
    this.#dropped++;
    this.#self.warnRarely("hint dropped", { target, key: formatKey(keyIn(key)), why });
    this.#forget(target, key);
  }

  #forget(target: NodeId, key: Uint8Array): void {
    const value = this.#self.store.get("hints", key);
    if (value === undefined) return;
    this.#tally(target, key, -1, -(key.length + value.length), Infinity);
    this.#self.emit({ kind: "persist", writes: [{ table: "hints", key, value: undefined }], then: [] });
  }

  #keep(
    target: NodeId,
    place: Place,
    record: Uint8Array,
    then: readonly Effect[],
    losses: readonly Loss[] = [],
  ): boolean {
    const key = hintKey(target, place.storeKey);
    const before = this.#self.store.get("hints", key);
    const grownBytes = createdBytes + record.length + (before === undefined ? key.length : -before.length);
    const hasRoom = this.#bytes + grownBytes <= this.#self.tuning.hintBytesMax;
    if (this.#self.isDiskFull || !hasRoom || this.#self.whim("has no room for a hint")) {
      this.#dropped++;
      this.#self.warnRarely("hint dropped", { target, key: formatKey(keyIn(key)), why: "no room" });
      return false;
    }
    const createdMs = before === undefined ? this.#self.now.wallMs : createdIn(before);
    this.#onKept(place);
    this.#tally(target, key, before === undefined ? 1 : 0, grownBytes, createdMs);
    const noted = this.#self.conflicts.note(place, losses);
    const hint = { table: "hints", key, value: valueOf(createdMs, record) } as const;
    this.#self.emit({ kind: "persist", writes: [hint, ...noted], then });
    return true;
  }

  /** What meets only in the eyes of a write that replaces it all: hints of one key for several targets lie apart. */
  #lossesAmong(place: Place): readonly Loss[] {
    const kept = this.#targetsOf(place).flatMap((target) => this.#get(target, place) ?? []);
    if (kept.length < 2) return [];
    const [first, ...others] = kept.map(decodeRecord);
    const joined = others.reduce(sync, first!);
    return lossesOf(joined, first!);
  }

  /** What lies beyond the count that a start takes will be counted by it. */
  #tally(target: NodeId, key: Uint8Array, count: number, bytes: number, createdMs: number): void {
    if (this.#countedTo !== undefined && toBinary(key) >= toBinary(this.#countedTo)) return;
    const shelf = this.#shelf(target);
    shelf.count += count;
    shelf.bytes += bytes;
    this.#bytes += bytes;
    shelf.oldestMs = shelf.count === 0 ? Infinity : Math.min(shelf.oldestMs, createdMs);
    // The walk that is under way may be past it.
    shelf.oldestWalkedMs = Math.min(shelf.oldestWalkedMs, createdMs);
  }

  #count(from: Uint8Array): void {
    let left = entriesPerTick;
    for (const [key, value] of this.#self.store.scan("hints", from, Uint8Array.of(0xff))) {
      if (left-- === 0) return;
      this.#countedTo = after(key);
      this.#tally(targetIn(key), key, 1, key.length + value.length, createdIn(value));
    }
    this.#countedTo = undefined;
  }

  #shelf(target: NodeId): Shelf {
    const known = this.#shelves.get(target);
    if (known !== undefined) return known;
    const shelf: Shelf = {
      count: 0,
      bytes: 0,
      oldestMs: Infinity,
      inFlight: 0,
      wasReachable: false,
      pausedUntilMs: 0,
      walkedTo: undefined,
      oldestWalkedMs: Infinity,
    };
    this.#shelves.set(target, shelf);
    return shelf;
  }

  /** Hints are kept for primaries of the key only. Where nothing is kept at all, the disk need not be asked. */
  #targetsOf(place: Place): NodeId[] {
    return this.#countedTo === undefined && this.#bytes === 0 ? [] : this.#primariesOf(place);
  }

  #primariesOf(place: Place): NodeId[] {
    const primaries = this.#self.ring.primaries(place.partition, replicasOf(bucketOf(place.key), this.#self.options));
    return primaries.map(({ node }) => node);
  }

  #get(target: NodeId, place: Place): Uint8Array | undefined {
    const key = hintKey(target, place.storeKey);
    const value = this.#self.store.get("hints", key);
    return value === undefined ? undefined : this.#recordIn(key, value);
  }

  /** One whose bytes have rotted is as good as none: its target will hear of the key from the other primaries. */
  #recordIn(key: Uint8Array, value: Uint8Array): Uint8Array | undefined {
    const record = value.subarray(createdBytes);
    const problem = recordProblem(record);
    if (problem === undefined) return record;
    this.#self.counters.badRecords++;
    this.#self.warnRarely("bad hint", { key: formatKey(keyIn(key)), problem });
    return undefined;
  }
}

function joinRecords(place: Place, a: Uint8Array, b: Uint8Array): Uint8Array {
  return isSameState(a, b) ? a : encodeRecord(place.hash, sync(decodeRecord(a), decodeRecord(b)));
}

function hintKey(target: NodeId, storeKey: Uint8Array): Uint8Array {
  const key = new Uint8Array(1 + target.length + storeKey.length);
  key[0] = target.length;
  key.set(fromBinary(target), 1);
  key.set(storeKey, 1 + target.length);
  return key;
}

/** Behind the last possible hint for a target: partitions are numbered far below 0xffff. */
function endOf(target: NodeId): Uint8Array {
  return hintKey(target, Uint8Array.of(0xff, 0xff));
}

function targetIn(key: Uint8Array): NodeId {
  return toBinary(key.subarray(1, 1 + key[0]!));
}

/** The key without target and partition. */
function keyIn(key: Uint8Array): Uint8Array {
  return key.subarray(3 + key[0]!);
}

/** The least key behind this one. */
function after(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.length + 1);
  next.set(key);
  return next;
}

function valueOf(createdMs: number, record: Uint8Array): Uint8Array {
  writer.clear();
  writer.fixed(createdMs, createdBytes);
  writer.raw(record);
  return writer.take();
}

/** When the hint was made, by the wall clock. */
function createdIn(value: Uint8Array): number {
  return value.length < createdBytes ? 0 : new ByteReader(value).fixed(createdBytes);
}
