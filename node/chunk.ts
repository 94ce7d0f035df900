/**
 * A bounded look at the records of a partition, in store order. A partition may hold a million keys: whoever walks it reads one
 * chunk in a step, and the next one later, from where this one ended.
 */
import type { StoreReader } from "./store.ts";

/** Few enough to be read and checked in a few milliseconds. */
const keysMax = 512;
const bytesMax = 256 * 1024;

export interface Entry {
  readonly storeKey: Uint8Array;
  readonly record: Uint8Array;
}

export interface Chunk {
  readonly entries: readonly Entry[];
  /** The last key that was looked at; `undefined`: there are no further ones. */
  readonly end: Uint8Array | undefined;
  readonly bytes: number;
}

/** @param after the store key behind which to begin; `undefined`: with the first of the partition */
export function readChunk(store: StoreReader, partition: number, after: Uint8Array | undefined): Chunk {
  const from = after === undefined ? prefixOf(partition) : successorOf(after);
  const entries: Entry[] = [];
  let bytes = 0;
  for (const [storeKey, record] of store.scan("objects", from, prefixOf(partition + 1))) {
    entries.push({ storeKey, record });
    bytes += storeKey.length + record.length;
    if (entries.length >= keysMax || bytes >= bytesMax) return { entries, end: storeKey, bytes };
  }
  return { entries, end: undefined, bytes };
}

function prefixOf(partition: number): Uint8Array {
  return Uint8Array.of(partition >>> 8, partition & 0xff);
}

/** The next key in byte order. */
function successorOf(storeKey: Uint8Array): Uint8Array {
  const next = new Uint8Array(storeKey.length + 1);
  next.set(storeKey);
  return next;
}
