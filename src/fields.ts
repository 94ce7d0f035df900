/**
 * The fields of messages as they come over the wire: each is checked for its shape, and told by its name when it is not.
 * All of these throw PROTOCOL, which condemns the frame.
 */
import { errorCodes, protocol, type CoterieError, type ErrorCode } from "./errors.ts";
import { limits } from "./limits.ts";

export function malformed(reason: string): CoterieError {
  return protocol(`not a frame of this protocol: ${reason}`);
}

export function checked<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw malformed((error as Error).message);
  }
}

export function optional<T>(value: unknown, parse: (value: unknown) => T): T | undefined {
  return value === null || value === undefined ? undefined : parse(value);
}

export function natural(value: unknown, name: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0)
    throw malformed(`${name} is no whole number`);
  return value;
}

export function timeout(value: unknown): number {
  return Math.min(natural(value, "timeoutMs"), limits.timeoutMsMax);
}

export function text(value: unknown, name: string): string {
  if (typeof value !== "string") throw malformed(`${name} is no text`);
  return value;
}

export function array(value: unknown, name: string): readonly unknown[] {
  if (!Array.isArray(value)) throw malformed(`${name} is no array`);
  return value;
}

export function texts(value: unknown, name: string): readonly string[] {
  return array(value, name).map((item) => text(item, name));
}

export function numbers(value: unknown, name: string): readonly number[] {
  return array(value, name).map((item) => natural(item, name));
}

export function bytes(value: unknown, most: number, name: string): Uint8Array {
  if (!(value instanceof Uint8Array)) throw malformed(`${name} is no byte string`);
  if (value.length > most) throw malformed(`${name} has ${value.length} bytes, the limit is ${most}`);
  return value;
}

export function exactly(value: unknown, length: number, name: string): Uint8Array {
  const found = bytes(value, length, name);
  if (found.length !== length) throw malformed(`${name} has ${found.length} bytes instead of ${length}`);
  return found;
}

export function record(value: unknown): Uint8Array {
  return bytes(value, limits.frameBytesMax, "record");
}

/** Keys, values and contexts of clients are let in up to a frame's size: the coordinator refuses what is too large by its name. */
export function key(value: unknown): Uint8Array {
  return bytes(value, limits.frameBytesMax, "key");
}

export function oneOf<T extends string>(value: unknown, allowed: readonly T[], name: string): T {
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw malformed(`${name} is none of ${allowed.join(", ")}`);
  return found;
}

/** A code that a newer node invented is still an error; of ours, `UNAVAILABLE` promises least. */
export function errorCode(value: unknown): ErrorCode {
  return errorCodes.find((code) => code === value) ?? "UNAVAILABLE";
}
