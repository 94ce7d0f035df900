/**
 * The same of counters, which have no vectors: only how much was counted can be told.
 *
 * - A read is stale if it is less than what was acknowledged before it began. It counts as missing the latest increments.
 * - Lost is what the value lacks, in the end, of all that was acknowledged. Increments of which nobody knows may have been counted, so
 *   this may be less than was lost, and never more.
 */
import type { Found } from "./client-messages.ts";
import { judgeReads, type History, type Judgement } from "./consistency.ts";
import { isOk, type Observations } from "./observations.ts";
import type { Window } from "./recorder.ts";

export class CounterHistory implements History {
  readonly keys: Uint32Array;
  readonly #observations: readonly Observations[];
  /** The moments of all acknowledged increments of a key, in order. */
  readonly #acks: ReadonlyMap<number, Float64Array>;
  readonly #before: ReadonlyMap<number, number>;

  /** @param before what each counter held before the run; of one that is missing nothing */
  constructor(observations: readonly Observations[], before: ReadonlyMap<number, number>) {
    this.#observations = observations;
    this.#acks = acksByKey(observations);
    this.#before = before;
    this.keys = Uint32Array.from(this.#acks.keys());
  }

  missing(found: readonly Found[]): Uint32Array {
    const values = valuesIn(found);
    return this.keys.filter((key) => this.#lostOf(key, values) > 0);
  }

  judge(found: readonly Found[], window: Window): Judgement {
    const values = valuesIn(found);
    const lost = this.keys.reduce((sum, key) => sum + this.#lostOf(key, values), 0);
    const processes = this.#observations.length;
    return judgeReads(this.#observations, window, lost, (reads, row, missed) => {
      const acks = this.#acks.get(reads.key[row]!);
      if (acks === undefined) return;
      const counted = Math.max(0, reads.vectors[row * processes]! - this.#heldBefore(reads.key[row]!));
      missed.versions = Math.max(0, countBelow(acks, reads.startMs[row]!) - counted);
      missed.oldestMs = acks[counted] ?? Infinity;
    });
  }

  /** What each counter holds for the next run: what is lost once is not lost again. */
  after(found: readonly Found[]): Map<number, number> {
    const values = valuesIn(found);
    const held = new Map(this.#before);
    for (const key of this.keys) held.set(key, this.#dueOf(key) - this.#lostOf(key, values));
    return held;
  }

  #lostOf(key: number, values: ReadonlyMap<number, number>): number {
    return Math.max(0, this.#dueOf(key) - (values.get(key) ?? Infinity));
  }

  #dueOf(key: number): number {
    return this.#heldBefore(key) + this.#acks.get(key)!.length;
  }

  #heldBefore(key: number): number {
    return this.#before.get(key) ?? 0;
  }
}

function acksByKey(observations: readonly Observations[]): Map<number, Float64Array> {
  const acks = new Map<number, number[]>();
  for (const { writes } of observations)
    for (let row = 0; row < writes.count; row++) {
      if (!isOk(writes, row)) continue;
      const known = acks.get(writes.key[row]!);
      if (known === undefined) acks.set(writes.key[row]!, [writes.endMs[row]!]);
      else known.push(writes.endMs[row]!);
    }
  return new Map([...acks].map(([key, moments]) => [key, Float64Array.from(moments).sort()]));
}

/** By key, of those that could be read; the last look counts. */
function valuesIn(found: readonly Found[]): Map<number, number> {
  const values = new Map<number, number>();
  for (const { keys, vectors, isTold } of found)
    for (const [at, key] of keys.entries())
      if (isTold[at] === 1) values.set(key, vectors[(at * vectors.length) / keys.length]!);
  return values;
}

function countBelow(sorted: Float64Array, bound: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
