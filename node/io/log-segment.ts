/**
 * One of the two files of the write-ahead log, and the same bytes in memory, where reads find what the tables do not have yet.
 *
 * - The file is opened for synchronous data (`O_DSYNC`): a write that has returned is on disk. One call for a group, where a write and
 *   a sync would be two.
 * - It is used again and again, and mostly only grows, by zeros behind a frame that does not fit: to write over blocks that are there
 *   is a flush of the disk, to append takes the file system's journal as well.
 * - What was read from memory stays as it is: a segment that is used again gets new memory.
 */
import { randomBytes } from "node:crypto";
import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync, write, writeSync } from "node:fs";
import type { Batch, Table, Write } from "../store.ts";
import type { CommitGroup } from "./commit-group.ts";
import { hashOf } from "./key-hash.ts";
import {
  alignedUp,
  entryBytes,
  entryEnd,
  fileHeaderBytes,
  frameAlignment,
  frameHeaderBytes,
  keyAt,
  previousAt,
  readFileHeader,
  readFrame,
  sealFrame,
  tableAt,
  valueAt,
  writeEntry,
  writeFileHeader,
  type FileHeader,
  type Frame,
} from "./log-frame.ts";
import { LogIndex } from "./log-index.ts";
import type { WalkedEntry } from "./overlay.ts";

/** The file and its memory grow by multiples of this. */
const stepBytes = 256 * 1024;
/** A file that had to become longer, because the tables did not keep up or values are large, is cut when it is used again. */
const keptBytesMax = 40 * 1024 * 1024;
type Bytes = Uint8Array;

export class LogSegment {
  readonly #file: number;
  readonly #salt: number;
  #fileBytes: number;
  /** A walk keeps the one with which it began, when the segment has got another. */
  #index: LogIndex;
  #firstSequence: number;
  #lastSequence: number;
  /** Where the last frame begins. The header stands for it until there is one. */
  #lastFrameFrom = 0;
  /** Where the next frame begins. */
  #end = fileHeaderBytes;
  /** Up to where the file has what memory has. */
  #written = fileHeaderBytes;
  #onWritten: (error: Error | null) => void = () => undefined;
  readonly #onWriteReturned = (error: Error | null, bytes: number): void => this.#continueWrite(error, bytes);

  /**
   * Opens the file, or makes it, and takes the frames that follow each other from its beginning.
   * @throws what is wrong with the file
   */
  constructor(path: string) {
    this.#file = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_DSYNC, 0o600);
    try {
      this.#fileBytes = fstatSync(this.#file).size;
      this.#index = new LogIndex(Buffer.alloc(Math.max(stepBytes, steppedUp(this.#fileBytes))));
      const { salt, firstSequence } = this.#readHeader();
      this.#salt = salt;
      this.#firstSequence = firstSequence;
      this.#lastSequence = firstSequence - 1;
      this.#readFrames();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The sequence number that its frames begin with, or 0 if it has never been used. */
  get firstSequence(): number {
    return this.#firstSequence;
  }

  /** The sequence number of its last frame; one less than the first if it has none. */
  get lastSequence(): number {
    return this.#lastSequence;
  }

  get isEmpty(): boolean {
    return this.#lastSequence < this.#firstSequence;
  }

  get bytes(): number {
    return this.#end;
  }

  /** Of different keys. */
  get entryCount(): number {
    return this.#index.size;
  }

  /** Whether a frame anywhere in the file, in its place or not, has a higher number. Right after the file was opened. */
  hasFrameAfter(sequence: number): boolean {
    for (let at = fileHeaderBytes; at < this.#fileBytes; at += frameAlignment)
      if ((readFrame(this.#index.image, at, this.#salt)?.sequence ?? 0) > sequence) return true;
    return false;
  }

  /**
   * Writes the last frame again, where it is, or the header of a file that has none. The process may have died before that was on
   * disk: what is read now, and told to others, must not be lost with the page cache, nor a frame be there without its header.
   *
   * @throws what the file system says
   */
  rewriteLast(): void {
    for (let at = this.#lastFrameFrom; at < this.#end;)
      at += writeSync(this.#file, this.#index.image, at, this.#end - at, at);
  }

  /** Begins anew, with a frame of that number. The file keeps old frames until they are written over. */
  begin(firstSequence: number): void {
    // As much as the last use has taken, which this one mostly takes as well: to grow is to copy. What is not used stays with the system.
    this.#index = new LogIndex(Buffer.alloc(steppedUp(Math.min(this.#fileBytes, keptBytesMax))));
    writeFileHeader(this.#index.image, this.#salt, firstSequence);
    this.#firstSequence = firstSequence;
    this.#lastSequence = firstSequence - 1;
    this.#lastFrameFrom = 0;
    this.#end = fileHeaderBytes;
    this.#written = 0;
  }

  /** What it has is elsewhere, and leaves memory. */
  forget(): void {
    this.#index = new LogIndex(Buffer.alloc(0));
  }

  /** Adds the group as a frame, which is read from now on, and written by `write`. */
  append(group: CommitGroup<Batch>): void {
    const from = this.#end;
    const sequence = this.#lastSequence + 1;
    this.#reach(alignedUp(from + frameHeaderBytes + bytesOf(group)));
    const { image } = this.#index;
    let at = from + frameHeaderBytes;
    for (const entry of group.writes)
      at = writeEntry(image, at, entry, this.#index.replace(entry.table, entry.key, hashOf(entry.key), at));
    sealFrame(image, from, at, this.#salt, sequence);
    this.#placed({ sequence, from: from + frameHeaderBytes, end: at });
  }

  /**
   * Writes what was added since the last time. After an error it may be called again, and goes on where it stopped.
   * A header is on disk before a frame that it announces is written: then no crash can make what went before look lost.
   */
  write(onWritten: (error: Error | null) => void): void {
    this.#onWritten = onWritten;
    const framesTo = this.#end <= this.#fileBytes ? this.#end : steppedUp(this.#end);
    const to = this.#written < fileHeaderBytes ? fileHeaderBytes : framesTo;
    write(this.#file, this.#index.image, this.#written, to - this.#written, this.#written, this.#onWriteReturned);
  }

  /** @returns where the last entry of the key is, or 0 */
  find(table: Table, key: Bytes, hash: number): number {
    return this.#index.find(table, key, hash);
  }

  /** A view of the value of the entry there. */
  valueAt(position: number): Bytes | undefined {
    return valueAt(this.#index.image, position);
  }

  /** The entries between two keys in order, as they are now, whatever is added while they are walked. */
  walk(table: Table, from: Bytes, to: Bytes): Generator<WalkedEntry> {
    return walk(this.#index, this.#index.between(table, from, to), this.#end);
  }

  /** All entries in order, some at a time. Nothing may be added meanwhile. */
  *pieces(entriesMax: number, bytesMax: number): Generator<readonly Write[]> {
    let writes: Write[] = [];
    let bytes = 0;
    const { image } = this.#index;
    for (const at of this.#index.inOrder()) {
      const entry = { table: tableAt(image, at)!, key: keyAt(image, at), value: valueAt(image, at) };
      writes.push(entry);
      bytes += entryBytes(entry);
      if (writes.length < entriesMax && bytes < bytesMax) continue;
      yield writes;
      writes = [];
      bytes = 0;
    }
    if (writes.length > 0) yield writes;
  }

  close(): void {
    closeSync(this.#file);
  }

  /** A crash may have kept a file from getting its header. One that is longer had one. */
  #readHeader(): FileHeader {
    const { image } = this.#index;
    for (let at = 0, bytes = 1; bytes > 0 && at < image.length; at += bytes)
      bytes = readSync(this.#file, image, at, image.length - at, at);
    const header = readFileHeader(image);
    if (header !== undefined) return header;
    if (this.#fileBytes > fileHeaderBytes) throw damaged();
    const salt = randomBytes(6).readUIntLE(0, 6);
    writeFileHeader(image, salt, 0);
    writeSync(this.#file, image, 0, fileHeaderBytes, 0);
    this.#fileBytes = fileHeaderBytes;
    return { salt, firstSequence: 0 };
  }

  #readFrames(): void {
    for (;;) {
      const frame = readFrame(this.#index.image, this.#end, this.#salt);
      if (this.#firstSequence === 0 || frame?.sequence !== this.#lastSequence + 1) break;
      this.#take(frame);
    }
    this.#written = this.#end;
  }

  #take(frame: Frame): void {
    const { image } = this.#index;
    for (let at = frame.from; at < frame.end; at = entryEnd(image, at)) {
      const table = tableAt(image, at);
      if (table === undefined) throw new Error("its log has an entry of a table that this version does not know");
      const key = keyAt(image, at);
      this.#index.replace(table, key, hashOf(key), at);
    }
    this.#placed(frame);
  }

  #placed({ sequence, from, end }: Frame): void {
    this.#lastSequence = sequence;
    this.#lastFrameFrom = from - frameHeaderBytes;
    this.#end = alignedUp(end);
  }

  #reach(bytes: number): void {
    const { image } = this.#index;
    if (bytes <= image.length) return;
    this.#index.image = Buffer.alloc(steppedUp(Math.max(bytes, 2 * image.length)));
    this.#index.image.set(image);
  }

  /**
   * Only when the new header is on disk: under the old one what is cut off would be missing.
   * @returns what keeps the file from being cut: thrown, in the callback of a write, it would end the process
   */
  #cut(): Error | null {
    if (this.#fileBytes <= keptBytesMax) return null;
    try {
      ftruncateSync(this.#file, keptBytesMax);
    } catch (error) {
      return error as Error;
    }
    this.#fileBytes = keptBytesMax;
    return null;
  }

  #continueWrite(error: Error | null, bytes: number): void {
    const isHeaderDone = this.#written < fileHeaderBytes && this.#written + bytes >= fileHeaderBytes;
    const failure = error === null && isHeaderDone ? this.#cut() : error;
    if (failure !== null) return this.#onWritten(failure);
    this.#fileBytes = Math.max(this.#fileBytes, this.#written + bytes);
    this.#written = Math.min(this.#end, this.#written + bytes);
    if (this.#written < this.#end) this.write(this.#onWritten);
    else this.#onWritten(null);
  }
}

export function damaged(what = "its log is damaged"): Error {
  const advice = "start with an empty directory, and the other replicas will fill it";
  return new Error(`${what}, and with that writes that were acknowledged: ${advice}`);
}

function* walk(index: LogIndex, lists: readonly Int32Array[], end: number): Generator<WalkedEntry> {
  for (const positions of lists)
    for (const position of positions) {
      let at = index.lastOf(position);
      while (at >= end) at = previousAt(index.image, at); // written over since the walk began
      yield [keyAt(index.image, at), valueAt(index.image, at)];
    }
}

function bytesOf(group: CommitGroup<Batch>): number {
  return group.writes.reduce((sum, write) => sum + entryBytes(write), 0);
}

function steppedUp(bytes: number): number {
  return Math.ceil(bytes / stepBytes) * stepBytes;
}
