/**
 * The fields of messages as they come over the wire, read one after the other: each is checked for its shape, and told by its name when
 * it is not what it should be. A field that the sender left out at the end counts as nil.
 * Methods throw PROTOCOL or, where the bytes are no MessagePack, `MalformedBytes`; `readWhole` makes one of both.
 */
import { MalformedBytes } from "./bytes.ts";
import { errorCodes, protocol, type CoterieError, type ErrorCode } from "./errors.ts";
import { limits } from "./limits.ts";
import { unpack } from "./msgpack.ts";
import { PackReader } from "./pack-reader.ts";

export class FieldReader {
  readonly #pack: PackReader;
  /** Values that are left of the array that is being read; of the bytes as a whole there is one. */
  #left = 1;

  constructor(bytes: Uint8Array) {
    this.#pack = new PackReader(bytes, false);
  }

  end(): void {
    this.#pack.end();
  }

  /** Reads elements that are all alike. */
  list<T>(name: string, read: (reader: FieldReader, name: string) => T): T[] {
    const outer = this.#open(name);
    // Not `appended`: of its arrays many stay, so V8 may put all into old memory, where that of a frame would keep all its messages.
    const items = this.#left === 0 ? [] : [read(this, name)];
    while (this.#left > 0) items.push(read(this, name));
    this.#close(outer);
    return items;
  }

  /** Reads fields that are told by their place, and ignores further ones. */
  tuple<T>(name: string, read: (reader: FieldReader) => T): T {
    const outer = this.#open(name);
    const value = read(this);
    for (; this.#left > 0; this.#left--) this.#pack.pass();
    this.#close(outer);
    return value;
  }

  /** Whether nothing stands here: then that was read. */
  nil(): boolean {
    if (this.#left === 0) return true;
    if (!this.#pack.nil()) return false;
    this.#left--;
    return true;
  }

  /** Whatever is not true is false. */
  boolean(): boolean {
    return this.#next() && this.#pack.boolean() === true;
  }

  number(name: string): number {
    const value = this.#next() ? this.#pack.number() : undefined;
    if (value === undefined) throw malformed(`${name} is no number`);
    return value;
  }

  natural(name: string): number {
    const value = this.#next() ? this.#pack.number() : undefined;
    if (value === undefined || !Number.isSafeInteger(value) || value < 0) throw malformed(`${name} is no whole number`);
    return value;
  }

  optionalNatural(name: string): number | undefined {
    return this.nil() ? undefined : this.natural(name);
  }

  naturals(name: string): number[] {
    return this.list(name, readNatural);
  }

  optionalNaturals(name: string): number[] | undefined {
    return this.nil() ? undefined : this.naturals(name);
  }

  timeout(): number {
    return Math.min(this.natural("timeoutMs"), limits.timeoutMsMax);
  }

  /** A view. Keys, values and contexts of clients are let in up to a frame's size: the coordinator refuses what is too large by its name. */
  bytes(name: string, most: number = limits.frameBytesMax): Uint8Array {
    const value = this.#next() ? this.#pack.bytes() : undefined;
    if (value === undefined) throw malformed(`${name} is no byte string`);
    if (value.length > most) throw malformed(`${name} has ${value.length} bytes, the limit is ${most}`);
    return value;
  }

  optionalBytes(name: string, most: number = limits.frameBytesMax): Uint8Array | undefined {
    return this.nil() ? undefined : this.bytes(name, most);
  }

  exactly(length: number, name: string): Uint8Array {
    const value = this.bytes(name, length);
    if (value.length !== length) throw malformed(`${name} has ${value.length} bytes instead of ${length}`);
    return value;
  }

  text(name: string): string {
    const value = this.#next() ? this.#pack.text() : undefined;
    if (value === undefined) throw malformed(`${name} is no text`);
    return value;
  }

  optionalText(name: string): string | undefined {
    return this.nil() ? undefined : this.text(name);
  }

  texts(name: string): string[] {
    return this.list(name, readText);
  }

  optionalTexts(name: string): string[] | undefined {
    return this.nil() ? undefined : this.texts(name);
  }

  /** One of several words. */
  word<T extends string>(allowed: readonly T[], name: string): T {
    const value = this.#next() ? this.#pack.text() : undefined;
    const found = allowed.find((one) => one === value);
    if (found === undefined) throw malformed(`${name} is none of ${allowed.join(", ")}`);
    return found;
  }

  /** One of several words, told by its place among them. */
  place<T extends string>(known: readonly T[], name: string): T {
    const found = known[this.natural(name)];
    if (found === undefined) throw malformed(`${name} is none of those known`);
    return found;
  }

  /** A code that a newer node invented is still an error; of ours, `UNAVAILABLE` promises least. */
  errorCode(): ErrorCode {
    const value = this.#next() ? this.#pack.text() : undefined;
    return errorCodes.find((code) => code === value) ?? "UNAVAILABLE";
  }

  /** Whatever was packed there. */
  value(): unknown {
    return this.#next() ? unpack(this.#pack.packed()) : undefined;
  }

  /** Whether there is a further value in the array; if so, it is the one that is read next. */
  #next(): boolean {
    if (this.#left === 0) return false;
    this.#left--;
    return true;
  }

  /** Goes into an array. @returns what is left of the one around it */
  #open(name: string): number {
    const count = this.#next() ? this.#pack.openArray() : undefined;
    if (count === undefined) throw malformed(`${name} is no array`);
    const outer = this.#left;
    this.#left = count;
    return outer;
  }

  #close(outer: number): void {
    this.#pack.closeArray();
    this.#left = outer;
  }
}

function readNatural(reader: FieldReader, name: string): number {
  return reader.natural(name);
}

function readText(reader: FieldReader, name: string): string {
  return reader.text(name);
}

/** Reads all of these bytes. @throws PROTOCOL */
export function readWhole<T>(bytes: Uint8Array, read: (reader: FieldReader) => T): T {
  try {
    const reader = new FieldReader(bytes);
    const value = read(reader);
    reader.end();
    return value;
  } catch (error) {
    if (error instanceof MalformedBytes) throw malformed(error.message);
    throw error;
  }
}

export function malformed(reason: string): CoterieError {
  return protocol(`not a frame of this protocol: ${reason}`);
}

/** What others parse, of whose errors the reason is kept. @throws PROTOCOL */
export function checked<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw malformed((error as Error).message);
  }
}
