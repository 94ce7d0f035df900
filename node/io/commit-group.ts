/**
 * The writes that go to disk together, and the window through which reads see them before they are in the log.
 *
 * - Of the writes to one key the last one stays: a key that is written often costs one write per group.
 * - A group is thrown away whole. Entries never leave one by one, so no read can fall between a group and the log.
 */
import { compareBytes, equalBytes } from "../../src/bytes.ts";
import type { Batch, Table, Write } from "../store.ts";
import { hashOf } from "./key-hash.ts";
import { KeyIndex, type Entries } from "./key-index.ts";
import type { WalkedEntry } from "./overlay.ts";

export class CommitGroup<B extends Batch> implements Entries {
  /** In the order of submission, which is the order in which they are given back. */
  readonly batches: B[] = [];
  /** Keys and values of all batches; what was written over is still counted. */
  bytes = 0;
  readonly #writes: Write[] = [];
  /** Of each the number in `#writes`, counted from one. */
  readonly #numbers = new KeyIndex(this);

  /** The last one to each key. */
  get writes(): readonly Write[] {
    return this.#writes;
  }

  get isEmpty(): boolean {
    return this.batches.length === 0;
  }

  add(batch: B): void {
    this.batches.push(batch);
    for (const write of batch.writes) {
      this.#put(write);
      this.bytes += write.key.length + (write.value?.length ?? 0);
    }
  }

  find(table: Table, key: Uint8Array, hash: number): Write | undefined {
    const number = this.#numbers.find(table, key, hash);
    return number === 0 ? undefined : this.#writes[number - 1];
  }

  isOf(number: number, table: Table, key: Uint8Array): boolean {
    const write = this.#writes[number - 1]!;
    return write.table === table && equalBytes(write.key, key);
  }

  /** In order, and as they are now. Looks at every write of the group: few, unless the log waits for its tables or for room. */
  between(table: Table, from: Uint8Array, to: Uint8Array): WalkedEntry[] {
    const found: WalkedEntry[] = [];
    for (const write of this.#writes) {
      const { key, value } = write;
      if (write.table === table && compareBytes(key, from) >= 0 && compareBytes(key, to) < 0) found.push([key, value]);
    }
    return found.sort(([a], [b]) => compareBytes(a, b));
  }

  #put(write: Write): void {
    const { table, key } = write;
    const hash = hashOf(key);
    const number = this.#numbers.find(table, key, hash);
    if (number > 0) this.#writes[number - 1] = write;
    else this.#numbers.replace(table, key, hash, this.#writes.push(write));
  }
}
