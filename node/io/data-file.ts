/**
 * The file that LMDB keeps its pages in, and the room in it: before a piece of the log is moved the file is made as long as the piece can
 * make it, with zeros, so that LMDB itself never meets the end of a disk.
 *
 * Why not let it try: when a write fails, lmdb-js 3.5.6 prints more than its buffer holds, and the heap is spoilt from there on.
 * One that is cut short it takes for an input/output error. Here the system says what it is, and nothing has happened yet.
 *
 * - Called only while LMDB writes nothing. The zeros go behind the end of the file, where no page of it can be.
 * - LMDB does not mind: it numbers its pages by itself, and never looks at the length of its file.
 * - Not a hole: `ftruncate` would promise blocks that a full disk does not have.
 */
import { closeSync, constants, fstatSync, openSync, readSync, writeSync, writevSync } from "node:fs";
import { join } from "node:path";

export const dataFileName = "data.mdb";
/** So much more than needed is taken at a time, where there is room: one file system call for many pieces. */
const stepBytes = 256 * 1024;
const lockFileBytes = 16 * 1024;
const zeros = new Uint8Array(65_536);

export class DataFile {
  readonly #file: number;
  #bytes = 0;

  constructor(directory: string) {
    this.#file = openSync(join(directory, dataFileName), "r+");
  }

  /** @returns whether the file is that long now; if not there is no room @throws what else is wrong */
  reach(endBytes: number): boolean {
    if (endBytes <= this.#bytes) return true;
    this.#bytes = fstatSync(this.#file).size;
    try {
      while (this.#bytes < endBytes) this.#append(endBytes + stepBytes);
    } catch (error) {
      if (!isLackOfRoom(error)) throw error;
    }
    return endBytes <= this.#bytes;
  }

  close(): void {
    closeSync(this.#file);
  }

  /** A write that is cut short shows in what it returns; the next one then says why. */
  #append(endBytes: number): void {
    const pieces = Math.min(16, Math.ceil((endBytes - this.#bytes) / zeros.length));
    this.#bytes += writevSync(
      this.#file,
      Array.from({ length: pieces }, () => zeros),
      this.#bytes,
    );
  }
}

export function isLackOfRoom(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ENOSPC" || code === "EDQUOT";
}

/**
 * LMDB's lock file has holes, and is written through memory: on a full disk that would end the process by a signal. So before LMDB
 * opens it every byte of it is written, and more of them than LMDB asks for. Not afterwards: closing a file drops the
 * locks that this process holds on it.
 */
export function fillLockFile(directory: string): void {
  const file = openSync(join(directory, "lock.mdb"), constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    const bytes = new Uint8Array(Math.max(fstatSync(file).size, lockFileBytes));
    readSync(file, bytes, 0, bytes.length, 0);
    writeSync(file, bytes, 0, bytes.length, 0);
  } finally {
    closeSync(file);
  }
}
