/**
 * The conflict ledger: what last-write-wins left out in joins that happened here (`src/conflict.ts`), kept for some hours so that people
 * can list it. It is no part of what replicas agree on: each node tells its own, and who lists them leaves out what several noted.
 *
 *   a join makes a loser ──in the batch of its record──▶ kept ──older than `conflictAgeMsMax`──▶ gone
 *                                                          └── all have more than `conflictBytesMax`: the oldest ──▶ dropped, counted
 *
 * - A read writes nothing here; the read repair after it may, since it is a join like any other.
 * - Nothing is refused for the ledger's sake: what finds no room is counted.
 * - It is cut on ticks, a few entries at a time. What comes faster than that is not taken from twice `conflictBytesMax` on.
 * - Not seen: two values that no replica ever held together, because a reader who was shown one of them replaced both before read
 *   repair or anti-entropy made them meet (with `readRepair: "off"`, or where it was shed). Neither replica has known of the other.
 */
import { ByteReader, ByteWriter, compareBytes, equalBytes, MalformedBytes } from "../src/bytes.ts";
import { decodeConflict, encodeConflict, type Loss } from "../src/conflict.ts";
import { bucketOf } from "../src/key.ts";
import type { Place, Self } from "./self.ts";
import type { Write } from "./store.ts";

/** Counted, or cut, in one tick. */
const entriesPerTick = 64;
/** Looked through for one page: it must not hold up requests. */
const entriesPerPage = 1024;
const pageBytes = 1024 * 1024;
/** In `conflictBytesMax`: from there on nothing is taken. */
const overshootMax = 2;
const timeBytes = 6;
const all = [new Uint8Array(0), Uint8Array.of(0xff)] as const;
const writer = new ByteWriter();
const nothing: readonly Write[] = [];

export interface ConflictsStatus {
  readonly count: number;
  readonly bytes: number;
  readonly oldestAgeMs: number;
  /** Since the start. */
  readonly noted: number;
  /** Before their time, for want of room, or never taken. */
  readonly dropped: number;
}

export interface ConflictsPage {
  /** As `decodeConflict` takes them, the oldest first. */
  readonly entries: readonly Uint8Array[];
  /** Where the next page begins; `undefined`: there is none. */
  readonly end: Uint8Array | undefined;
}

export class ConflictLedger {
  readonly #self: Self;
  /** Keys up to it have been counted since the start; `undefined`: all have. */
  #countedTo: Uint8Array | undefined;
  #count = 0;
  #bytes = 0;
  /** None is older. */
  #oldestMs = Infinity;
  #noted = 0;
  #dropped = 0;

  constructor(self: Self) {
    this.#self = self;
  }

  /** Begins to count what is here. */
  start(): void {
    this.#countedTo = all[0];
    this.#countOn(this.#countedTo);
  }

  /** @returns what has to stand in the batch of the record that was joined */
  note(place: Place, losses: readonly Loss[]): readonly Write[] {
    if (losses.length === 0) return nothing;
    const writes: Write[] = [];
    for (const loss of losses) {
      const write = this.#entryOf(place, loss);
      const { key } = write;
      if (this.#self.store.get("conflicts", key) !== undefined) continue; // two hints of one key, in one step
      const bytes = key.length + write.value.length;
      this.#noted++;
      if (this.#bytes + bytes > this.#self.tuning.conflictBytesMax * overshootMax) this.#dropped++;
      else {
        // What lies ahead of the count will be met by it.
        if (this.#countedTo === undefined || compareBytes(key, this.#countedTo) < 0) this.#tally(key, bytes);
        writes.push(write);
      }
    }
    return writes;
  }

  /** Cuts what is too old, or too much. */
  tick(): void {
    if (this.#countedTo !== undefined) return this.#countOn(this.#countedTo);
    if (this.#count === 0 || this.#self.isDiskFull) return;
    const { conflictBytesMax } = this.#self.tuning;
    if (this.#bytes <= conflictBytesMax && this.#oldestMs > this.#expiredBeforeMs) return;
    const writes: Write[] = [];
    this.#oldestMs = Infinity;
    for (const [key, value] of this.#self.store.scan("conflicts", ...all)) {
      this.#oldestMs = timeIn(key);
      const isOld = this.#oldestMs <= this.#expiredBeforeMs;
      if (writes.length === entriesPerTick || (!isOld && this.#bytes <= conflictBytesMax)) break;
      if (!isOld) this.#dropped++;
      this.#count--;
      this.#bytes -= key.length + value.length;
      writes.push({ table: "conflicts", key, value: undefined });
    }
    if (writes.length > 0) this.#self.emit({ kind: "persist", writes, then: [] });
  }

  status(): ConflictsStatus {
    const oldestAgeMs = this.#count === 0 ? 0 : Math.max(0, Math.round(this.#self.now.wallMs - this.#oldestMs));
    return { count: this.#count, bytes: this.#bytes, oldestAgeMs, noted: this.#noted, dropped: this.#dropped };
  }

  /**
   * Those of a bucket, the oldest first; what cannot be read is passed over.
   * @param key of this key alone
   * @param from where the page before ended
   */
  page(bucket: string, key: Uint8Array | undefined, from: Uint8Array | undefined): ConflictsPage {
    const entries: Uint8Array[] = [];
    let looked = 0;
    let bytes = 0;
    for (const [at, value] of this.#self.store.scan("conflicts", from ?? all[0], all[1])) {
      if (looked++ === entriesPerPage || bytes >= pageBytes) return { entries, end: at };
      bytes += value.length;
      const its = keyIn(value);
      if (its === undefined) continue;
      if (key === undefined ? bucketOf(its) === bucket : equalBytes(its, key)) entries.push(value);
    }
    return { entries, end: undefined };
  }

  get #expiredBeforeMs(): number {
    return this.#self.now.wallMs - this.#self.tuning.conflictAgeMsMax;
  }

  #countOn(from: Uint8Array): void {
    let left = entriesPerTick;
    for (const [key, value] of this.#self.store.scan("conflicts", from, all[1])) {
      this.#countedTo = key;
      if (left-- === 0) return;
      this.#tally(key, key.length + value.length);
    }
    this.#countedTo = undefined;
  }

  #tally(key: Uint8Array, bytes: number): void {
    this.#count++;
    this.#bytes += bytes;
    this.#oldestMs = Math.min(this.#oldestMs, timeIn(key));
  }

  #entryOf({ key, hash }: Place, { lost, winner }: Loss): Write & { readonly value: Uint8Array } {
    const atMs = Math.max(0, Math.floor(this.#self.now.wallMs));
    const { dot, path, timestamp, value } = lost;
    const entry = { atMs, key, path, dot, timestamp, winner, value };
    writer.clear();
    writer.fixed(atMs, timeBytes);
    writer.hash(hash);
    writer.text(dot.actor, 0, dot.actor.length);
    writer.fixed(dot.counter, 6);
    return { table: "conflicts", key: writer.take(), value: encodeConflict(entry) };
  }
}

function timeIn(key: Uint8Array): number {
  return new ByteReader(key).fixed(timeBytes);
}

/** `undefined`: the entry cannot be read. */
function keyIn(value: Uint8Array): Uint8Array | undefined {
  try {
    return decodeConflict(value).key;
  } catch (error) {
    if (error instanceof MalformedBytes) return undefined;
    throw error;
  }
}
