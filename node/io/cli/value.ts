/** Values as they are typed and as they are shown. Bytes, which JSON has no word for, are shown as `{"base64": "…"}`. */
import { buffer as readBytes } from "node:stream/consumers";
import { invalidArgument } from "../../../src/errors.ts";

const shownMax = 40;

/** VALUE of the command line: JSON where it is JSON, else the text itself; `-` is what comes on standard input. */
export async function valueOf(argument: string): Promise<unknown> {
  if (argument !== "-") return parseValue(argument);
  // The shell's own `$(…)` does the same: nobody means the last line's end when piping.
  return parseValue(textOf(await readBytes(process.stdin)).replace(/\r?\n$/, ""));
}

/** @throws INVALID_ARGUMENT rather than store something else than what came */
function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw invalidArgument("standard input is not text in UTF-8: put bytes with the client, as a Uint8Array");
  }
}

/** The commonest slip of the shell's quotes: it was meant as JSON and is none. */
export function looksLikeBrokenJson(argument: string, value: unknown): boolean {
  return value === argument && /^\s*[{[]/.test(argument);
}

/**
 * An order number of twenty digits would lose the last ones as a number: by itself it is kept as text, and inside of something
 * else its owner must say what it is.
 * @throws INVALID_ARGUMENT
 */
export function parseValue(text: string): unknown {
  const value = parseJson(text);
  if (value === undefined) return text;
  const inexact = inexactNumber(text);
  if (inexact === undefined) return value;
  if (typeof value === "number") return text;
  throw invalidArgument(
    `the number ${shortened(inexact)} in this value cannot be kept exactly: write it as a text, in quotes, or put it with the client as a bigint`,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The first number of a JSON text that is whole and too long, or larger than any. */
function inexactNumber(json: string): string | undefined {
  for (const [token] of json.matchAll(/"(?:\\.|[^"\\])*"|-?\d[\d.eE+-]*/g))
    if (!token.startsWith('"') && !keepsDigits(token)) return token;
  return undefined;
}

function keepsDigits(token: string): boolean {
  const value = Number(token);
  return Number.isFinite(value) && (!/^-?\d+$/.test(token) || Number.isSafeInteger(value) || String(value) === token);
}

function shortened(token: string): string {
  return token.length <= shownMax ? token : `${token.slice(0, shownMax)}…`;
}

/** For people: texts as they are, everything else as JSON over several lines. */
export function showValue(value: unknown): string {
  return typeof value === "string" ? value : toJson(value, 2);
}

export function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(value ?? null, plain, indent);
}

/** `this` is the holder: of a Buffer, `value` is already what its own `toJSON` made of it. */
function plain(this: unknown, key: string, value: unknown): unknown {
  const original = (this as Readonly<Record<string, unknown>>)[key];
  if (original instanceof Uint8Array) return { base64: Buffer.from(original).toString("base64") };
  if (typeof original === "bigint") return original.toString();
  if (original instanceof Map) return Object.fromEntries(original);
  return value;
}
