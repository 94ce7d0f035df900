/**
 * Stale reads of a store that keeps one value of a key. A write may take the place of one that it has not seen; then vectors do not say
 * which is the later one, but time does: a read is stale if what it shows was acknowledged before another write began, which was itself
 * acknowledged before the read did. Of writes that overlap, either may be the later one.
 */
import { ValueHistory } from "./consistency.ts";
import { isOk, nobody, type Observations, type ReadRows, type WriteRows } from "./observations.ts";

export class LatestHistory extends ValueHistory {
  /** The numbers of writes of each process that may have happened, and of which nobody knows when. */
  readonly #unknown: readonly Set<string>[];

  constructor(observations: readonly Observations[]) {
    super(observations);
    this.#unknown = observations.map(({ writes }) => unacknowledged(writes));
  }

  protected override firstUnseen(reads: ReadRows, row: number, process: number): number {
    const key = reads.key[row]!;
    return this.acknowledged[process]!.firstFrom("startMs", key, this.#shownUntilMs(reads, row));
  }

  /** When what a read shows was acknowledged: writes that began later are later ones. */
  #shownUntilMs(reads: ReadRows, row: number): number {
    const key = reads.key[row]!;
    const writer = reads.writer[row]!;
    if (writer === nobody) return -Infinity;
    const sequence = reads.vectors[row * this.acknowledged.length + writer]!;
    const writes = this.acknowledged[writer]!;
    const at = writes.firstFrom("sequence", key, sequence);
    if (at < writes.endOf(key) && writes.sequence[at] === sequence) return writes.ackMs[at]!;
    return this.#unknown[writer]!.has(`${key} ${sequence}`) ? Infinity : -Infinity; // of an earlier run
  }
}

function unacknowledged(writes: WriteRows): Set<string> {
  const found = new Set<string>();
  for (let row = 0; row < writes.count; row++)
    if (!isOk(writes, row)) found.add(`${writes.key[row]!} ${writes.sequence[row]!}`);
  return found;
}
