import { closeSync, constants, openSync, write, writeSync } from "node:fs";
import { open, type RootDatabase } from "lmdb";
import { Packr } from "msgpackr";
import type { Link } from "./wire.ts";

/** Called once the record is on disk; `asker` is undefined when the coordinator asked its own store. */
export type OnDurable = (asker: Link | undefined, id: number) => void;

/** Writes in the log alone after which they are moved into the table. More of them share a leaf, and wait in memory. */
const moveAtWrites = 20_000;
/** Records moved in one transaction: more at once would hold up the turn of the event loop that hands them over. */
const pieceWrites = 1_000;
/** Written with zeros beforehand; a log that outgrows it pays for the journal of the file system too. */
const logBytes = 8 * 1024 * 1024;
const packr = new Packr({ useRecords: false });

/** Writes that go to disk together, in columns, so that a write costs four appends and no object of its own. */
class Batch {
  readonly keys: string[] = [];
  readonly values: Uint8Array[] = [];
  readonly askers: (Link | undefined)[] = [];
  readonly ids: number[] = [];
}

/**
 * A log and a table with group commit. A group of writes is one record of the log, on disk when its write returns, however many keys it
 * has, where the table would rewrite the leaf of each. What the log has is in memory too, until so much has come together that
 * most leaves get several records at once; then it is moved into the table, sorted, while the other of two logs goes on.
 *
 * While one commit is being synced, the writes that arrive form the next.
 */
export class Store {
  private logs: readonly [active: Log, other: Log];
  private readonly table: RootDatabase<Uint8Array, string>;
  private readonly onDurable: OnDurable;
  private next = new Batch();
  private committing = false;
  /** The latest values of what the log has and the table has not, by key. */
  private logged = new Map<string, Uint8Array>();
  private moving = new Map<string, Uint8Array>();
  private isMoving = false;
  private moved: Promise<void> = Promise.resolve();
  private loggedWrites = 0;

  constructor(directory: string, onDurable: OnDurable) {
    this.onDurable = onDurable;
    this.logs = [new Log(`${directory}/log.0`), new Log(`${directory}/log.1`)];
    this.table = openTable(`${directory}/floor.mdb`);
  }

  /** The record in a buffer that the next read overwrites (its `length` is right, its views are not), or undefined. */
  peek(key: string): Uint8Array | undefined {
    return this.logged.get(key) ?? this.moving.get(key) ?? this.table.getBinaryFast(key);
  }

  /** The record in bytes that the caller may keep. Node's buffer pool makes a copy cheaper than lmdb's `getBinary`. */
  read(key: string): Uint8Array | undefined {
    const inMemory = this.logged.get(key) ?? this.moving.get(key);
    if (inMemory !== undefined) return inMemory;
    const record = this.table.getBinaryFast(key);
    if (record === undefined) return undefined;
    const copy = Buffer.allocUnsafe(record.length);
    copy.set(new Uint8Array(record.buffer, record.byteOffset, copy.length));
    return copy;
  }

  write(key: string, value: Uint8Array, asker: Link | undefined, id: number): void {
    const batch = this.next;
    if (batch.ids.length === 0 && !this.committing) setImmediate(this.commit);
    batch.keys.push(key);
    batch.values.push(value);
    batch.askers.push(asker);
    batch.ids.push(id);
  }

  /** Nothing may be under way. */
  async close(): Promise<void> {
    await this.moved;
    for (const log of this.logs) log.close();
    await this.table.close();
  }

  private readonly commit = (): void => {
    const batch = this.next;
    this.next = new Batch();
    this.committing = true;
    if (this.loggedWrites >= moveAtWrites && !this.isMoving) this.moved = this.moveLog();
    for (let at = 0; at < batch.keys.length; at++) this.logged.set(batch.keys[at]!, batch.values[at]!);
    this.loggedWrites += batch.keys.length;
    this.logs[0].append(packr.pack([batch.keys, batch.values]), () => this.acknowledge(batch));
  };

  private acknowledge(batch: Batch): void {
    this.committing = false;
    if (this.next.ids.length > 0) this.commit();
    for (let at = 0; at < batch.ids.length; at++) this.onDurable(batch.askers[at], batch.ids[at]!);
  }

  private async moveLog(): Promise<void> {
    this.isMoving = true;
    this.loggedWrites = 0;
    this.logs = [this.logs[1], this.logs[0]];
    this.logs[0].begin();
    this.moving = this.logged;
    this.logged = new Map();
    const keys = [...this.moving.keys()].sort(); // as UTF-16, which only costs locality where it differs from the table's order
    for (let from = 0; from < keys.length; from += pieceWrites) await this.move(keys.slice(from, from + pieceWrites));
    this.table.resetReadTxn(); // lmdb-js keeps one for the rest of a turn, perhaps from before the last commit
    this.moving = new Map();
    this.isMoving = false;
  }

  private async move(keys: readonly string[]): Promise<void> {
    await this.table.batch(() => {
      for (const key of keys) void this.table.put(key, this.moving.get(key)!);
    });
  }
}

/** A file whose blocks are there already: to write over them takes one flush of the disk, and nothing of the file system. */
class Log {
  private readonly file: number;
  private end = 0;

  constructor(path: string) {
    this.file = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_DSYNC, 0o600);
    writeSync(this.file, new Uint8Array(logBytes));
  }

  begin(): void {
    this.end = 0;
  }

  append(record: Uint8Array, onDurable: () => void): void {
    const at = this.end;
    this.end += record.length;
    write(this.file, record, 0, record.length, at, (error, bytes) => {
      if (error !== null) throw error;
      if (bytes < record.length) throw new Error(`The disk took ${bytes} bytes of ${record.length}.`);
      onDurable();
    });
  }

  close(): void {
    closeSync(this.file);
  }
}

function openTable(path: string): RootDatabase<Uint8Array, string> {
  return open({
    path,
    encoding: "binary",
    // With our own group commit nothing overlaps. Off, a commit resolves only after its fsync and a failed sync
    // rejects; on, `flushed` would never settle after one.
    overlappingSync: false,
    // A group is one `batch`, and starts at once: by itself lmdb-js waits for the end of the turn.
    eventTurnBatching: false,
    noMemInit: true,
    mapSize: 1024 * 1024 * 1024,
  });
}
