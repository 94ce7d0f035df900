/**
 * MessagePack out of foreign bytes, value by value.
 *
 * - Nothing is believed: a length is compared with the bytes that are left before anything is made of it, and there are bounds on how
 *   many values there may be, and how deep they may be nested. What breaks them is `MalformedBytes`.
 * - Each method reads one value, whatever it is: `undefined` comes back for one of another kind than was asked for. Only `nil` leaves
 *   what it is not.
 * - Byte strings are views into the bytes.
 *
 * Source: the MessagePack specification.
 */
import { MalformedBytes } from "./bytes.ts";
import { limits } from "./limits.ts";

// Node and browsers have it; it is no part of the language.
declare const TextDecoder: new (
  label: string,
  options: { ignoreBOM: boolean },
) => { decode(bytes: Uint8Array): string };

const decoder = new TextDecoder("utf-8", { ignoreBOM: true }); // it would leave a first U+FEFF out
const float = new DataView(new ArrayBuffer(8));
const floatBytes = new Uint8Array(float.buffer);

export class PackReader {
  readonly #bytes: Uint8Array;
  readonly #buffer: ArrayBufferLike;
  readonly #offset: number;
  readonly #length: number;
  readonly #hasMoments: boolean;
  #at = 0;
  #depth = 0;
  #valuesLeft: number = limits.decodedValuesMax;

  /** @param hasMoments whether the standard extension for moments is let through */
  constructor(bytes: Uint8Array, hasMoments: boolean) {
    this.#buffer = bytes.buffer;
    this.#offset = bytes.byteOffset;
    this.#length = bytes.length;
    // A plain array, whatever came: code that meets both kinds, Node's and this one, is slower.
    this.#bytes = new Uint8Array(this.#buffer, this.#offset, this.#length);
    this.#hasMoments = hasMoments;
  }

  /** Begins an array: its elements are read next, and then it is closed. @returns how many there are */
  openArray(): number | undefined {
    const head = this.#head();
    const count = isShortArray(head) ? head & 0x0f : this.#lengthOf("array", head);
    if (count === undefined) return this.#passRest(head);
    this.#enter(count);
    return count;
  }

  closeArray(): void {
    this.#depth--;
  }

  /** Reads nil; anything else is left where it is. */
  nil(): boolean {
    if (this.#bytes[this.#at] !== 0xc0) return false;
    this.#head();
    return true;
  }

  boolean(): boolean | undefined {
    const head = this.#head();
    return head === 0xc3 || head === 0xc2 ? head === 0xc3 : this.#passRest(head);
  }

  /** Integers of 64 bits are none: a number does not hold all of them. */
  number(): number | undefined {
    const head = this.#head();
    if (head < 0x80) return head;
    if (head >= 0xe0) return head - 0x100;
    switch (head) {
      case 0xca:
      case 0xcb:
        return this.#float(head === 0xca ? 4 : 8);
      case 0xcc:
        return this.#unsigned(1);
      case 0xcd:
        return this.#unsigned(2);
      case 0xce:
        return this.#unsigned(4);
      case 0xd0:
        return (this.#unsigned(1) << 24) >> 24;
      case 0xd1:
        return (this.#unsigned(2) << 16) >> 16;
      case 0xd2:
        return this.#unsigned(4) | 0;
      default:
        return this.#passRest(head);
    }
  }

  bytes(): Uint8Array | undefined {
    const head = this.#head();
    const length = this.#lengthOf("bytes", head);
    return length === undefined ? this.#passRest(head) : this.#view(length);
  }

  text(): string | undefined {
    const head = this.#head();
    const length = isShortText(head) ? head & 0x1f : this.#lengthOf("text", head);
    return length === undefined ? this.#passRest(head) : decoder.decode(this.#view(length));
  }

  /** Any value, as the bytes that it is. */
  packed(): Uint8Array {
    const from = this.#at;
    this.pass();
    return new Uint8Array(this.#buffer, this.#offset + from, this.#at - from);
  }

  pass(): void {
    this.#passRest(this.#head());
  }

  end(): void {
    if (this.#at !== this.#length) throw new MalformedBytes("bytes left over behind the value");
  }

  /** The first byte of the next value, which says what it is. */
  #head(): number {
    if (--this.#valuesLeft < 0) throw new MalformedBytes(`more than ${limits.decodedValuesMax} values`);
    const head = this.#bytes[this.#at++];
    if (head === undefined) throw tooEarly();
    return head;
  }

  #lengthOf(kind: Shape["kind"], head: number): number | undefined {
    const shape = shapes[head - 0xc0];
    return shape?.kind === kind ? this.#unsigned(shape.width) : undefined;
  }

  /** The rest of a value that began with this byte. */
  #passRest(head: number): undefined {
    if (head < 0x80 || head >= 0xe0) return; // small integers
    if (head < 0x90) return this.#passAll((head & 0x0f) * 2);
    if (isShortArray(head)) return this.#passAll(head & 0x0f);
    if (isShortText(head)) return this.#passBytes(head & 0x1f);
    const { kind, width } = shapes[head - 0xc0]!;
    switch (kind) {
      case "fixed":
        return this.#passBytes(width);
      case "bytes":
      case "text":
        return this.#passBytes(this.#unsigned(width));
      case "array":
        return this.#passAll(this.#unsigned(width));
      case "map":
        return this.#passAll(this.#unsigned(width) * 2);
      case "fixed extension":
        return this.#passExtension(width);
      case "extension":
        return this.#passExtension(this.#unsigned(width));
      case "never used":
        throw new MalformedBytes("a byte that MessagePack never uses");
    }
  }

  #passAll(count: number): undefined {
    this.#enter(count);
    for (let left = count; left > 0; left--) this.pass();
    this.#depth--;
  }

  /** Each value takes at least one byte, so a count above the bytes that are left is a lie. */
  #enter(count: number): void {
    if (count > this.#length - this.#at) throw new MalformedBytes("a count larger than the bytes that are left");
    if (count > this.#valuesLeft) throw new MalformedBytes(`more than ${limits.decodedValuesMax} values`);
    if (++this.#depth > limits.nestingMax && count > 0)
      throw new MalformedBytes(`nested deeper than ${limits.nestingMax}`);
  }

  /** Of the extensions only the standard one for moments (−1); msgpackr's own would build errors, sets and regular expressions. */
  #passExtension(length: number): undefined {
    const isMoment = this.#unsigned(1) === 0xff;
    if (!isMoment || !this.#hasMoments) throw new MalformedBytes("an extension that is not allowed here");
    this.#passBytes(length);
  }

  #passBytes(length: number): undefined {
    if (length > this.#length - this.#at) throw tooEarly();
    this.#at += length;
  }

  #view(length: number): Uint8Array {
    const from = this.#at;
    this.#passBytes(length);
    return new Uint8Array(this.#buffer, this.#offset + from, length);
  }

  #unsigned(width: number): number {
    const from = this.#at;
    this.#passBytes(width);
    let value = 0;
    for (let at = from; at < this.#at; at++) value = value * 0x100 + this.#bytes[at]!;
    return value;
  }

  #float(width: 4 | 8): number {
    const from = this.#at;
    this.#passBytes(width);
    for (let at = 0; at < width; at++) floatBytes[at] = this.#bytes[from + at]!;
    return width === 4 ? float.getFloat32(0) : float.getFloat64(0);
  }
}

function isShortArray(head: number): boolean {
  return head >= 0x90 && head < 0xa0;
}

function isShortText(head: number): boolean {
  return head >= 0xa0 && head < 0xc0;
}

function tooEarly(): MalformedBytes {
  return new MalformedBytes("bytes end too early");
}

interface Shape {
  readonly kind: "fixed" | "bytes" | "text" | "array" | "map" | "fixed extension" | "extension" | "never used";
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
  ...[1, 2, 4].map((width) => ["text", width] as const),
  ...[2, 4].map((width) => ["array", width] as const),
  ...[2, 4].map((width) => ["map", width] as const),
].map(([kind, width]) => ({ kind, width }) as Shape);
