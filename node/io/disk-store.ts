/**
 * The store of a node on disk: group commit into a log, and tables behind it.
 *
 *   commit ─▶ gathering ──(the log is free)──▶ a frame of the log ──(on disk)──▶ onDurable
 *                                                    │     ▲
 *                                                 no room  │ there is room
 *                                                    ▼     │
 *                                                 waiting for room
 *             a segment of the log that is full ──in order, piece by piece──▶ the tables ──▶ free
 *
 *   get, scan: gathering, then the log, the newest first, then the tables
 *
 * - One group is on its way at a time; everything submitted meanwhile goes into the next one. So a write costs a place in an index and some
 *   copied bytes, and callbacks and syncs are counted per group.
 * - What is in the log is in memory too, so the log is read only when the store is opened, and the tables may take their time. When
 *   they fall far behind, the log waits for them, and what is submitted shows in `pendingBytes`.
 * - Lack of room is no failure, in the log or in the tables: it is tried again.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { closed, storage } from "../../src/errors.ts";
import type { Batch, Store, StoreEvents, Table, Write } from "../store.ts";
import { CommitGroup } from "./commit-group.ts";
import { dataFileName, isLackOfRoom } from "./data-file.ts";
import { DiskSpace, roomOf, type Room } from "./disk-space.ts";
import { hashOf } from "./key-hash.ts";
import { LmdbTables, storeKeyBytesMax } from "./lmdb-tables.ts";
import { damaged } from "./log-segment.ts";
import { overlay, type WalkedEntry } from "./overlay.ts";
import { syncDirectory } from "./sync-directory.ts";
import { ValueSlab } from "./value-slab.ts";
import { Watchdog } from "./watchdog.ts";
import { WriteAheadLog } from "./write-ahead-log.ts";

export interface DiskStoreOptions {
  /** A write under way for longer than this is taken never to end: the store fails. Waiting for room does not count. Larger tolerates slower disks. Default 30 s. */
  readonly flushTimeoutMs?: number;
  /** Address space for the tables to begin with, not file size. LMDB grows it by itself, but leaves each outgrown mapping mapped. Default 1 GiB. */
  readonly mapBytes?: number;
  /** How often the room on the disk is looked at, and what found none is tried again. Default 500 ms. */
  readonly lookMs?: number;
  /** Keys in the log after which they are moved into the tables. More share pages there, take memory, and lengthen a start. Default 150,000. */
  readonly rotateAtEntries?: number;
  /** Default: what the file system says. */
  readonly measure?: () => Promise<Room>;
}

const defaults = { flushTimeoutMs: 30_000, mapBytes: 2 ** 30, lookMs: 500, rotateAtEntries: 150_000 } as const;
/** Bytes in the active segment after which it is rotated, as after so many keys: large values share no pages, and fill memory soon. */
const rotateAtBytes = 32 * 1024 * 1024;
/** Past this, with the other segment still full, nothing is committed until the tables have that one. */
const activeBytesMax = 2 * rotateAtBytes;
/** Moved in one transaction: more would hold up the turn of the event loop that hands them over. */
const pieceMax = { entries: 500, bytes: 1024 * 1024 } as const;
/** Between two pieces. */
const restMsMax = 50;
/** A log that nothing was added to for so long is moved as it is: then reads have one place to look, and memory is free. */
const looksAtRest = 10;
/** In how many ticks of the watchdogs a write may take that long. */
const watchTicks = 10;
/** What waits is bounded by those who submit it: they know of a full disk, and see `pendingBytes`. More than this means that a caller ignores both. */
const waitingBytesMax = 512 * 1024 * 1024;
type Bytes = Uint8Array;

/**
 * Opens the store in `directory`, which must be ours alone (`data-directory.ts` sees to that).
 *
 * @throws CoterieError STORAGE when what is there cannot be opened
 */
export function openDiskStore<B extends Batch>(
  directory: string,
  events: StoreEvents<B>,
  options: DiskStoreOptions = {},
): DiskStore<B> {
  let store: DiskStore<B> | undefined;
  try {
    store = new DiskStore(directory, events, { ...defaults, measure: () => roomOf(directory), ...options });
    syncDirectory(directory); // before anything is acknowledged: a power cut could lose the names of new files, with all in them
    return store;
  } catch (cause) {
    void store?.close();
    throw storage(`The store in ${directory} cannot be opened: ${messageOf(cause)}.`, { cause });
  }
}

export class DiskStore<B extends Batch> implements Store<B> {
  readonly #directory: string;
  readonly #events: StoreEvents<B>;
  readonly #tables: LmdbTables;
  readonly #log: WriteAheadLog;
  readonly #rotateAtEntries: number;
  readonly #slab = new ValueSlab();
  readonly #space: DiskSpace;
  readonly #watch: NodeJS.Timeout;
  readonly #looks: NodeJS.Timeout;
  #gathering = new CommitGroup<B>();
  /** In the log, and being written to disk. */
  #committing: CommitGroup<B> | undefined;
  readonly #logWrite = new Watchdog(watchTicks);
  readonly #tablesWrite = new Watchdog(watchTicks);
  #looksSinceCommit = 0;
  #logWaits = false;
  #tablesWait = false;
  #isFull = false;
  #hasFailed = false;
  /** Set before `#close` takes its first step, which looks at it already: a log that is too long must not wait for tables any more. */
  #isClosing = false;
  #closing: Promise<void> | undefined;
  #isClosed = false;
  #retryTables: () => void = () => undefined;
  #onIdle: () => void = () => undefined;
  readonly #onTurnEnd = (): void => this.#commitNext();
  readonly #onWritten = (error: Error | null): void => this.#finishWrite(error);

  /** Use `openDiskStore`. */
  constructor(directory: string, events: StoreEvents<B>, options: Required<DiskStoreOptions>) {
    this.#directory = directory;
    this.#events = events;
    this.#log = new WriteAheadLog(directory);
    this.#tables = openTables(directory, options.mapBytes, this.#log);
    this.#rotateAtEntries = options.rotateAtEntries;
    this.#space = new DiskSpace(options.measure);
    this.#watch = setInterval(() => this.#watchWrites(), options.flushTimeoutMs / watchTicks).unref();
    this.#looks = setInterval(() => void this.#look(), options.lookMs).unref();
    // Whoever opens it must have it before it is told anything.
    queueMicrotask(() => void this.#moveFullSegment());
  }

  /** Submitted, and not yet durable. */
  get pendingBytes(): number {
    return this.#gathering.bytes + (this.#committing?.bytes ?? 0);
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  get(table: Table, key: Bytes): Bytes | undefined {
    assertKey(key);
    this.#assertOpen();
    if (this.#log.isEmpty && this.#gathering.isEmpty) return this.#tables.get(table, key);
    const hash = hashOf(key);
    const write = this.#gathering.find(table, key, hash);
    if (write !== undefined) return write.value;
    for (const segment of this.#log.segments) {
      const at = segment.find(table, key, hash);
      if (at === 0) continue;
      const value = segment.valueAt(at);
      return value && this.#slab.copy(value);
    }
    return this.#tables.get(table, key);
  }

  /**
   * Takes its snapshot at the first step. A walk that is given up must be ended (`for … of` does), else the file grows.
   * What it yields may be a view of the log: who keeps it for long copies it.
   */
  *scan(table: Table, from: Bytes, to: Bytes): Generator<readonly [key: Bytes, value: Bytes]> {
    this.#assertOpen();
    let entries: Iterable<WalkedEntry> = this.#tables.walk(table, from, to);
    for (const segment of this.#log.segments.toReversed()) entries = overlay(entries, segment.walk(table, from, to));
    for (const [key, value] of overlay(entries, this.#gathering.between(table, from, to).values())) {
      if (value !== undefined) yield [key, value];
      if (this.#isClosed) throw closed("The store was closed under a scan.");
    }
  }

  /** lmdb-js takes the process down, a moment later, for a read from an environment that is being closed. */
  #assertOpen(): void {
    if (this.#isClosed) throw closed("The store is closed.");
  }

  commit(batch: B): void {
    if (this.#isClosing) throw closed("The store is closed.");
    if (this.#hasFailed) return;
    for (const { key } of batch.writes) assertKey(key);
    // The first batch of a group waits for the end of the turn, so that what came in its frames goes together.
    if (this.#committing === undefined && this.#gathering.isEmpty) setImmediate(this.#onTurnEnd);
    this.#gathering.add(batch);
    if (this.pendingBytes > waitingBytesMax)
      this.#fail(new Error(`more than ${waitingBytesMax} bytes wait for the disk`));
  }

  /** Waits until everything submitted is durable, has failed or finds no room, and closes the files. Nothing may be submitted any more. */
  close(): Promise<void> {
    this.#isClosing = true;
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #commitNext(): void {
    if (this.#committing !== undefined || this.#gathering.isEmpty || this.#hasFailed || this.#isLogTooLong) return;
    const group = this.#gathering;
    this.#gathering = new CommitGroup();
    this.#committing = group;
    if (group.writes.length === 0) return process.nextTick(this.#onWritten, null);
    this.#looksSinceCommit = 0;
    if (this.#log.full === undefined && this.#isDueToRotate) this.#rotateLog();
    this.#log.append(group);
    this.#write();
  }

  get #isDueToRotate(): boolean {
    return this.#log.activeEntries >= this.#rotateAtEntries || this.#log.activeBytes >= rotateAtBytes;
  }

  get #isLogTooLong(): boolean {
    return this.#log.full !== undefined && this.#log.activeBytes > activeBytesMax && !this.#isClosing;
  }

  get #isEnding(): boolean {
    return this.#isClosing || this.#hasFailed;
  }

  #write(): void {
    this.#logWrite.start();
    this.#log.write(this.#onWritten);
  }

  #finishWrite(error: Error | null): void {
    this.#logWrite.stop();
    const group = this.#committing;
    if (this.#hasFailed || group === undefined) return this.#tellIdle();
    if (error !== null) return isLackOfRoom(error) ? this.#waitForRoom() : this.#fail(error);
    this.#committing = undefined;
    const wasStuck = this.#logWaits;
    this.#logWaits = false;
    this.#events.onDurable(group.batches);
    if (wasStuck) this.#roomFound();
    this.#commitNext();
    this.#tellIdle();
  }

  #rotateLog(): void {
    this.#log.rotate();
    void this.#moveFullSegment();
  }

  /** Moves the segment of the log that is full into the tables, if there is one. A store that closes leaves it to the next start. */
  async #moveFullSegment(): Promise<void> {
    const { full } = this.#log;
    if (full === undefined) return;
    try {
      for (const writes of full.pieces(pieceMax.entries, pieceMax.bytes)) {
        await this.#roomInTablesFor(writes);
        if (this.#isEnding) return;
        await this.#move(writes);
        if (this.#isEnding) return;
      }
      this.#tables.refresh();
      this.#log.free();
      this.#commitNext();
    } catch (error) {
      this.#tablesWrite.stop();
      this.#fail(error);
    } finally {
      this.#tellIdle();
    }
  }

  /** Moves a piece, and leaves the processor and the disk to requests for as long as that took, unless the log waits for it. */
  async #move(writes: readonly Write[]): Promise<void> {
    this.#tablesWrite.start();
    const began = performance.now();
    await this.#tables.write(writes);
    this.#tablesWrite.stop();
    this.#tellIdle();
    const restMs = Math.min(performance.now() - began, restMsMax);
    if (!this.#isEnding && !this.#isLogTooLong) await new Promise((resolve) => setTimeout(resolve, restMs).unref());
  }

  async #roomInTablesFor(writes: readonly Write[]): Promise<void> {
    // Asked in this order: once the store ends, the tables may be closed.
    while (!this.#isEnding && !this.#tables.hasRoomFor(writes)) {
      this.#tablesWait = true;
      this.#tellIfFull();
      await new Promise<void>((resolve) => (this.#retryTables = resolve));
      this.#tablesWait = false;
    }
  }

  #waitForRoom(): void {
    this.#logWaits = true;
    this.#looks.ref(); // a process must not end for want of things to do while something waits for the disk
    this.#tellIfFull();
    this.#tellIdle();
  }

  #roomFound(): void {
    this.#looks.unref();
    this.#tellIfFull();
  }

  async #look(): Promise<void> {
    await this.#space.look();
    if (this.#hasFailed || this.#isClosed) return;
    this.#tellIfFull();
    if (this.#logWaits && !this.#logWrite.isUnderWay) this.#write();
    this.#retryTables();
    const rests = ++this.#looksSinceCommit >= looksAtRest && this.#committing === undefined && !this.#isClosing;
    if (rests && this.#log.full === undefined && !this.#log.isEmpty) this.#rotateLog();
  }

  #tellIfFull(): void {
    const isFull = this.#logWaits || this.#tablesWait || this.#space.isShort;
    if (isFull === this.#isFull || this.#hasFailed || this.#isClosed) return;
    this.#isFull = isFull;
    this.#events.onFull(isFull);
  }

  #watchWrites(): void {
    const isOver = [this.#logWrite, this.#tablesWrite].some((write) => write.tick());
    if (isOver) this.#fail(new Error("the disk did not finish a write in time"));
  }

  #fail(cause: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#stopTimers();
    this.#retryTables();
    this.#tellIdle();
    const message = `Writes to the store in ${this.#directory} are not durable any more: ${messageOf(cause)}.`;
    this.#events.onFailure(storage(message, { cause }));
  }

  async #close(): Promise<void> {
    this.#retryTables();
    this.#commitNext();
    while (!this.#isIdle) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    this.#stopTimers();
    this.#isClosed = true;
    // A write that hangs would keep a failed node from going down: what it uses stays open until the process ends.
    if (this.#tablesWrite.isUnderWay) this.#tables.abandon();
    else await this.#tables.close();
    if (!this.#logWrite.isUnderWay) this.#log.close();
  }

  #stopTimers(): void {
    clearInterval(this.#watch);
    clearInterval(this.#looks);
  }

  get #isIdle(): boolean {
    if (this.#hasFailed) return true;
    if (this.#tablesWrite.isUnderWay || this.#logWrite.isUnderWay) return false;
    return this.#logWaits || (this.#committing === undefined && this.#gathering.isEmpty);
  }

  #tellIdle(): void {
    if (this.#isIdle) this.#onIdle();
  }
}

/** The tables are made before the first frame is written: a log with frames and no tables has lost what was moved. Closes the log if they cannot be opened. */
function openTables(directory: string, mapBytes: number, log: WriteAheadLog): LmdbTables {
  try {
    if (!log.isEmpty && !existsSync(join(directory, dataFileName))) throw damaged("its tables are gone");
    return new LmdbTables(directory, mapBytes);
  } catch (error) {
    log.close();
    throw error;
  }
}

/** A wrong key would fail a group that others are in, or a move into the tables, so it is refused at the door. */
function assertKey(key: Bytes): void {
  if (key.length > 0 && key.length <= storeKeyBytesMax) return;
  throw new RangeError(`A store key must have 1 to ${storeKeyBytesMax} bytes, this one has ${key.length}.`);
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
