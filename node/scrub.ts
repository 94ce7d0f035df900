/**
 * Walks over all records of this node, again and again: checks their sums, grows the hash trees, and shows each record to whoever
 * looks for something (what may go).
 *
 *   start ──▶ first walk, as fast as the budget lets it ──▶ waiting ──partition is due, or in doubt──▶ walking it ──▶ waiting
 *
 * - A record that cannot be read is counted, fetched again from the others, and does not stop the walk.
 * - A walk over all takes `tuning.scrubIntervalMs`, evenly spread over the partitions. `Infinity`: there is only the first one.
 */
import { formatKey, hashKey } from "../src/key.ts";
import { recordProblem } from "../src/record.ts";
import { readChunk, type Chunk, type Entry } from "./chunk.ts";
import type { Place, Self } from "./self.ts";

/** Records per tick, chunk by chunk. */
const keysPerTick = 1024;
/** What a chunk costs besides its records: many partitions are empty. */
const keysPerChunk = 16;

/** What the walk tells of itself. */
export interface ScrubStatus {
  /** Complete walks since the start. */
  readonly walks: number;
  /** How many partitions the walk under way has behind it. */
  readonly partitions: number;
}

export class Scrub {
  readonly #self: Self;
  readonly #recover: (place: Place) => void;
  readonly #visit: (place: Place, record: Uint8Array) => void;
  /** When this walk began. */
  #startedAtMs: number;
  #walks = 0;
  /** The next partition of this walk. */
  #next = 0;
  /** This walk has seen all of them. */
  #isOver = false;
  /** The one at hand, and how far it has come there. */
  #partition: number | undefined;
  #after: Uint8Array | undefined;
  /** What the last chunk had, and is still to be taken from the budget. */
  #owedBytes = 0;

  /**
   * @param recover is told of every record that cannot be read
   * @param visit is shown every record that can
   */
  constructor(self: Self, recover: (place: Place) => void, visit: (place: Place, record: Uint8Array) => void) {
    this.#self = self;
    this.#recover = recover;
    this.#visit = visit;
    this.#startedAtMs = self.now.monotonicMs;
  }

  status(): ScrubStatus {
    return { walks: this.#walks, partitions: this.#next };
  }

  tick(): void {
    for (let left = keysPerTick; left > 0;) {
      this.#partition ??= this.#begin();
      if (this.#partition === undefined || !this.#self.background.take("scrub", this.#owedBytes)) return;
      const chunk = readChunk(this.#self.store, this.#partition, this.#after);
      this.#owedBytes = chunk.bytes;
      left -= chunk.entries.length + keysPerChunk;
      this.#walk(this.#partition, chunk);
    }
  }

  /** The next partition whose turn it is, those in doubt first. */
  #begin(): number | undefined {
    const partition = this.#self.trees.doubtful ?? this.#due();
    if (partition !== undefined) this.#self.trees.begin(partition);
    return partition;
  }

  #due(): number | undefined {
    const { ring, tuning, now } = this.#self;
    const { partitions } = ring.table;
    if (this.#next === partitions) {
      if (now.monotonicMs < this.#startedAtMs + tuning.scrubIntervalMs) return undefined;
      this.#startedAtMs = now.monotonicMs;
      this.#next = 0;
      this.#isOver = false;
    }
    const pauseMs = this.#walks === 0 ? 0 : (tuning.scrubIntervalMs * this.#next) / partitions;
    return this.#isWanted && now.monotonicMs >= this.#startedAtMs + pauseMs ? this.#next++ : undefined;
  }

  /** Trees are of no use to a node that never compares them. */
  get #isWanted(): boolean {
    const { scrubIntervalMs, antiEntropyIntervalMs } = this.#self.tuning;
    return Number.isFinite(scrubIntervalMs) || Number.isFinite(antiEntropyIntervalMs);
  }

  #walk(partition: number, chunk: Chunk): void {
    for (const entry of chunk.entries) this.#look(partition, entry);
    this.#after = chunk.end;
    if (chunk.end === undefined) this.#finish(partition);
  }

  #look(partition: number, { storeKey, record }: Entry): void {
    const key = storeKey.subarray(2);
    const place = { key, hash: hashKey(key), partition, storeKey };
    const problem = recordProblem(record);
    this.#self.trees.grow(place, problem === undefined ? record : undefined);
    if (problem === undefined) return this.#visit(place, record);
    this.#self.counters.badRecords++;
    this.#self.warnRarely("bad record", { key: formatKey(key), problem });
    this.#recover(place);
  }

  #finish(partition: number): void {
    this.#partition = undefined;
    if (this.#self.trees.finish(partition)) {
      this.#self.counters.treesRebuilt++;
      this.#self.log("warn", "tree rebuilt", { partition });
    }
    if (this.#isOver || this.#next < this.#self.ring.table.partitions) return;
    this.#isOver = true;
    this.#walks++;
  }
}
