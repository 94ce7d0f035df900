/**
 * What a node reads while it takes a step: its store, and on top of it what this very step has written so far. Effects reach the
 * store only when the step is over; several requests that end in one step (a link is lost, a tick is late) may change one key, and
 * each must go on from what the one before it has left: else the last one would undo the others, and counts and hash trees would be
 * wrong for good.
 *
 * Most steps read once and write once, in this order: then nothing is looked for, and nothing is built to look in.
 */
import { compareBytes, toBinary } from "../src/bytes.ts";
import type { StoreReader, Table, Write } from "./store.ts";

type Entry = readonly [key: Uint8Array, value: Uint8Array];

const nothing: readonly Write[] = [];

export class StepView implements StoreReader {
  readonly #store: StoreReader;
  /** In order. */
  #written: readonly Write[] = nothing;
  /** The last write to each key, of the first `#indexed` of them. */
  readonly #byName = new Map<string, Write>();
  #indexed = 0;

  constructor(store: StoreReader) {
    this.#store = store;
  }

  /** On the hot path of every write, and mostly all that its step writes: it is not copied. */
  note(writes: readonly Write[]): void {
    this.#written = this.#written.length === 0 ? writes : this.#written.concat(writes);
  }

  /** The step is over: what it wrote is on its way to the store. */
  clear(): void {
    if (this.#written.length === 0) return;
    this.#written = nothing;
    if (this.#indexed === 0) return; // clearing an empty map costs as much as making one
    this.#byName.clear();
    this.#indexed = 0;
  }

  get(table: Table, key: Uint8Array): Uint8Array | undefined {
    if (this.#written.length === 0) return this.#store.get(table, key);
    const write = this.#index().get(nameOf(table, key));
    return write === undefined ? this.#store.get(table, key) : write.value;
  }

  /** What is written while it is walked is not seen by the walk. */
  scan(table: Table, from: Uint8Array, to: Uint8Array): Iterable<Entry> {
    if (this.#written.length === 0) return this.#store.scan(table, from, to);
    const written = [...this.#index().values()]
      .filter((write) => write.table === table && isBetween(from, write.key, to))
      .sort((a, b) => compareBytes(a.key, b.key));
    return merged(this.#store.scan(table, from, to), written);
  }

  #index(): ReadonlyMap<string, Write> {
    for (; this.#indexed < this.#written.length; this.#indexed++) {
      const write = this.#written[this.#indexed]!;
      this.#byName.set(nameOf(write.table, write.key), write);
    }
    return this.#byName;
  }
}

function* merged(stored: Iterable<Entry>, written: readonly Write[]): Generator<Entry> {
  let at = 0;
  for (const entry of stored) {
    const [key] = entry;
    for (; at < written.length && compareBytes(written[at]!.key, key) < 0; at++) yield* entryOf(written[at]!);
    const isWritten = at < written.length && compareBytes(written[at]!.key, key) === 0;
    if (isWritten) yield* entryOf(written[at++]!);
    else yield entry;
  }
  for (; at < written.length; at++) yield* entryOf(written[at]!);
}

function entryOf({ key, value }: Write): readonly Entry[] {
  return value === undefined ? [] : [[key, value]];
}

function isBetween(from: Uint8Array, key: Uint8Array, to: Uint8Array): boolean {
  return compareBytes(from, key) <= 0 && compareBytes(key, to) < 0;
}

function nameOf(table: Table, key: Uint8Array): string {
  return table + toBinary(key);
}
