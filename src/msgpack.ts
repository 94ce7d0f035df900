/**
 * MessagePack through msgpackr, made safe for foreign bytes: before anything is decoded, `check` walks the bytes once
 * and refuses what would make the decoder allocate more than it was sent, recurse without end or construct objects of its own.
 */
import { addExtension, Packr, RESERVE_START_SPACE, Unpackr } from "msgpackr";
import { limits } from "./limits.ts";

/**
 * Makes msgpackr find byte strings first among the classes that it knows: otherwise it asks `instanceof` of five others for
 * each one, which costs more than the rest of a message. The bytes that it writes are the same, MessagePack's `bin`.
 */
addExtension({
  Class: Uint8Array,
  type: 100, // demanded and not used: `pack` writes the header itself
  unpack: () => undefined,
  // The second parameter, by which msgpackr's own types write in place, is missing from its declarations.
  pack: packBytes as (bytes: Uint8Array) => Uint8Array,
});

const packr = new Packr({ useRecords: false, encodeUndefinedAsNil: true });
/** Of an object's field that is undefined nothing is written, as in JSON: it comes back as a field that is not there. */
const valuePackr = new Packr({ useRecords: false, skipValues: [undefined] } as ConstructorParameters<typeof Packr>[0]);
/** `copyBuffers`: a value that a user keeps must not keep a whole frame alive. */
const valueUnpackr = new Unpackr({ useRecords: false, copyBuffers: true });

/** @param space so many bytes in front are left to the caller to fill, up to 255 */
export function pack(value: unknown, space: number = 0): Uint8Array {
  return packr.pack(value, RESERVE_START_SPACE | space);
}

/** @throws Error saying what is wrong with the bytes; byte strings in the result are views into them */
export function unpack(bytes: Uint8Array): unknown {
  check(bytes, false);
  return packr.unpack(bytes);
}

/** The application's own data: what `unpackValue` takes. Whether it would come back equal is for the caller. @throws Error */
export function packValue(value: unknown): Uint8Array {
  const bytes = valuePackr.pack(value);
  check(bytes, true);
  return bytes;
}

/** @throws Error */
export function unpackValue(bytes: Uint8Array): unknown {
  check(bytes, true);
  return valueUnpackr.unpack(bytes);
}

type Allocate = (bytes: number) => { readonly target: Uint8Array; readonly position: number };

function packBytes(bytes: Uint8Array, allocate: Allocate): void {
  const { length } = bytes;
  const width = length < 0x100 ? 1 : length < 0x1_0000 ? 2 : 4;
  const { target, position } = allocate(1 + width + length);
  target[position] = width === 1 ? 0xc4 : width === 2 ? 0xc5 : 0xc6;
  for (let at = width, rest = length; at > 0; at--, rest >>>= 8) target[position + at] = rest & 0xff;
  target.set(bytes, position + 1 + width);
}

/**
 * One pass over the bytes. Each array element and map entry takes at least one byte, so a count above the bytes that are left is a lie.
 */
function check(bytes: Uint8Array, extensions: boolean): void {
  valuesLeft = limits.decodedValuesMax;
  const end = checkOne(bytes, 0, 0, extensions);
  if (end !== bytes.length) throw new Error("bytes left over behind the value");
}

/** Of the check that is under way: it is synchronous, so there is one at a time. */
let valuesLeft = 0;

function checkOne(bytes: Uint8Array, at: number, depth: number, extensions: boolean): number {
  if (--valuesLeft < 0) throw new Error(`more than ${limits.decodedValuesMax} values`);
  if (depth > limits.nestingMax) throw new Error(`nested deeper than ${limits.nestingMax}`);
  const head = bytes[at];
  if (head === undefined) throw new Error("bytes end too early");
  if (head < 0x80 || head >= 0xe0) return at + 1; // small integers
  if (head < 0x90) return checkMany(bytes, at + 1, (head & 0x0f) * 2, depth, extensions);
  if (head < 0xa0) return checkMany(bytes, at + 1, head & 0x0f, depth, extensions);
  if (head < 0xc0) return skip(bytes, at + 1, head & 0x1f);
  const shape = shapes[head - 0xc0]!;
  switch (shape.kind) {
    case "fixed":
      return skip(bytes, at + 1, shape.width);
    case "bytes":
      return skip(bytes, at + 1 + shape.width, readLength(bytes, at + 1, shape.width));
    case "array":
      return checkMany(bytes, at + 1 + shape.width, readLength(bytes, at + 1, shape.width), depth, extensions);
    case "map":
      return checkMany(bytes, at + 1 + shape.width, readLength(bytes, at + 1, shape.width) * 2, depth, extensions);
    case "fixed extension":
      return checkExtension(bytes, at + 1, shape.width, extensions);
    case "extension":
      return checkExtension(bytes, at + 1 + shape.width, readLength(bytes, at + 1, shape.width), extensions);
    case "never used":
      throw new Error("a byte that MessagePack never uses");
  }
}

function checkMany(bytes: Uint8Array, from: number, count: number, depth: number, extensions: boolean): number {
  if (count > bytes.length - from) throw new Error("a count larger than the bytes that are left");
  let at = from;
  for (let left = count; left > 0; left--) at = checkOne(bytes, at, depth + 1, extensions);
  return at;
}

/** Of the extensions only the standard one for moments (−1); msgpackr's own would build errors, sets and regular expressions. */
function checkExtension(bytes: Uint8Array, at: number, length: number, extensions: boolean): number {
  if (!extensions || bytes[at] !== 0xff) throw new Error("an extension that is not allowed here");
  return skip(bytes, at + 1, length);
}

function skip(bytes: Uint8Array, at: number, length: number): number {
  if (at + length > bytes.length) throw new Error("bytes end too early");
  return at + length;
}

function readLength(bytes: Uint8Array, at: number, width: number): number {
  let length = 0;
  for (let left = 0; left < width; left++) length = length * 0x100 + (bytes[at + left] ?? 0);
  return length;
}

interface Shape {
  readonly kind: "fixed" | "bytes" | "array" | "map" | "fixed extension" | "extension" | "never used";
  readonly width: number;
}

/** The first bytes 0xc0 to 0xdf of the format's table: nil to map 32. Width: of the payload, or of the length before it. */
const shapes: readonly Shape[] = [
  ["fixed", 0],
  ["never used", 0],
  ["fixed", 0],
  ["fixed", 0],
  ...[1, 2, 4].map((width) => ["bytes", width] as const),
  ...[1, 2, 4].map((width) => ["extension", width] as const),
  ...[4, 8].map((width) => ["fixed", width] as const), // floats
  ...[1, 2, 4, 8, 1, 2, 4, 8].map((width) => ["fixed", width] as const), // integers
  ...[1, 2, 4, 8, 16].map((width) => ["fixed extension", width] as const),
  ...[1, 2, 4].map((width) => ["bytes", width] as const), // texts
  ...[2, 4].map((width) => ["array", width] as const),
  ...[2, 4].map((width) => ["map", width] as const),
].map(([kind, width]) => ({ kind, width }) as Shape);
