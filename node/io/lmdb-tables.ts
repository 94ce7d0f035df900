/**
 * The tables of a node's store in LMDB, behind the log. What is written here is durable in the log already; it is moved in order and
 * many entries at a time, one transaction after the other.
 *
 * Why LMDB is opened the way it is:
 * - `overlappingSync: false` is plain LMDB: pages are written, synced, and only then named by a meta page that is synced
 *   itself. A failed sync leaves the old state on disk. The default of lmdb-js shows the new state to readers, and to a
 *   restart, before it is synced, and its `flushed` never settles when the sync fails.
 * - `eventTurnBatching: false` and one `batch` block for each write: lmdb-js ends no transaction inside a block. Its batching per
 *   turn would wrap that block in one that we neither start nor end.
 * - `batchStartThreshold` out of reach: the writer thread starts when the block is complete and never waits inside one.
 * - Something is handed to LMDB only when the file has room for it (data-file.ts), so lack of room is known before anything
 *   has happened, and waiting for it is safe. An error of LMDB itself is always the end.
 * - No noSync, noMetaSync: the log forgets what has been moved. No useWritemap: on a full disk that is a signal, and no error.
 */
import { open, type Database, type RootDatabase, type RootDatabaseOptions } from "lmdb";
import { compareBytes } from "../../src/bytes.ts";
import type { Table, Write } from "../store.ts";
import { DataFile, fillLockFile } from "./data-file.ts";
import { ValueSlab } from "./value-slab.ts";

/** What LMDB takes with pages of 4 KiB, the smallest: a file that was made with those must do too. */
export const storeKeyBytesMax = 1978;

/** Random writes touch nearly every leaf page of a transaction: fewer, larger pages cost fewer system calls. */
const pageSize = 8192;
/** Of a tree of some billion records. */
const treeDepthMax = 4;
/** For the list of free pages, the tree of tables, and new roots. */
const otherPages = 64;
const binary = { keyEncoding: "binary", encoding: "binary" } as const;
type Bytes = Uint8Array;
type Stats = { readonly lastPageNumber: number; readonly pageSize: number };
/** `batchStartThreshold` is missing from the types of lmdb-js. */
type OpenOptions = RootDatabaseOptions & { readonly batchStartThreshold: number };

export class LmdbTables {
  readonly #root: RootDatabase<Bytes, Bytes>;
  readonly #tables: Readonly<Record<Table, Database<Bytes, Bytes>>>;
  readonly #slab = new ValueSlab();
  readonly #file: DataFile;
  #isClosed = false;

  /**
   * Opens the environment in `directory`, which must be ours alone (`data-directory.ts` sees to that).
   * @param mapBytes address space to begin with, not file size
   * @throws what LMDB says
   */
  constructor(directory: string, mapBytes: number) {
    fillLockFile(directory);
    this.#root = openEnvironment(directory, mapBytes);
    try {
      this.#tables = {
        objects: this.#root.openDB("objects", binary),
        hints: this.#root.openDB("hints", binary),
        conflicts: this.#root.openDB("conflicts", binary),
        meta: this.#root.openDB("meta", binary),
      };
      this.#file = new DataFile(directory);
    } catch (error) {
      void this.#root.close();
      throw error;
    }
  }

  get(table: Table, key: Bytes): Bytes | undefined {
    const lent = this.#tables[table].getBinaryFast(key);
    if (lent === undefined) return undefined;
    // Its `length` counts, not its `byteLength`: lmdb-js lends one large buffer and overrides the former.
    return this.#slab.copy(new Uint8Array(lent.buffer, lent.byteOffset, lent.length));
  }

  /**
   * Takes its snapshot at the first step. A walk that is given up must be ended, else the file grows; none may go on when the tables
   * are closed. By hand, because to step or end a cursor whose environment is closed is a segmentation fault.
   */
  *walk(table: Table, from: Bytes, to: Bytes): Generator<readonly [key: Bytes, value: Bytes]> {
    if (compareBytes(from, to) >= 0) return;
    const walk = this.#tables[table].getRange({ start: from, end: to })[Symbol.iterator]();
    try {
      for (;;) {
        const step = walk.next();
        if (step.done === true) return;
        yield [plain(step.value.key), plain(step.value.value)];
      }
    } finally {
      if (!this.#isClosed) walk.return?.();
    }
  }

  /** Makes room for what is to be written. @returns whether there is enough */
  hasRoomFor(writes: readonly Write[]): boolean {
    const { lastPageNumber, pageSize } = this.#root.getStats() as Stats;
    return this.#file.reach((lastPageNumber + 1 + newPagesMax(writes, lastPageNumber, pageSize)) * pageSize);
  }

  /** In one transaction, for which there must be room. What is written must not change until it is over. @throws what LMDB says */
  async write(writes: readonly Write[]): Promise<void> {
    const written = this.#root.batch(() => {
      for (const { table, key, value } of writes) {
        if (value === undefined) void this.#tables[table].remove(key);
        else void this.#tables[table].put(key, value);
      }
    });
    try {
      // Without overlapping sync the two are one. Waiting for both keeps the promise should a version of lmdb-js part them.
      await Promise.all([written, this.#root.flushed]);
    } catch (error) {
      throw await reasonOf(error);
    }
  }

  /**
   * From here on reads see all that was written. lmdb-js keeps a read transaction for the rest of a turn, perhaps one from before the
   * last write. It resets it on a commit too, but where is its own affair.
   */
  refresh(): void {
    this.#root.resetReadTxn();
  }

  /** While nothing is being written: lmdb-js would wait for it, and it may hang. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#root.close();
    this.#file.close();
  }

  /** Where a write hangs. The environment stays open until the process ends. */
  abandon(): void {
    this.#isClosed = true;
    this.#file.close();
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

/** lmdb-js tells what went wrong by a second promise, which would take the process down if nobody listened. */
async function reasonOf(error: unknown): Promise<unknown> {
  const reason = error instanceof Error && "commitError" in error ? error.commitError : undefined;
  if (!(reason instanceof Promise)) return error;
  return reason.then(
    () => error,
    (cause: unknown) => cause,
  );
}

/**
 * How many pages a transaction can add to the file. Each write copies a leaf and what leads to it, unless another has done so, and there
 * are no more copies than pages; a leaf may be split; bytes are counted twice, since a page that is split is half empty.
 */
function newPagesMax(writes: readonly Write[], lastPage: number, pageSize: number): number {
  const copies = Math.min(writes.length * treeDepthMax, lastPage + 1);
  const bytes = writes.reduce((sum, { key, value }) => sum + key.length + (value?.length ?? 0), 0);
  return copies + writes.length + Math.ceil((2 * bytes) / pageSize) + otherPages;
}

/** Buffers inherit methods that mean something else (`slice` shares memory): nobody shall depend on which kind comes. */
function plain(bytes: Bytes): Bytes {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
