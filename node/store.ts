/**
 * The store seam: what a node asks of its disk, and all that it may assume.
 *
 * - `get` and `scan` see every batch submitted before them, durable or not.
 * - A batch is atomic: after a crash all of its writes are there, or none.
 * - Batches become durable in the order in which they were submitted, and each is then given back, once and in that order,
 *   to the `onDurable` that the store was opened with. One callback for all, and one call for many: a batch costs neither a
 *   closure nor a call.
 * - After a failed sync nothing more becomes durable: the page cache can no longer be trusted (the store reports it once).
 * - A full disk is no failure: what was submitted waits, is read, and becomes durable when there is room again. It waits in
 *   memory; who commits is told, and submits no more than it must.
 * - A batch without writes is a barrier: it is given back after all batches before it.
 *
 * Bytes that were handed in are not changed afterwards by either side.
 * Two implementations keep one contract (`test/contract/store.ts`): the disk store in node/io, and the simulator's disk.
 */

/**
 * `objects`: partition and key → record. `hints`: target, partition and key → when it was made, and a record that the target
 * has missed. `conflicts`: time, key and dot → what last-write-wins left out. `meta`: what the node knows of itself (identity, epoch
 * lease, which partitions are fresh).
 */
export type Table = "objects" | "hints" | "conflicts" | "meta";
export const tables: readonly Table[] = ["objects", "hints", "conflicts", "meta"];

export interface Write {
  readonly table: Table;
  readonly key: Uint8Array;
  /** `undefined` removes the key. */
  readonly value: Uint8Array | undefined;
}

export interface Batch {
  readonly writes: readonly Write[];
}

/** The half that a node reads through while it takes a step: synchronous, without effects. */
export interface StoreReader {
  get(table: Table, key: Uint8Array): Uint8Array | undefined;
  /** Entries with `from` ≤ key < `to` in byte order; stable against batches submitted while it is walked. */
  scan(table: Table, from: Uint8Array, to: Uint8Array): Iterable<readonly [key: Uint8Array, value: Uint8Array]>;
}

/** The half that the driver of a node commits through. */
export interface Store<B extends Batch = Batch> extends StoreReader {
  commit(batch: B): void;
}

export interface StoreEvents<B extends Batch = Batch> {
  /** These, at least one, and all before them are on disk. */
  onDurable(batches: readonly B[]): void;
  /** A write or sync failed, and with it everything not yet durable. Called at most once. */
  onFailure(error: Error): void;
  /** The disk has no room, or hardly any; or has some again. Each time that it changes. */
  onFull(isFull: boolean): void;
}
