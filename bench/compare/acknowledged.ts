/** The acknowledged writes of one client process, by key: a key's are in order, by number, by start and by acknowledgement. */
import { isOk, type WriteRows } from "./observations.ts";

export class Acknowledged {
  readonly #starts: Uint32Array;
  readonly sequence: Uint32Array;
  readonly startMs: Float64Array;
  readonly ackMs: Float64Array;

  /** @param keys above all that occur */
  constructor(writes: WriteRows, keys: number) {
    const starts = startsOf(writes, keys);
    const next = starts.slice(0, keys);
    this.#starts = starts;
    this.sequence = new Uint32Array(starts[keys]!);
    this.startMs = new Float64Array(starts[keys]!);
    this.ackMs = new Float64Array(starts[keys]!);
    for (let row = 0; row < writes.count; row++) {
      if (!isOk(writes, row)) continue;
      const at = next[writes.key[row]!]!++;
      this.sequence[at] = writes.sequence[row]!;
      this.startMs[at] = writes.startMs[row]!;
      this.ackMs[at] = writes.endMs[row]!;
    }
  }

  /** A key's are those from here to before `endOf`. */
  startOf(key: number): number {
    return this.#starts[key]!;
  }

  endOf(key: number): number {
    return this.#starts[key + 1]!;
  }

  /** The first of a key that is not below a bound; `endOf` if there is none. */
  firstFrom(column: "sequence" | "startMs" | "ackMs", key: number, bound: number): number {
    const values = this[column];
    let low = this.startOf(key);
    let high = this.endOf(key);
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (values[middle]! < bound) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function startsOf(writes: WriteRows, keys: number): Uint32Array {
  const starts = new Uint32Array(keys + 1);
  for (let row = 0; row < writes.count; row++) if (isOk(writes, row)) starts[writes.key[row]! + 1]!++;
  for (let key = 0; key < keys; key++) starts[key + 1]! += starts[key]!;
  return starts;
}
