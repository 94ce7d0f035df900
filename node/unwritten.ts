/**
 * The disk as one step sees it: with what the step itself has handed out so far, which the disk shows only when its effects are under
 * way. One input can change a key more than once: a link that is lost ends every put that waited for it, and each leaves a hint.
 * Without this the second would begin with what the first began with, and undo it.
 *
 * Scans do not see it: whoever walks over the disk does so before the step changes anything.
 */
import { toBinary } from "../src/bytes.ts";
import type { StoreReader, Table, Write } from "./store.ts";

export class UnwrittenView implements StoreReader {
  readonly #store: StoreReader;
  /** Not yet in `#newest`: a step that changes a key mostly reads nothing afterwards. */
  #recent: Write[] = [];
  readonly #newest = new Map<string, Uint8Array | undefined>();

  constructor(store: StoreReader) {
    this.#store = store;
  }

  get(table: Table, key: Uint8Array): Uint8Array | undefined {
    if (this.#recent.length === 0 && this.#newest.size === 0) return this.#store.get(table, key);
    for (const write of this.#recent.splice(0)) this.#newest.set(nameOf(write.table, write.key), write.value);
    const name = nameOf(table, key);
    return this.#newest.has(name) ? this.#newest.get(name) : this.#store.get(table, key);
  }

  scan(table: Table, from: Uint8Array, to: Uint8Array): Iterable<readonly [key: Uint8Array, value: Uint8Array]> {
    return this.#store.scan(table, from, to);
  }

  add(writes: readonly Write[]): void {
    for (const write of writes) this.#recent.push(write);
  }

  /** The step is over. */
  clear(): void {
    if (this.#recent.length > 0) this.#recent = [];
    if (this.#newest.size > 0) this.#newest.clear();
  }
}

function nameOf(table: Table, key: Uint8Array): string {
  return `${table} ${toBinary(key)}`;
}
