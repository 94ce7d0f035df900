/**
 * Bytes in and out, canonical: each value has one form, and a reader refuses every other.
 * Numbers are unsigned LEB128 of at most 53 bits, in their shortest form.
 * Ids are "binary strings" (one character per byte): they compare, hash and concatenate at the speed of strings, and
 * their order as strings is the order of their bytes.
 */
export class MalformedBytes extends Error {}

// Node and browsers have both; neither is part of the language.
declare const TextEncoder: new () => { encode(text: string): Uint8Array };
declare const TextDecoder: new (
  label: string,
  options: { fatal: boolean; ignoreBOM: boolean },
) => { decode(bytes: Uint8Array): string };

const utf8Encoder = new TextEncoder();
const utf8Decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }); // it would leave a first U+FEFF out

/** What a writer cuts its results from. Allocating one block for many costs less than an allocation for each. */
const blockBytes = 32 * 1024;
/** A larger block, of a large result, is not shared: a few bytes that somebody keeps would keep all of it. */
const sharedBytesMax = 4 * blockBytes;

/**
 * One writer serves a whole process, one value after the other: `take` hands out what was written and begins the next value.
 * Results share blocks of memory, so whoever keeps one for long copies it.
 */
export class ByteWriter {
  #bytes = new Uint8Array(blockBytes);
  #start = 0;
  #length = 0;

  /** Bytes of the value that is being written. */
  get length(): number {
    return this.#length - this.#start;
  }

  /** Forgets a value that was begun. */
  clear(): void {
    this.#length = this.#start;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  number(value: number): void {
    this.#reserve(8);
    let rest = value;
    for (; rest >= 2 ** 31; rest = Math.floor(rest / 0x80)) this.#bytes[this.#length++] = (rest % 0x80) | 0x80;
    for (; rest >= 0x80; rest >>>= 7) this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
    this.#bytes[this.#length++] = rest;
  }

  /** Room for so many bytes, which are written later: until then anything may be in it. */
  leave(count: number): void {
    this.#reserve(count);
    this.#length += count;
  }

  /** `width` bytes, most significant first; at most 6. */
  fixed(value: number, width: number): void {
    this.#reserve(width);
    putFixed(this.#bytes, this.#length, value, width);
    this.#length += width;
  }

  /** A 64-bit hash, 8 bytes. */
  hash(value: bigint): void {
    this.fixed(Number(value >> 32n), 4);
    this.fixed(Number(value & 0xffff_ffffn), 4);
  }

  /** The characters `from` to `to` of a binary string. */
  text(binary: string, from: number, to: number): void {
    this.#reserve(to - from);
    const bytes = this.#bytes;
    const start = this.#length - from;
    for (let at = from; at < to; at++) bytes[start + at] = binary.charCodeAt(at);
    this.#length += to - from;
  }

  /** A text of any characters, in UTF-8, behind its length. */
  utf8(text: string): void {
    const bytes = utf8Encoder.encode(text);
    this.number(bytes.length);
    this.raw(bytes);
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Overwrites the bytes from `at` on with the `width` bytes of a number, most significant first. */
  patch(at: number, value: number, width: number): void {
    putFixed(this.#bytes, this.#start + at, value, width);
  }

  /** What was written from `from` on, valid until the next write. */
  view(from = 0): Uint8Array {
    return this.#bytes.subarray(this.#start + from, this.#length);
  }

  /** What was written. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(this.#start, this.#length);
    this.#start = this.#length;
    if (this.#bytes.length > sharedBytesMax) this.#beginBlock(blockBytes);
    return taken;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const begun = this.#bytes.subarray(this.#start, this.#length);
    this.#beginBlock(Math.max(blockBytes, (begun.length + more) * 2));
    this.#bytes.set(begun);
    this.#length = begun.length;
  }

  #beginBlock(bytes: number): void {
    this.#bytes = new Uint8Array(bytes);
    this.#start = 0;
    this.#length = 0;
  }
}

/** In halves of 32 bits: arithmetic on larger numbers is several times as slow. */
function putFixed(bytes: Uint8Array, at: number, value: number, width: number): void {
  const low = value >>> 0;
  const high = Math.floor(value / 2 ** 32);
  for (let left = width; left > 4; left--) bytes[at + width - left] = high >>> (8 * (left - 5));
  for (let left = Math.min(width, 4); left > 0; left--) bytes[at + width - left] = low >>> (8 * (left - 1));
}

export class ByteReader {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, from = 0) {
    // A plain array: cutting a view from one of Node's buffers takes a second constructor. One that is plain is taken as it is: a view of
    // a short array moves it out of V8's heap.
    this.#bytes =
      bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#at = from;
  }

  byte(): number {
    const value = this.#bytes[this.#at++];
    if (value === undefined) throw new MalformedBytes("bytes end too early");
    return value;
  }

  number(): number {
    const first = this.byte();
    return first < 0x80 ? first : this.#longNumber(first);
  }

  #longNumber(first: number): number {
    let value = first & 0x7f;
    let scale = 0x80;
    for (;;) {
      const next = this.byte();
      value += (next & 0x7f) * scale;
      if (next < 0x80) {
        if (next === 0) throw new MalformedBytes("number not in its shortest form");
        if (value > Number.MAX_SAFE_INTEGER) throw new MalformedBytes("number over 53 bits");
        return value;
      }
      scale *= 0x80;
      if (scale > Number.MAX_SAFE_INTEGER) throw new MalformedBytes("number over 53 bits");
    }
  }

  /** A count of things of which each takes at least one byte: bounded by what is left, before anything is allocated. */
  count(): number {
    const value = this.number();
    if (value > this.#bytes.length - this.#at) throw new MalformedBytes("count larger than the bytes that are left");
    return value;
  }

  fixed(width: number): number {
    let value = 0;
    for (let left = width; left > 0; left--) value = value * 0x100 + this.byte();
    return value;
  }

  utf8(): string {
    const bytes = this.raw(this.count());
    try {
      return utf8Decoder.decode(bytes);
    } catch {
      throw new MalformedBytes("a text that is not UTF-8");
    }
  }

  /** Eight bytes as a binary string. */
  text8(): string {
    const b = this.#bytes;
    const at = this.#at;
    if (at + 8 > b.length) throw new MalformedBytes("bytes end too early");
    this.#at += 8;
    return String.fromCharCode(
      b[at]!,
      b[at + 1]!,
      b[at + 2]!,
      b[at + 3]!,
      b[at + 4]!,
      b[at + 5]!,
      b[at + 6]!,
      b[at + 7]!,
    );
  }

  /**
   * Eight bytes and a number of at most 48 bits, as the 14 characters that name an actor or an operation. Made in one piece: two texts
   * that are put together are copied when they are first compared.
   * @param name what has the number, for the error
   */
  id14(name: string): string {
    const b = this.#bytes;
    const at = this.#at;
    this.#at += 8;
    const number = this.number(); // throws if the eight bytes are not there
    const high = Math.floor(number / 2 ** 24);
    if (high >= 2 ** 24) throw new MalformedBytes(`${name} over 48 bits`);
    return String.fromCharCode(
      b[at]!,
      b[at + 1]!,
      b[at + 2]!,
      b[at + 3]!,
      b[at + 4]!,
      b[at + 5]!,
      b[at + 6]!,
      b[at + 7]!,
      (high >>> 16) & 0xff,
      (high >>> 8) & 0xff,
      high & 0xff,
      (number >>> 16) & 0xff,
      (number >>> 8) & 0xff,
      number & 0xff,
    );
  }

  /** A view, not a copy. */
  raw(length: number): Uint8Array {
    if (this.#at + length > this.#bytes.length) throw new MalformedBytes("bytes end too early");
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw new MalformedBytes("bytes left over");
  }
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}

/** Byte order, as the disk sorts its keys. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shorter = Math.min(a.length, b.length);
  for (let at = 0; at < shorter; at++) if (a[at] !== b[at]) return a[at]! - b[at]!;
  return a.length - b.length;
}

/** 48 bits as six characters of binary string. */
export function binary48(value: number): string {
  const high = Math.floor(value / 2 ** 24);
  return String.fromCharCode(
    (high >>> 16) & 0xff,
    (high >>> 8) & 0xff,
    high & 0xff,
    (value >>> 16) & 0xff,
    (value >>> 8) & 0xff,
    value & 0xff,
  );
}

/** The six characters from `from` on as a number. */
export function number48(binary: string, from: number): number {
  let value = 0;
  for (let at = from; at < from + 6; at++) value = value * 0x100 + binary.charCodeAt(at);
  return value;
}

const pieceBytes = 4096;

/** Piece by piece, for each byte of a piece is an argument of one call. */
export function toBinary(bytes: Uint8Array): string {
  if (bytes.length <= pieceBytes) return Reflect.apply(String.fromCharCode, undefined, bytes);
  let binary = "";
  for (let at = 0; at < bytes.length; at += pieceBytes) binary += toBinary(bytes.subarray(at, at + pieceBytes));
  return binary;
}

export function fromBinary(binary: string): Uint8Array {
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

export function hexOf(binary: string): string {
  let hex = "";
  for (let at = 0; at < binary.length; at++) hex += binary.charCodeAt(at).toString(16).padStart(2, "0");
  return hex;
}
