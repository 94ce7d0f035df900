/**
 * The bytes of the write-ahead log. A frame is what one write to the disk makes durable: all writes of a commit group, or, after a
 * crash, none of them.
 *
 *   file   "coterie log 1", filled up to 16 | salt u48 | sequence of its first frame, or 0, u48 | checksum u32 | zeros up to 512 | frames
 *   frame  at a multiple of 512: salt u48 | checksum u32 of all that follows | sequence u48 | bytes of the entries u32 | entries
 *   entry  table u8 | bytes of the key u16 | bytes of the value plus one, or 0 for a removal u32 | previous u32 | key | value
 *
 * - Little-endian. `previous` is where this segment has the entry before of the same key, or 0.
 * - The salt is drawn when the file is made, and never leaves the node: no client can write a value that passes for a frame.
 * - Sequence numbers go up by one from frame to frame and over both segments, so what a segment still holds of an earlier use does not
 *   pass for its continuation, and a frame that is missing among others shows.
 * - A disk writes a sector of 512 bytes whole or not at all: the header of a file is one, and is written over in place.
 * - Positions are u32, and have a sign in memory: a segment stays far below 2 GiB (`activeBytesMax` and one group of `waitingBytesMax`,
 *   disk-store.ts).
 * - Frames begin where sectors do: no write that is torn can touch the sector of a frame before it with other bytes, and a reader
 *   that has lost the thread knows where to look for the next one.
 */
import { checksum32 } from "../../src/hash.ts";
import { tables, type Table, type Write } from "../store.ts";

export const frameAlignment = 512;
export const frameHeaderBytes = 20;
export const fileHeaderBytes: number = frameAlignment;
const entryHeaderBytes = 11;
const checkedFrom = 10;
const hashedTogether = 256 * 1024;
const lookedAtFirst = 32;
const title = "coterie log 1";

export interface FileHeader {
  readonly salt: number;
  readonly firstSequence: number;
}

export interface Frame {
  readonly sequence: number;
  /** Where its entries begin and end, in the segment. */
  readonly from: number;
  readonly end: number;
}

/** Where the next frame may begin. */
export function alignedUp(position: number): number {
  return Math.ceil(position / frameAlignment) * frameAlignment;
}

export function entryBytes({ key, value }: Write): number {
  return entryHeaderBytes + key.length + (value?.length ?? 0);
}

/** @param at where the entry begins @returns where it ends */
export function writeEntry(image: Buffer, at: number, { table, key, value }: Write, previous: number): number {
  image[at] = tables.indexOf(table);
  image.writeUInt16LE(key.length, at + 1);
  image.writeUInt32LE(value === undefined ? 0 : value.length + 1, at + 3);
  image.writeUInt32LE(previous, at + 7);
  image.set(key, at + entryHeaderBytes);
  const valueFrom = at + entryHeaderBytes + key.length;
  if (value === undefined) return valueFrom;
  image.set(value, valueFrom);
  return valueFrom + value.length;
}

export function tableAt(image: Buffer, entryAt: number): Table | undefined {
  return tables[image[entryAt]!];
}

/** A view. */
export function keyAt(image: Buffer, entryAt: number): Uint8Array {
  return view(image, entryAt + entryHeaderBytes, keyBytesAt(image, entryAt));
}

export function hasKeyAt(image: Buffer, entryAt: number, table: Table, key: Uint8Array): boolean {
  if (keyBytesAt(image, entryAt) !== key.length || tableAt(image, entryAt) !== table) return false;
  const from = entryAt + entryHeaderBytes;
  for (let at = 0; at < key.length; at++) if (image[from + at] !== key[at]) return false;
  return true;
}

/** Orders the keys of two entries by their bytes. Those that begin alike for long are compared natively, which takes a while to begin. */
export function compareKeysAt(image: Buffer, a: number, b: number): number {
  const [aFrom, bFrom] = [a + entryHeaderBytes, b + entryHeaderBytes];
  const [aBytes, bBytes] = [keyBytesAt(image, a), keyBytesAt(image, b)];
  const looked = Math.min(aBytes, bBytes, lookedAtFirst);
  for (let at = 0; at < looked; at++) {
    const difference = image[aFrom + at]! - image[bFrom + at]!;
    if (difference !== 0) return difference;
  }
  if (looked < lookedAtFirst) return aBytes - bBytes;
  return image.compare(image, bFrom + looked, bFrom + bBytes, aFrom + looked, aFrom + aBytes);
}

/** A view; `undefined` where the key was removed. */
export function valueAt(image: Buffer, entryAt: number): Uint8Array | undefined {
  const length = image.readUInt32LE(entryAt + 3) - 1;
  return length < 0 ? undefined : view(image, entryAt + entryHeaderBytes + image.readUInt16LE(entryAt + 1), length);
}

export function previousAt(image: Buffer, entryAt: number): number {
  return image.readUInt32LE(entryAt + 7);
}

function keyBytesAt(image: Buffer, entryAt: number): number {
  return image[entryAt + 1]! | (image[entryAt + 2]! << 8);
}

/** Where the entry ends, which is where the next one of its frame begins. */
export function entryEnd(image: Buffer, entryAt: number): number {
  const valueBytes = Math.max(0, image.readUInt32LE(entryAt + 3) - 1);
  return entryAt + entryHeaderBytes + image.readUInt16LE(entryAt + 1) + valueBytes;
}

/** Writes the header of a frame whose entries stand there already. */
export function sealFrame(image: Buffer, at: number, end: number, salt: number, sequence: number): void {
  image.writeUIntLE(salt, at, 6);
  image.writeUIntLE(sequence, at + 10, 6);
  image.writeUInt32LE(end - at - frameHeaderBytes, at + 16);
  image.writeUInt32LE(checksumOf(image, at + checkedFrom, end), at + 6);
}

/** @returns the frame that begins at `at`, if there is a whole one */
export function readFrame(image: Buffer, at: number, salt: number): Frame | undefined {
  const from = at + frameHeaderBytes;
  if (from > image.length || image.readUIntLE(at, 6) !== salt) return undefined;
  const end = from + image.readUInt32LE(at + 16);
  if (end > image.length || checksumOf(image, at + checkedFrom, end) !== image.readUInt32LE(at + 6)) return undefined;
  return { sequence: image.readUIntLE(at + 10, 6), from, end };
}

/** Writes the header of a file whose frames begin with that number; 0: it has not been used yet. */
export function writeFileHeader(image: Buffer, salt: number, firstSequence: number): void {
  image.fill(0, 0, fileHeaderBytes);
  image.write(title, "latin1");
  image.writeUIntLE(salt, 16, 6);
  image.writeUIntLE(firstSequence, 22, 6);
  image.writeUInt32LE(checksum32(image.subarray(0, 28)), 28);
}

/** @returns what the header says, if the file begins with one */
export function readFileHeader(image: Buffer): FileHeader | undefined {
  const isTitle = image.toString("latin1", 0, title.length) === title;
  if (!isTitle || checksum32(image.subarray(0, 28)) !== image.readUInt32LE(28)) return undefined;
  return { salt: image.readUIntLE(16, 6), firstSequence: image.readUIntLE(22, 6) };
}

/** Of many bytes piece by piece: the hash keeps as much memory as the most that it was ever given. */
function checksumOf(image: Buffer, from: number, end: number): number {
  let sum = 0;
  for (let at = from; at < end; at += hashedTogether)
    sum = (Math.imul(sum, 31) + checksum32(view(image, at, Math.min(hashedTogether, end - at)))) >>> 0;
  return sum;
}

/** Buffers inherit methods that mean something else: nobody shall depend on which kind comes. */
function view(image: Buffer, at: number, length: number): Uint8Array {
  return new Uint8Array(image.buffer, image.byteOffset + at, length);
}
