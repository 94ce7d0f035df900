/**
 * Data of any shape through msgpackr, as values and options are, made safe for foreign bytes: before anything is decoded, `check`
 * walks the bytes once and refuses what would make the decoder allocate more than it was sent, recurse without end or construct
 * objects of its own.
 */
import { addExtension, Packr, Unpackr } from "msgpackr";
import { PackReader } from "./pack-reader.ts";

/**
 * Makes msgpackr find byte strings first among the classes that it knows: otherwise it asks `instanceof` of five others for
 * each one, which costs as much as the rest of a short value. The bytes that it writes are the same, MessagePack's `bin`.
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

export function pack(value: unknown): Uint8Array {
  return packr.pack(value);
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

/** @param hasMoments whether dates are allowed */
function check(bytes: Uint8Array, hasMoments: boolean): void {
  const reader = new PackReader(bytes, hasMoments);
  reader.pass();
  reader.end();
}
