/**
 * What the reads of a run have missed and which writes were lost, from what all client processes have noted.
 *
 * - A write is lost if it was acknowledged, and in the end, read from all replicas, no value's vector covers it.
 * - A read is stale if its vector does not cover a write that was acknowledged before it began, and is not lost. Writes of earlier runs
 *   are not looked at: they had the time between.
 *
 * This is for stores that keep concurrent values side by side; `latest-consistency.ts` is for those that keep one.
 */
import { Acknowledged } from "./acknowledged.ts";
import type { Found } from "./client-messages.ts";
import { Distribution } from "./histogram.ts";
import { isOk, type Observations, type ReadRows } from "./observations.ts";
import type { Window } from "./recorder.ts";
import type { Consistency } from "./results.ts";

/** What was written in a run and what was read of it. */
export interface History {
  /** Keys with acknowledged writes: those to be read in the end. */
  readonly keys: Uint32Array;
  /** Keys of which not all is there that was acknowledged. @param found what was read in the end; of a key the last counts */
  missing(found: readonly Found[]): Uint32Array;
  judge(found: readonly Found[], window: Window): Judgement;
}

export interface Judgement {
  readonly consistency: Consistency;
  /** What the spreads of several rounds are made of: versions, and microseconds. */
  readonly versionsBehind: Distribution;
  readonly usBehind: Distribution;
  /** For each process's reads, by row: 1 if it was stale. */
  readonly isStale: readonly Uint8Array[];
}

/** What one read has missed. */
export interface Missed {
  versions: number;
  /** When the first of them had been acknowledged. */
  oldestMs: number;
}

export class ValueHistory implements History {
  readonly keys: Uint32Array;
  protected readonly acknowledged: readonly Acknowledged[];
  readonly #observations: readonly Observations[];
  readonly #keysEnd: number;

  /** @param observations of all processes, in the order of their numbers */
  constructor(observations: readonly Observations[]) {
    const keysEnd = aboveAll(observations);
    this.#observations = observations;
    this.#keysEnd = keysEnd;
    this.acknowledged = observations.map(({ writes }) => new Acknowledged(writes, keysEnd));
    this.keys = this.#keysWhere((writes, key) => writes.endOf(key) > writes.startOf(key));
  }

  missing(found: readonly Found[]): Uint32Array {
    const last = this.#lastOf(found);
    return this.#keysWhere((writes, key, process) => this.#remaining(last, key, process) < writes.endOf(key));
  }

  judge(found: readonly Found[], window: Window): Judgement {
    const last = this.#lastOf(found);
    return judgeReads(this.#observations, window, this.#countLost(last), (reads, row, missed) => {
      const key = reads.key[row]!;
      for (const [process, writes] of this.acknowledged.entries()) {
        if (writes.startOf(key) === writes.endOf(key)) continue;
        const from = this.firstUnseen(reads, row, process);
        const before = writes.firstFrom("ackMs", key, reads.startMs[row]!);
        const to = Math.min(before, this.#remaining(last, key, process));
        if (to <= from) continue;
        missed.versions += to - from;
        missed.oldestMs = Math.min(missed.oldestMs, writes.ackMs[from]!);
      }
    });
  }

  /** Where those of a process's writes begin that the read does not show. */
  protected firstUnseen(reads: ReadRows, row: number, process: number): number {
    const seen = reads.vectors[row * this.acknowledged.length + process]!;
    return this.acknowledged[process]!.firstFrom("sequence", reads.key[row]!, seen + 1);
  }

  #countLost(last: Float64Array): number {
    let lost = 0;
    for (const [process, writes] of this.acknowledged.entries())
      for (const key of this.keys) lost += writes.endOf(key) - this.#remaining(last, key, process);
    return lost;
  }

  /** Of a process's writes to a key, where those end that are not lost. */
  #remaining(last: Float64Array, key: number, process: number): number {
    return this.acknowledged[process]!.firstFrom("sequence", key, last[key * this.acknowledged.length + process]! + 1);
  }

  #keysWhere(isMeant: (writes: Acknowledged, key: number, process: number) => boolean): Uint32Array {
    const keys: number[] = [];
    for (let key = 0; key < this.#keysEnd; key++)
      if (this.acknowledged.some((writes, process) => isMeant(writes, key, process))) keys.push(key);
    return Uint32Array.from(keys);
  }

  /** The last vectors, by key and process. Of what could not be read, nothing counts as lost. */
  #lastOf(found: readonly Found[]): Float64Array {
    const processes = this.acknowledged.length;
    const last = new Float64Array(this.#keysEnd * processes).fill(Infinity);
    for (const { keys, vectors, isTold } of found)
      for (const [at, key] of keys.entries())
        if (isTold[at] === 1)
          for (let process = 0; process < processes; process++)
            last[key * processes + process] = vectors[at * processes + process]!;
    return last;
  }
}

/** @param miss fills in what a read has missed; it is asked of those that succeeded and were due in the measured time */
export function judgeReads(
  observations: readonly Observations[],
  { fromMs, toMs }: Window,
  lostUpdates: number,
  miss: (reads: ReadRows, row: number, missed: Missed) => void,
): Judgement {
  const versionsBehind = Distribution.empty();
  const usBehind = Distribution.empty();
  const isStale = observations.map((each) => new Uint8Array(each.reads.count));
  let count = 0;
  let siblings = 0;
  let siblingsMax = 0;
  for (const [process, { reads }] of observations.entries())
    for (let row = 0; row < reads.count; row++) {
      if (!isOk(reads, row) || reads.dueMs[row]! < fromMs || reads.dueMs[row]! >= toMs) continue;
      count++;
      siblings += reads.siblings[row]!;
      siblingsMax = Math.max(siblingsMax, reads.siblings[row]!);
      const missed = { versions: 0, oldestMs: Infinity };
      miss(reads, row, missed);
      if (missed.versions === 0) continue;
      isStale[process]![row] = 1;
      versionsBehind.add(missed.versions);
      usBehind.add((reads.startMs[row]! - missed.oldestMs) * 1000);
    }
  const stale = versionsBehind.count;
  const consistency = {
    reads: count,
    stale,
    staleShare: count === 0 ? 0 : stale / count,
    versionsBehind: versionsBehind.spread(1),
    msBehind: usBehind.spread(1000),
    lostUpdates,
    siblingsPerRead: count === 0 ? 0 : siblings / count,
    siblingsMax,
  };
  return { consistency, versionsBehind, usBehind, isStale };
}

/** A bound above all keys that occur. */
function aboveAll(observations: readonly Observations[]): number {
  let bound = 0;
  for (const { writes, reads } of observations)
    for (const { key } of [writes, reads]) for (const one of key) if (one >= bound) bound = one + 1;
  return bound;
}
