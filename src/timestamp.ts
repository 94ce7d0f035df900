/**
 * Hybrid logical timestamps: 48 bits of wall clock in ms and 16 bits of counter.
 * Source: Kulkarni et al.: Logical Physical Clocks (2014).
 */
import type { ByteReader, ByteWriter } from "./bytes.ts";
import { MalformedBytes } from "./bytes.ts";

export interface Timestamp {
  readonly ms: number;
  readonly counter: number;
}

export const earliest: Timestamp = { ms: 0, counter: 0 };

const counterMax = 2 ** 16 - 1;
const msMax = 2 ** 48 - 1;

export function compareTimestamps(a: Timestamp, b: Timestamp): number {
  return a.ms - b.ms || a.counter - b.counter;
}

export function laterOf(a: Timestamp, b: Timestamp): Timestamp {
  return compareTimestamps(a, b) >= 0 ? a : b;
}

/** The smallest timestamp above `t`. */
export function successor(t: Timestamp): Timestamp {
  return t.counter < counterMax ? { ms: t.ms, counter: t.counter + 1 } : { ms: t.ms + 1, counter: 0 };
}

export function writeTimestamp(writer: ByteWriter, t: Timestamp): void {
  writer.fixed(t.ms, 6);
  writer.number(t.counter);
}

export function readTimestamp(reader: ByteReader): Timestamp {
  const ms = reader.fixed(6);
  const counter = reader.number();
  if (ms > msMax || counter > counterMax) throw new MalformedBytes("timestamp out of range");
  return { ms, counter };
}
