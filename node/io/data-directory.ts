/**
 * The directory that holds all a node knows, and two questions about it that must be answered before anything is read:
 * does another process use it, and is it still the one that this node has written?
 *
 *   lock       locked while a process uses the directory; holds its pid for the error message only
 *   identity   {format, owner, inode, birthTimeNs}: whose it is, and what this very file is on the disk that it was made on;
 *              store: what the files of the store were when the last clean stop left them
 *   log.0, log.1, data.mdb, lock.mdb   the store (disk-store.ts)
 *
 * - LMDB lets several processes write to one environment, so the lock is ours. It belongs to the open file and dies with the
 *   process, however that ends: there is no stale lock to remove.
 * - A copy of a directory, and one restored from a backup, would mint dots that the original has minted (design §4.3). A copied
 *   `identity` has another inode or birth time than it says. A file of the store that was overwritten in place, by cp or rsync, has
 *   another inode or change time than the clean stop recorded: no tool can set those. What happens between the stop and the
 *   record, a crash for one, looks the same, and costs no more than a new replica id.
 * - A directory of another node is refused. What that node holds says nothing of what this one has lost, and would count as if it did.
 * - A snapshot of the disk that was taken after a clean stop, and is rolled back below the file system, cannot be told here; it
 *   shows when a peer knows more of us than we do.
 * - `confirmIdentity` only after the new replica id is durable: a crash in between leaves a copy that is still known as one.
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
  type BigIntStats,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { tryLock } from "fs-native-extensions";
import { storage } from "../../src/errors.ts";
import { dataFileName } from "./data-file.ts";
import { syncDirectory } from "./sync-directory.ts";
import { logNames } from "./write-ahead-log.ts";

/**
 * Of everything in the directory. Raise it when an older version must not open what this one writes: format 1 knew no log, format 2 no
 * records in the sole layout.
 */
export const directoryFormat = 3;

const lockName = "lock";
const identityName = "identity";
const identityDraftName = "identity.new";
const storeNames = [dataFileName, ...logNames] as const;
/** What may lie in a directory in which a start was interrupted, or a mount point, before we have made it ours. */
const harmlessNames = new Set([lockName, identityDraftName, "lost+found"]);

export interface DataDirectory {
  readonly path: string;
  /**
   * The store may be older than what the node has said from it: the directory is a copy, or no clean stop has left the store as
   * it is. The node must take a new replica id, and then confirm.
   */
  readonly mayBeOlder: boolean;
  /** Makes this directory the original. Call it after the new replica id is durable, never before. */
  confirmIdentity(): void;
  /** Lets the next opening believe that the store is as it is now. Call it after a clean stop, when the store is closed. */
  confirmCleanStop(): void;
  /** Lets another process open the directory. The store in it must be closed by then. */
  close(): void;
}

interface Identity {
  readonly format: number;
  /** Missing in a directory of an earlier version, until its first clean stop. */
  readonly owner: string | undefined;
  readonly inode: string;
  readonly birthTimeNs: string;
  /** Empty before the first clean stop. */
  readonly store: StoreFingerprint;
}

/**
 * File by file, by its inode and change time.
 * Every write to a file changes its fingerprint, and a file that takes its place has another. Only a write within the same few
 * milliseconds of the file system's clock may not; therefore the first batch after a start also removes what the store itself notes
 * of the clean stop (node/identity.ts).
 */
type StoreFingerprint = Readonly<Record<string, unknown>>;

/** What an opening has found out. */
interface Findings {
  readonly isCopy: boolean;
  readonly mayBeOlder: boolean;
}

/**
 * Creates the directory if there is none, and takes it for this process.
 *
 * @param owner whose it is: a node's id, or what else keeps its data there
 * @throws CoterieError STORAGE when it is in use, not writable, not ours, or written by a newer version
 */
export function openDataDirectory(path: string, owner: string): DataDirectory {
  return describeErrors(path, () => {
    makeDirectory(resolve(path));
    refuseForeign(path);
    const lock = openSync(join(path, lockName), "a+", 0o600);
    try {
      takeLock(path, lock);
      return new LockedDirectory(path, owner, lock, examine(path, owner));
    } catch (error) {
      closeSync(lock);
      throw error;
    }
  });
}

class LockedDirectory implements DataDirectory {
  readonly path: string;
  readonly mayBeOlder: boolean;
  readonly #owner: string;
  readonly #isCopy: boolean;
  readonly #lock: number;
  #isClosed = false;

  constructor(path: string, owner: string, lock: number, { isCopy, mayBeOlder }: Findings) {
    this.path = path;
    this.#owner = owner;
    this.mayBeOlder = mayBeOlder;
    this.#isCopy = isCopy;
    this.#lock = lock;
  }

  confirmIdentity(): void {
    if (this.#isCopy) describeErrors(this.path, () => writeIdentity(this.path, this.#owner, {}));
  }

  confirmCleanStop(): void {
    describeErrors(this.path, () => writeIdentity(this.path, this.#owner, storeFingerprint(this.path)));
  }

  close(): void {
    if (!this.#isClosed) closeSync(this.#lock);
    this.#isClosed = true;
  }
}

/**
 * With the parents that it takes, each durable in its own parent: else a power cut could lose the directory with all in it.
 * Step by step, because the recursive `mkdirSync` of Node 20 never returns below /proc.
 */
function makeDirectory(path: string): void {
  if (existsSync(path)) return;
  const parent = dirname(path);
  if (parent !== path) makeDirectory(parent);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // The nodes of a local cluster start together, and make their common parent together.
    if (codeOf(error) !== "EEXIST") throw error;
  }
  syncDirectory(parent);
}

/** Looks before anything is written, so that a mistyped path leaves no trace in somebody else's directory. */
function refuseForeign(path: string): void {
  const names = readdirSync(path);
  if (names.includes(identityName)) return;
  const foreign = names.find((name) => !harmlessNames.has(name));
  if (foreign === undefined) return;
  const reason = `it holds "${foreign}" but no "${identityName}" of a Coterie node`;
  throw storage(`the data directory ${path} is already used by something else: ${reason}.`);
}

function takeLock(path: string, lock: number): void {
  if (!tryLock(lock)) {
    const pid = readFileSync(join(path, lockName), "utf8").trim();
    throw storage(`the data directory ${path} is in use by another process${pid === "" ? "" : ` (pid ${pid})`}.`);
  }
  ftruncateSync(lock);
  writeSync(lock, `${process.pid}\n`);
}

/** A fresh directory gets its identity before anything else, so that whatever lies next to one is ours. */
function examine(path: string, owner: string): Findings {
  const file = openExisting(join(path, identityName));
  if (file === undefined) {
    writeIdentity(path, owner, {});
    return { isCopy: false, mayBeOlder: false };
  }
  try {
    const recorded = parseIdentity(path, readFileSync(file, "utf8"));
    if (recorded.owner !== undefined && recorded.owner !== owner)
      throw storage(
        `the data directory ${path} is that of ${recorded.owner}, not of ${owner}: each needs one of its own.`,
      );
    const actual = identityOf(fstatSync(file, { bigint: true }), owner, storeFingerprint(path));
    const isCopy = recorded.inode !== actual.inode || recorded.birthTimeNs !== actual.birthTimeNs;
    // Before anything is written that an earlier version would not see. A copy gets an identity of its own soon enough.
    if (recorded.format < directoryFormat && !isCopy) writeIdentity(path, owner, recorded.store);
    return { isCopy, mayBeOlder: isCopy || !isDeepStrictEqual(recorded.store, actual.store) };
  } finally {
    closeSync(file);
  }
}

function storeFingerprint(path: string): StoreFingerprint {
  const stats = storeNames.map((name) => statSync(join(path, name), { bigint: true, throwIfNoEntry: false }));
  return Object.fromEntries(
    storeNames.flatMap((name, at) => (stats[at] === undefined ? [] : [[name, fingerprintOf(stats[at])]])),
  );
}

function fingerprintOf({ ino, ctimeNs }: BigIntStats): string {
  return `inode ${ino}, changed ${ctimeNs}`;
}

function parseIdentity(path: string, text: string): Identity {
  const fields = parseObject(text);
  if (typeof fields?.format === "number" && fields.format > directoryFormat) {
    const formats = `format ${fields.format}, this version reads up to ${directoryFormat}`;
    throw storage(`the data directory ${path} was written by a newer version of Coterie (${formats}).`);
  }
  const { format, owner, inode, birthTimeNs, store } = fields ?? {};
  if (typeof format === "number" && [owner ?? "", inode, birthTimeNs].every((field) => typeof field === "string"))
    return { ...(fields as Identity), store: isObject(store) ? store : {} }; // a damaged one is none: the store fits no other
  const advice = "start with an empty directory, and the other replicas will fill it";
  throw storage(`the file ${join(path, identityName)} is damaged, and maybe others with it: ${advice}.`);
}

type Fields = Readonly<Partial<Record<keyof Identity, unknown>>>;

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null;
}

function parseObject(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Written aside and renamed, which keeps the inode: at every moment there is the old identity or the whole new one. */
function writeIdentity(path: string, owner: string, store: StoreFingerprint): void {
  const draft = join(path, identityDraftName);
  const file = openSync(draft, "w", 0o600);
  try {
    writeSync(file, `${JSON.stringify(identityOf(fstatSync(file, { bigint: true }), owner, store))}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(draft, join(path, identityName));
  syncDirectory(path);
}

function identityOf(stat: BigIntStats, owner: string, store: StoreFingerprint): Identity {
  return { format: directoryFormat, owner, inode: `${stat.ino}`, birthTimeNs: `${stat.birthtimeNs}`, store };
}

function openExisting(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Whatever the file system refuses becomes one sentence with the path; our own sentences pass. */
function describeErrors<Result>(path: string, action: () => Result): Result {
  try {
    return action();
  } catch (cause) {
    if (codeOf(cause) === "STORAGE" || !(cause instanceof Error)) throw cause;
    throw storage(`the data directory ${path} cannot be used: ${cause.message}.`, { cause });
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
