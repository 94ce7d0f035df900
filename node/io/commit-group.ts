/**
 * The writes that go to disk together, and the window through which reads see them before they are in the log.
 *
 * - Of the writes to one key the last one stays: a key that is written often costs one write per group.
 * - A group is thrown away whole. Entries never leave one by one, so no read can fall between a group and the log.
 */
import { tables, type Batch, type Table, type Write } from "../store.ts";

/** A write under its key as a binary string, which orders as the bytes do. */
export type NamedWrite = readonly [name: string, write: Write];
/** What a walk finds: a key under its name, and its value unless it was removed. */
export type NamedEntry = readonly [name: string, key: Uint8Array, value: Uint8Array | undefined];

export class CommitGroup<B extends Batch> {
  /** In the order of submission, which is the order in which they are given back. */
  readonly batches: B[] = [];
  /** Keys and values of all batches; what was written over is still counted. */
  bytes = 0;
  readonly #writes: Readonly<Record<Table, Map<string, Write>>> = {
    objects: new Map(),
    hints: new Map(),
    conflicts: new Map(),
    meta: new Map(),
  };

  add(batch: B): void {
    this.batches.push(batch);
    for (const write of batch.writes) {
      this.#writes[write.table].set(binaryKey(write.key), write);
      this.bytes += write.key.length + (write.value?.length ?? 0);
    }
  }

  get isEmpty(): boolean {
    return this.batches.length === 0;
  }

  /** True also of a group that has nothing but empty batches. */
  get hasNoWrites(): boolean {
    return tables.every((table) => this.#writes[table].size === 0);
  }

  find(table: Table, name: string): Write | undefined {
    return this.#writes[table].get(name);
  }

  writes(table: Table): Iterable<NamedWrite> {
    return this.#writes[table];
  }

  /** In order, and as they are now. Looks at every write of the group: few, unless the log waits for its tables or for room. */
  between(table: Table, from: string, to: string): NamedWrite[] {
    const found: NamedWrite[] = [];
    for (const entry of this.#writes[table]) if (entry[0] >= from && entry[0] < to) found.push(entry);
    return found.sort(([a], [b]) => (a < b ? -1 : 1));
  }
}

/**
 * Made natively, because each write and each read under load makes one; twice as fast as a loop over the bytes. A key is read
 * and then written, so the last one is remembered.
 */
export function binaryKey(key: Uint8Array): string {
  if (key === lastKey) return lastName;
  lastKey = key;
  lastName = Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString("latin1");
  return lastName;
}

let lastKey: Uint8Array | undefined;
let lastName = "";
