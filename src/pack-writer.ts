/**
 * MessagePack, value by value: what `msgpack.ts` would write of the same values, without arrays that are made to be packed.
 * Each value has one form, its shortest; numbers that are whole in 32 bits are integers, all others floats of 64 bits.
 *
 * Source: the MessagePack specification.
 */
import { ByteWriter } from "./bytes.ts";

// Node and browsers have it; it is no part of the language.
declare const TextEncoder: new () => { encode(text: string): Uint8Array };

const encoder = new TextEncoder();
const float = new DataView(new ArrayBuffer(8));
const floatBytes = new Uint8Array(float.buffer);

/** What is `undefined` is written as nil. */
export class PackWriter {
  readonly #out = new ByteWriter();

  /** Forgets what was begun, and leaves the first `space` bytes to the caller. */
  begin(space: number): void {
    this.#out.clear();
    this.#out.fixed(0, space);
  }

  /** What was written: one piece of a block of memory that is not written again. */
  take(): Uint8Array {
    return this.#out.take();
  }

  /** An array of so many values, which are written next. */
  array(length: number): void {
    if (length < 0x10) this.#out.byte(0x90 | length);
    else this.#head(length < 0x1_0000 ? 0xdc : 0xdd, length, length < 0x1_0000 ? 2 : 4);
  }

  nil(): void {
    this.#out.byte(0xc0);
  }

  boolean(value: boolean): void {
    this.#out.byte(value ? 0xc3 : 0xc2);
  }

  number(value: number | undefined): void {
    if (value === undefined) this.nil();
    else if (value >>> 0 === value) this.#natural(value);
    else if (value >> 0 === value) this.#negative(value);
    else this.#float(value);
  }

  bytes(value: Uint8Array | undefined): void {
    if (value === undefined) return this.nil();
    const { length } = value;
    if (length < 0x100) this.#head(0xc4, length, 1);
    else this.#head(length < 0x1_0000 ? 0xc5 : 0xc6, length, length < 0x1_0000 ? 2 : 4);
    this.#out.raw(value);
  }

  text(value: string | undefined): void {
    if (value === undefined) return this.nil();
    if (isAscii(value)) {
      this.#textHead(value.length);
      return this.#out.text(value, 0, value.length);
    }
    const utf8 = encoder.encode(value);
    this.#textHead(utf8.length);
    this.#out.raw(utf8);
  }

  /** Elements that are all alike. */
  list<T>(items: readonly T[] | undefined, write: (writer: PackWriter, item: T) => void): void {
    if (items === undefined) return this.nil();
    this.array(items.length);
    for (const item of items) write(this, item);
  }

  numbers(values: readonly number[] | undefined): void {
    this.list(values, writeNumber);
  }

  texts(values: readonly string[] | undefined): void {
    this.list(values, writeText);
  }

  /** A value that is packed already. */
  packed(bytes: Uint8Array): void {
    this.#out.raw(bytes);
  }

  #natural(value: number): void {
    if (value < 0x80) this.#out.byte(value);
    else if (value < 0x100) this.#head(0xcc, value, 1);
    else if (value < 0x1_0000) this.#head(0xcd, value, 2);
    else this.#head(0xce, value, 4);
  }

  #negative(value: number): void {
    if (value >= -0x20) this.#out.byte(value);
    else if (value >= -0x80) this.#head(0xd0, value, 1);
    else if (value >= -0x8000) this.#head(0xd1, value, 2);
    else this.#head(0xd2, value, 4);
  }

  #float(value: number): void {
    float.setFloat64(0, value);
    this.#out.byte(0xcb);
    this.#out.raw(floatBytes);
  }

  #textHead(length: number): void {
    if (length < 0x20) this.#out.byte(0xa0 | length);
    else if (length < 0x100) this.#head(0xd9, length, 1);
    else this.#head(length < 0x1_0000 ? 0xda : 0xdb, length, length < 0x1_0000 ? 2 : 4);
  }

  /** A first byte, and a number of `width` bytes behind it. */
  #head(first: number, value: number, width: number): void {
    this.#out.byte(first);
    this.#out.fixed(value, width);
  }
}

/** Names and codes are, and cost a third when the encoder is not asked. */
function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) >= 0x80) return false;
  return true;
}

function writeNumber(writer: PackWriter, value: number): void {
  writer.number(value);
}

function writeText(writer: PackWriter, value: string): void {
  writer.text(value);
}
