/**
 * The store of a node on disk: LMDB under group commit.
 *
 *   commit ─▶ gathering ──(the disk is free)──▶ committing ──(fdatasync, meta page)──▶ onDurable, batch by batch
 *                 │                              │      ▲
 *                 │                           no room   │ there is room, or a while has passed
 *                 │                              ▼      │
 *                 │                          waiting for room
 *                 └───────── get and scan look here first ─────────┘
 *
 * One group is under way at a time; everything submitted meanwhile goes into the next one. So a write costs a map entry and
 * an instruction for lmdb-js's writer thread, and promises, callbacks and syncs are counted per group. Measured against the
 * alternative, synchronous transactions (which need a thread of our own to not block the node): the same processor time.
 *
 * Why LMDB is opened the way it is:
 * - `overlappingSync: false` is plain LMDB: pages are written, synced, and only then named by a meta page that is synced
 *   itself. A failed sync leaves the old state on disk. The default of lmdb-js shows the new state to readers, and to a
 *   restart, before it is synced, and its `flushed` never settles when the sync fails. Overlapping gains nothing here: the
 *   next group waits for this one anyway.
 * - `eventTurnBatching: false` and one `batch` block per group: lmdb-js ends no transaction inside a block, so a group, and
 *   with it each batch, is one transaction. Its batching per turn would wrap that block in one that we neither start nor end.
 * - `batchStartThreshold` out of reach: the writer thread starts when the block is complete and never waits inside one.
 * - A group is handed to LMDB only when the file has room for it (data-file.ts), so lack of room is known before anything
 *   has happened, and waiting for it is safe. An error of LMDB itself is always the end.
 * - No noSync, useWritemap, noMetaSync, compression: each gives up a promise of the store seam.
 */
import { open, type Database, type RootDatabase, type RootDatabaseOptions } from "lmdb";
import { closed, storage } from "../../src/errors.ts";
import { tables, type Batch, type Store, type StoreEvents, type Table, type Write } from "../store.ts";
import { binaryKey, CommitGroup, type NamedWrite } from "./commit-group.ts";
import { DataFile, fillLockFile } from "./data-file.ts";
import { DiskSpace, roomOf, type Room } from "./disk-space.ts";
import { syncDirectory } from "./sync-directory.ts";
import { ValueSlab } from "./value-slab.ts";

export interface LmdbStoreOptions {
  /** A group that is not durable after this long never will be: the store fails. Larger tolerates slower disks. Default 30 s. */
  readonly flushTimeoutMs?: number;
  /** Address space to begin with, not file size. LMDB grows it by itself, but leaves each outgrown mapping mapped. Default 1 GiB. */
  readonly mapBytes?: number;
  /** How often the room on the disk is looked at, and a group tried again that found none. Default 500 ms. */
  readonly lookMs?: number;
  /** Default: what the file system says. */
  readonly measure?: () => Promise<Room>;
}

/** What LMDB takes with pages of 4 KiB, the smallest: a file that was made with those must do too. */
export const storeKeyBytesMax = 1978;

const defaults = { flushTimeoutMs: 30_000, mapBytes: 2 ** 30, lookMs: 500 } as const;
/** Random writes touch nearly every leaf page of a group: fewer, larger pages cost fewer system calls. */
const pageSize = 8192;
const watchTicks = 10;
/** Of a tree of some billion records. */
const treeDepthMax = 4;
/** More copies than this, 64 MiB, are the work of a group that finds most of its pages among those that are free again. */
const copiedPagesMax = 8192;
const freeListPages = 32;
/** What waits on a full disk is bounded by those who submit it. Past this one of them has not understood. */
const waitingBytesMax = 512 * 1024 * 1024;
const binary = { keyEncoding: "binary", encoding: "binary" } as const;
type Bytes = Uint8Array;
type Stats = { readonly lastPageNumber: number; readonly pageSize: number };
type Stored = { readonly key: Bytes; readonly value: Bytes };
/** `batchStartThreshold` is missing from the types of lmdb-js. */
type OpenOptions = RootDatabaseOptions & { readonly batchStartThreshold: number };

/**
 * Opens the environment in `directory`, which must be ours alone (`data-directory.ts` sees to that).
 *
 * @throws CoterieError STORAGE when LMDB cannot open what it finds there
 */
export function openLmdbStore<B extends Batch>(
  directory: string,
  events: StoreEvents<B>,
  options: LmdbStoreOptions = {},
): LmdbStore<B> {
  const settings = { ...defaults, measure: () => roomOf(directory), ...options };
  try {
    fillLockFile(directory);
    const root = openEnvironment(directory, settings.mapBytes);
    const store = new LmdbStore(directory, root, events, settings);
    syncDirectory(directory);
    return store;
  } catch (cause) {
    throw storage(`The store in ${directory} cannot be opened: ${messageOf(cause)}.`, { cause });
  }
}

function openEnvironment(directory: string, mapBytes: number): RootDatabase<Bytes, Bytes> {
  const options: OpenOptions = {
    ...binary,
    noSubdir: false, // else a dot in the name of the directory makes it a file
    overlappingSync: false,
    eventTurnBatching: false,
    batchStartThreshold: Number.MAX_SAFE_INTEGER,
    mapSize: mapBytes,
    pageSize,
  };
  return open<Bytes, Bytes>(directory, options);
}

export class LmdbStore<B extends Batch> implements Store<B> {
  readonly #directory: string;
  readonly #root: RootDatabase<Bytes, Bytes>;
  readonly #tables: Readonly<Record<Table, Database<Bytes, Bytes>>>;
  readonly #events: StoreEvents<B>;
  readonly #slab = new ValueSlab();
  readonly #file: DataFile;
  readonly #space: DiskSpace;
  readonly #watch: NodeJS.Timeout;
  readonly #looks: NodeJS.Timeout;
  #gathering = new CommitGroup<B>();
  /** Kept until a read transaction is certain to see it, and for good after a failure. */
  #committing: CommitGroup<B> | undefined;
  #watched: CommitGroup<B> | undefined;
  #ticksWatched = 0;
  /** lmdb-js has not answered yet, and after a failure perhaps never will. */
  #isWriting = false;
  /** The group that is committing has found none. */
  #waitsForRoom = false;
  #isFull = false;
  #hasFailed = false;
  #closing: Promise<void> | undefined;
  #isClosed = false;
  #idleWaiters: (() => void)[] = [];
  readonly #advance = (): void => this.#commitNext();
  readonly #onCommitted = (): void => this.#finishCommit();
  readonly #onRejected = (error: unknown): void => this.#rejectCommit(error);

  /** Use `openLmdbStore`. */
  constructor(
    directory: string,
    root: RootDatabase<Bytes, Bytes>,
    events: StoreEvents<B>,
    { flushTimeoutMs, lookMs, measure }: Required<LmdbStoreOptions>,
  ) {
    this.#directory = directory;
    this.#root = root;
    this.#tables = {
      objects: root.openDB("objects", binary),
      hints: root.openDB("hints", binary),
      conflicts: root.openDB("conflicts", binary),
      meta: root.openDB("meta", binary),
    };
    this.#events = events;
    this.#file = new DataFile(directory);
    this.#space = new DiskSpace(measure);
    this.#watch = setInterval(() => this.#watchCommit(), flushTimeoutMs / watchTicks).unref();
    this.#looks = setInterval(() => void this.#look(), lookMs).unref();
  }

  /** Submitted, and not yet durable. */
  get pendingBytes(): number {
    return this.#gathering.bytes + (this.#committing?.bytes ?? 0);
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  get(table: Table, key: Bytes): Bytes | undefined {
    const pending = this.#findPending(table, key);
    return pending === undefined ? this.#getStored(table, key) : pending.value;
  }

  /** Takes its snapshot at the first step. A walk that is given up must be ended (`for … of` does), else the file grows. */
  *scan(table: Table, from: Bytes, to: Bytes): Generator<readonly [key: Bytes, value: Bytes]> {
    const pending = this.#pendingBetween(table, binaryKey(from), binaryKey(to));
    let at = 0;
    for (const { key, value } of this.#storedBetween(table, from, to)) {
      const name = binaryKey(key);
      for (; at < pending.length && pending[at]![0] < name; at++) yield* entryOf(pending[at]![1]);
      if (pending[at]?.[0] === name) yield* entryOf(pending[at++]![1]);
      else yield [plain(key), plain(value)];
    }
    for (; at < pending.length; at++) yield* entryOf(pending[at]![1]);
  }

  commit(batch: B): void {
    if (this.#closing !== undefined) throw closed("The store is closed.");
    if (this.#hasFailed) return;
    for (const { key } of batch.writes) assertKey(key);
    // The first batch of a group waits for the end of the turn, so that what came in its frames goes together.
    if (this.#committing === undefined && this.#gathering.isEmpty) setImmediate(this.#advance);
    this.#gathering.add(batch);
    if (this.#waitsForRoom && this.pendingBytes > waitingBytesMax)
      this.#fail(new Error(`the disk is full, and more than ${waitingBytesMax} bytes wait for it`));
  }

  /** Waits until everything submitted is durable, has failed or finds no room, and gives the files free. Nothing may be submitted any more. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #commitNext(): void {
    if (this.#committing !== undefined || this.#gathering.isEmpty || this.#hasFailed) return;
    this.#committing = this.#gathering;
    this.#gathering = new CommitGroup();
    this.#try(this.#committing);
  }

  #try(group: CommitGroup<B>): void {
    if (group.hasNoWrites) return process.nextTick(this.#onCommitted);
    try {
      if (!this.#hasRoom(group)) return this.#waitForRoom();
    } catch (error) {
      return this.#fail(error);
    }
    this.#isWriting = true;
    const written = this.#root.batch(() => this.#write(group));
    // Without overlapping sync the two are one. Waiting for both keeps the promise should a version of lmdb-js part them.
    Promise.all([written, this.#root.flushed]).then(this.#onCommitted, this.#onRejected);
  }

  #write(group: CommitGroup<B>): void {
    for (const table of tables) this.#writeTable(this.#tables[table], group.writes(table));
  }

  #writeTable(table: Database<Bytes, Bytes>, writes: Iterable<Write>): void {
    for (const { key, value } of writes) {
      if (value === undefined) void table.remove(key);
      else void table.put(key, value);
    }
  }

  #finishCommit(): void {
    this.#isWriting = false;
    const group = this.#committing;
    if (this.#hasFailed || group === undefined) return;
    // lmdb-js keeps a read transaction for the rest of a turn, perhaps one from before this commit, through which a read
    // would not find the group that is dropped here. It resets it on a commit too, but where is its own affair.
    this.#root.resetReadTxn();
    this.#committing = undefined;
    const wasStuck = this.#waitsForRoom;
    this.#waitsForRoom = false;
    for (const batch of group.batches) this.#events.onDurable(batch);
    if (wasStuck) this.#goOn();
    this.#commitNext();
    if (this.#committing === undefined) this.#wakeIdle();
  }

  /** lmdb-js tells what went wrong by a second promise, which would take the process down if nobody listened. */
  #rejectCommit(error: unknown): void {
    this.#isWriting = false;
    const reason = error instanceof Error && "commitError" in error ? error.commitError : undefined;
    if (reason instanceof Promise) reason.catch((cause: unknown) => this.#fail(cause));
    else this.#fail(error);
  }

  #hasRoom(group: CommitGroup<B>): boolean {
    const { lastPageNumber, pageSize } = this.#root.getStats() as Stats;
    return this.#file.reach((lastPageNumber + 1 + newPagesMax(group, lastPageNumber, pageSize)) * pageSize);
  }

  #waitForRoom(): void {
    this.#waitsForRoom = true;
    this.#looks.ref(); // a process must not end for want of things to do while something waits for the disk
    this.#tellIfFull();
    this.#wakeIdle();
  }

  #goOn(): void {
    this.#looks.unref();
    this.#tellIfFull();
  }

  async #look(): Promise<void> {
    await this.#space.look();
    this.#tellIfFull();
    const group = this.#committing;
    if (this.#waitsForRoom && !this.#isWriting && !this.#hasFailed && !this.#isClosed && group !== undefined)
      this.#try(group);
  }

  #tellIfFull(): void {
    const isFull = this.#waitsForRoom || this.#space.isShort;
    if (isFull === this.#isFull || this.#hasFailed || this.#isClosed) return;
    this.#isFull = isFull;
    this.#events.onFull(isFull);
  }

  /** Counts its own ticks and not the clock, so that a process that was stopped for a while does not blame the disk. */
  #watchCommit(): void {
    const isSame = this.#isWriting && this.#committing === this.#watched;
    this.#watched = this.#committing;
    this.#ticksWatched = isSame ? this.#ticksWatched + 1 : 0;
    if (this.#ticksWatched >= watchTicks) this.#fail(new Error("the disk did not finish a write in time"));
  }

  #fail(cause: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#stopTimers();
    this.#wakeIdle();
    const message = `Writes to the store in ${this.#directory} are not durable any more: ${messageOf(cause)}.`;
    this.#events.onFailure(storage(message, { cause }));
  }

  async #close(): Promise<void> {
    if (!this.#isIdle()) await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
    this.#stopTimers();
    this.#isClosed = true;
    // lmdb-js closes nothing while a write is under way. One that hangs would keep a failed node from going down.
    if (!this.#isWriting) await this.#root.close();
    this.#file.close();
  }

  #stopTimers(): void {
    clearInterval(this.#watch);
    clearInterval(this.#looks);
  }

  #isIdle(): boolean {
    return this.#hasFailed || this.#waitsForRoom || (this.#committing === undefined && this.#gathering.isEmpty);
  }

  #wakeIdle(): void {
    for (const wake of this.#idleWaiters.splice(0)) wake();
  }

  #findPending(table: Table, key: Bytes): Write | undefined {
    const isGathering = this.#gathering.has(table);
    const isCommitting = this.#committing?.has(table) === true;
    if (!isGathering && !isCommitting) return undefined;
    const name = binaryKey(key);
    return this.#gathering.find(table, name) ?? this.#committing?.find(table, name);
  }

  #pendingBetween(table: Table, from: string, to: string): NamedWrite[] {
    const pending = new Map(this.#committing?.between(table, from, to));
    for (const [name, write] of this.#gathering.between(table, from, to)) pending.set(name, write);
    return [...pending].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  #getStored(table: Table, key: Bytes): Bytes | undefined {
    assertKey(key);
    const shared = this.#tables[table].getBinaryFast(key);
    return shared === undefined ? undefined : this.#slab.copy(shared);
  }

  /** Walks by hand, because stepping or ending a cursor whose environment is closed is a segmentation fault. */
  *#storedBetween(table: Table, from: Bytes, to: Bytes): Generator<Stored> {
    if (binaryKey(from) >= binaryKey(to)) return;
    const walk = this.#tables[table].getRange({ start: from, end: to })[Symbol.iterator]();
    try {
      for (;;) {
        if (this.#isClosed) throw closed("The store was closed under a scan.");
        const step = walk.next();
        if (step.done === true) return;
        yield step.value;
      }
    } finally {
      if (!this.#isClosed) walk.return?.();
    }
  }
}

/**
 * How many pages a group can add to the file. Each write copies a leaf and what leads to it, unless another has done so, and there
 * are no more copies than pages; bytes are counted twice, since a page that is split is half empty; then the list of free pages.
 */
function newPagesMax(group: CommitGroup<Batch>, lastPage: number, pageSize: number): number {
  const copies = Math.min(group.writeCount * treeDepthMax, lastPage + 1, copiedPagesMax);
  return copies + group.writeCount + Math.ceil((2 * group.bytes) / pageSize) + freeListPages;
}

function* entryOf(write: Write): Generator<readonly [key: Bytes, value: Bytes]> {
  if (write.value !== undefined) yield [write.key, write.value];
}

/** Buffers inherit methods that mean something else (`slice` shares memory): nobody shall depend on which kind comes. */
function plain(bytes: Bytes): Bytes {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A wrong key inside a block would leave half a batch behind, so it is refused before anything is written. */
function assertKey(key: Bytes): void {
  if (key.length > 0 && key.length <= storeKeyBytesMax) return;
  throw new RangeError(`A store key must have 1 to ${storeKeyBytesMax} bytes, this one has ${key.length}.`);
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
