/**
 * A disk that keeps the contract of node/store.ts and no more: what is not synced may be lost.
 *
 *   commit ──▶ waiting ──the sync before it is over──▶ syncing ──drawn delay──▶ on the platter, given back in order
 *                 └──────────────── crash ─────────────────┘
 *                        a drawn number of the oldest batches survive, each whole
 *
 * - Group commit: all that waits when a sync begins is one sync.
 * - The platter outlives the process; a wiped disk is a new platter.
 * - While the disk is full nothing gets onto the platter: what was submitted waits, and a sync that is under way fails for it.
 * - After a sync that has failed nothing is written any more: what of it got onto the platter, its process's end decides, as after a crash.
 * - A torn write never shows inside a batch (a batch is one transaction), only as some batches of a group and not the others.
 */
import { fromBinary, toBinary } from "../src/bytes.ts";
import type { Dice } from "./dice.ts";
import type { Batch, Store, StoreEvents, Table, Write } from "../node/store.ts";
import type { Platter, Tables } from "./platter.ts";
import type { Simulator } from "./simulator.ts";

export interface DiskConditions {
  syncMinMs: number;
  syncMeanMs: number;
  /** A share of the syncs takes `slowSyncMs` more. */
  slowSyncs: number;
  slowSyncMs: number;
  /** How often a crash takes all that was not synced; otherwise a drawn part of it survives. */
  lossAtCrash: number;
}

export interface DiskEvents<B extends Batch> extends StoreEvents<B> {
  /** All batches of one sync have been given back. */
  onSynced?(): void;
}

export class SimulatedDisk<B extends Batch = Batch> implements Store<B> {
  readonly #simulator: Simulator;
  readonly #dice: Dice;
  readonly #platter: Platter;
  readonly #events: DiskEvents<B>;
  readonly #conditions: DiskConditions;
  /** The platter and everything submitted since: what reads see. */
  readonly #seen: Tables;
  #waiting: B[] = [];
  #syncing: readonly B[] = [];
  #isSyncing = false;
  #isOpen = true;
  #isKnownFull = false;

  constructor(
    world: { readonly simulator: Simulator; readonly dice: Dice; readonly conditions: DiskConditions },
    platter: Platter,
    events: DiskEvents<B>,
  ) {
    this.#simulator = world.simulator;
    this.#dice = world.dice;
    this.#conditions = world.conditions;
    this.#platter = platter;
    this.#events = events;
    const { objects, hints, conflicts, meta } = platter.tables;
    this.#seen = {
      objects: new Map(objects),
      hints: new Map(hints),
      conflicts: new Map(conflicts),
      meta: new Map(meta),
    };
  }

  /** The disk has been filled, or there is room again: tells of it, and goes on with what waits. */
  lookForRoom(): void {
    if (!this.#isOpen || this.#platter.isFull === this.#isKnownFull) return;
    this.#isKnownFull = this.#platter.isFull;
    this.#events.onFull(this.#isKnownFull);
    if (this.#isOpen && this.#waiting.length > 0 && !this.#isSyncing) this.#sync();
  }

  /** Batches that a crash would endanger. */
  get unsynced(): number {
    return this.#waiting.length + this.#syncing.length;
  }

  get(table: Table, key: Uint8Array): Uint8Array | undefined {
    return this.#seen[table].get(toBinary(key));
  }

  count(table: Table): number {
    return this.#seen[table].size;
  }

  /** For checkers, in no order. */
  values(table: Table): Iterable<Uint8Array> {
    return this.#seen[table].values();
  }

  /** What a crash at this moment would certainly leave. For checkers; a node never sees it. */
  durable(table: Table, key: Uint8Array): Uint8Array | undefined {
    return this.#platter.tables[table].get(toBinary(key));
  }

  /** A copy is taken at once: that makes it stable. */
  scan(table: Table, from: Uint8Array, to: Uint8Array): Iterable<readonly [key: Uint8Array, value: Uint8Array]> {
    const [least, end] = [toBinary(from), toBinary(to)];
    const names: string[] = [];
    for (const name of this.#seen[table].keys()) if (name >= least && name < end) names.push(name);
    // Binary strings sort as their bytes do.
    return names.sort().map((name) => [fromBinary(name), this.#seen[table].get(name)!] as const);
  }

  commit(batch: B): void {
    this.#waiting.push(batch);
    apply(this.#seen, batch.writes);
    if (!this.#isSyncing) this.#sync();
  }

  /** The power fails: the oldest of what was not synced may have got there, the rest is gone. */
  crash(): void {
    this.#isOpen = false;
    const endangered = [...this.#syncing, ...this.#waiting];
    const { isFull, failingSyncs } = this.#platter;
    const isAllLost = isFull || failingSyncs === "all" || this.#dice.now.chance(this.#conditions.lossAtCrash);
    const survivors = isAllLost ? 0 : this.#dice.now.between(0, endangered.length);
    for (const batch of endangered.slice(0, survivors)) apply(this.#platter.tables, batch.writes);
  }

  /** Closed in order: what was submitted is written first, if there is room, and nobody is told any more. */
  close(): void {
    this.#isOpen = false;
    if (this.#platter.isFull) return;
    for (const batch of [...this.#syncing, ...this.#waiting]) apply(this.#platter.tables, batch.writes);
  }

  /** The record is gone as if it had never been written: amnesia (design §4.3). */
  forget(key: Uint8Array): void {
    for (const tables of [this.#platter.tables, this.#seen]) tables.objects.delete(toBinary(key));
  }

  /** Turns one bit of a record that is on the platter, and has not been written anew since. @returns whether there was one */
  flip(key: Uint8Array): boolean {
    const name = toBinary(key);
    const record = this.#platter.tables.objects.get(name);
    if (record === undefined || record !== this.#seen.objects.get(name)) return false;
    // Not `record.slice()`: of a Buffer that is a view, and the frame that the record came in would change too.
    const flipped = new Uint8Array(record);
    flipped[this.#dice.now.between(0, flipped.length - 1)]! ^= 1 << this.#dice.now.between(0, 7);
    for (const tables of [this.#platter.tables, this.#seen]) tables.objects.set(name, flipped);
    return true;
  }

  #sync(): void {
    if (this.#platter.isFull) return;
    this.#syncing = this.#waiting;
    this.#waiting = [];
    this.#isSyncing = true;
    this.#simulator.schedule(this.#delayMs(), "sync", () => this.#synced());
  }

  #delayMs(): number {
    const { syncMinMs, syncMeanMs, slowSyncs, slowSyncMs } = this.#conditions;
    const isIdle = this.#syncing.every((batch) => batch.writes.length === 0);
    const usualMs = isIdle ? 0 : syncMinMs + this.#dice.now.exponential(syncMeanMs);
    return slowSyncs > 0 && this.#dice.now.chance(slowSyncs)
      ? usualMs + this.#dice.now.exponential(slowSyncMs)
      : usualMs;
  }

  /** Until its process has ended, it counts as syncing. */
  #fail(): void {
    if (this.#platter.failingSyncs === "next") this.#platter.failingSyncs = "none";
    this.#events.onFailure(new Error("the sync failed"));
  }

  /** The sync failed for lack of room: its batches are the first of the next one. */
  #giveUp(): void {
    this.#waiting = [...this.#syncing, ...this.#waiting];
    this.#syncing = [];
    this.#isSyncing = false;
  }

  #synced(): void {
    if (!this.#isOpen) return;
    if (this.#platter.failingSyncs !== "none") return this.#fail();
    if (this.#platter.isFull) return this.#giveUp();
    const batches = this.#syncing;
    for (const batch of batches) apply(this.#platter.tables, batch.writes);
    this.#syncing = [];
    // One by one: the node may crash between any two.
    for (const batch of batches) if (this.#isOpen) this.#events.onDurable([batch]);
    if (!this.#isOpen) return;
    this.#isSyncing = false;
    this.#events.onSynced?.();
    if (this.#waiting.length > 0 && !this.#isSyncing) this.#sync();
  }
}

function apply(tables: Tables, writes: readonly Write[]): void {
  for (const { table, key, value } of writes) {
    if (value === undefined) tables[table].delete(toBinary(key));
    else tables[table].set(toBinary(key), value);
  }
}
