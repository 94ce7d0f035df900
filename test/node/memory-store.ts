/**
 * A disk in memory: the store seam of node/store.ts, and a crash that loses exactly what was not synced. Batches become durable
 * when a test says so, in their order.
 */
import { compareBytes, fromBinary, toBinary } from "../../src/bytes.ts";
import type { Persist } from "../../node/effects.ts";
import type { Store, Table, Write } from "../../node/store.ts";

type Entries = Map<string, Uint8Array>;

export class MemoryStore implements Store<Persist> {
  #durable: Entries = new Map();
  /** What reads see: everything durable, and the batches under way on top of it. */
  #visible: Entries = new Map();
  #underWay: Persist[] = [];
  /** Batches with writes that were ever submitted: a read that writes nothing leaves it as it is. */
  writingBatches = 0;
  /** Of them those that wrote objects: neither leases nor hints. */
  objectBatches = 0;

  get unsynced(): number {
    return this.#underWay.length;
  }

  get(table: Table, key: Uint8Array): Uint8Array | undefined {
    return this.#visible.get(table + toBinary(key));
  }

  *scan(table: Table, from: Uint8Array, to: Uint8Array): Generator<readonly [Uint8Array, Uint8Array]> {
    const found = [...this.#visible]
      .filter(([name]) => name.startsWith(table))
      .map(([name, value]) => [fromBinary(name.slice(table.length)), value] as const)
      .filter(([key]) => compareBytes(from, key) <= 0 && compareBytes(key, to) < 0);
    yield* found.sort(([a], [b]) => compareBytes(a, b));
  }

  commit(batch: Persist): void {
    this.#underWay.push(batch);
    if (batch.writes.length > 0) this.writingBatches++;
    if (batch.writes.some(({ table }) => table === "objects")) this.objectBatches++;
    applyTo(this.#visible, batch.writes);
  }

  /** The oldest batch under way reaches the disk. */
  syncOne(): Persist | undefined {
    const batch = this.#underWay.shift();
    if (batch !== undefined) applyTo(this.#durable, batch.writes);
    return batch;
  }

  crash(): void {
    this.#underWay = [];
    this.#visible = new Map(this.#durable);
  }

  /** The disk loses a key, or gets other bytes under it, behind the node's back. */
  tamper(table: Table, key: Uint8Array, value: Uint8Array | undefined): void {
    for (const entries of [this.#durable, this.#visible]) applyTo(entries, [{ table, key, value }]);
  }

  /** Another disk with the same durable bytes. */
  copy(): MemoryStore {
    const copy = new MemoryStore();
    copy.#durable = new Map(this.#durable);
    copy.crash();
    return copy;
  }
}

function applyTo(entries: Entries, writes: readonly Write[]): void {
  for (const { table, key, value } of writes) {
    if (value === undefined) entries.delete(table + toBinary(key));
    else entries.set(table + toBinary(key), value);
  }
}
