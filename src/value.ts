/**
 * The application's values as the bytes that the store keeps: null, booleans, numbers, bigints of 64 bits, texts, `Uint8Array`s,
 * `Date`s, and arrays and plain objects of those. What comes back equals what went in (a field that is
 * undefined is one that is not there, as in JSON), and everything else is refused by its path. −0 comes back as 0.
 */
import { CoterieError, invalidArgument, protocol, tooLarge } from "./errors.ts";
import { limits } from "./limits.ts";
import { isDate } from "./literal.ts";
import { packValue, unpackValue } from "./msgpack.ts";

const bigintLeast = -(2n ** 63n);
const bigintMost = 2n ** 64n - 1n;

/** @throws INVALID_ARGUMENT for what would not come back as it went in, TOO_LARGE */
export function encodeValue(value: unknown): Uint8Array {
  if (value === undefined) throw invalidArgument("undefined is no value: delete the key instead");
  checkPlain(value, "", 0);
  const bytes = packed(value);
  if (bytes.length > limits.valueBytesMax)
    throw tooLarge(`the value has ${bytes.length} bytes, the limit is ${limits.valueBytesMax}`);
  return bytes;
}

/**
 * An element of a replicated data type. Of equal ones the bytes are equal, in whatever order the fields of objects were written.
 * @param place where it belongs, for the sentence of an error: "" or the name of a field
 * @throws INVALID_ARGUMENT, TOO_LARGE
 */
export function encodeElement(value: unknown, place: string): Uint8Array {
  checkPlain(value, place, 0);
  const bytes = packed(inOrder(value));
  if (bytes.length > limits.valueBytesMax)
    throw tooLarge(`${place || "the value"} has ${bytes.length} bytes, the limit is ${limits.valueBytesMax}`);
  return bytes;
}

function inOrder(value: unknown): unknown {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array || isDate(value)) return value;
  if (Array.isArray(value)) return value.map(inOrder);
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(fields.map(([name, field]) => [name, inOrder(field)]));
}

/** @throws PROTOCOL: what stands in the store need not have come from an SDK */
export function decodeValue(bytes: Uint8Array | undefined): unknown {
  if (bytes === undefined) return undefined;
  try {
    return unpackValue(bytes);
  } catch (error) {
    throw protocol(`the stored bytes are no value: ${(error as Error).message}`);
  }
}

/**
 * Without this the encoder would make something else of what it has no form for: null of a function,
 * an array of a Set, an object of a Map, and of the longer typed arrays whatever lies behind them in memory.
 */
function checkPlain(value: unknown, path: string, depth: number): void {
  if (depth > limits.nestingMax) throw unstorable(path, `is nested deeper than ${limits.nestingMax}, or in a circle`);
  if (value === undefined) throw unstorable(path, "is undefined: leave it out, or store null");
  if (typeof value === "function" || typeof value === "symbol") throw unstorable(path, `is a ${typeof value}`);
  if (typeof value === "string" && /\p{Surrogate}/u.test(value))
    throw unstorable(path, "has half a surrogate pair: it is no text");
  if (typeof value === "bigint" && (value < bigintLeast || value > bigintMost))
    throw unstorable(path, "is a bigint of more than 64 bits");
  if (typeof value !== "object" || value === null || value instanceof Uint8Array || isDate(value)) return;
  // With an index, because the array's own walks skip holes, which would come back as null.
  if (Array.isArray(value))
    for (let at = 0; at < value.length; at++) checkPlain(value[at], `${path}[${at}]`, depth + 1);
  else checkFields(value, path, depth);
}

function checkFields(value: object, path: string, depth: number): void {
  if (!isPlainObject(value))
    throw unstorable(
      path,
      `is a ${value.constructor?.name || "class instance"}, which would come back as something else`,
    );
  for (const [name, field] of Object.entries(value)) {
    if (name === "__proto__") throw unstorable(path, "has a field named __proto__");
    if (field !== undefined) checkPlain(field, `${path}.${name}`, depth + 1);
  }
}

/** Of this realm or another (a frame, a worker): its prototype is nobody's child. */
function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function unstorable(path: string, what: string): CoterieError {
  return invalidArgument(`this value cannot be stored: ${path === "" ? "it" : path} ${what}`);
}

function packed(value: unknown): Uint8Array {
  try {
    return packValue(value);
  } catch (error) {
    const message = `this value cannot be stored: ${(error as Error).message}`;
    throw new CoterieError("INVALID_ARGUMENT", message, { cause: error });
  }
}
