/** node/chunk.ts: a partition in bounded pieces, each record once (design §7). */
import { expect, test } from "vitest";
import { readChunk, type Chunk } from "../../node/chunk.ts";
import { MemoryStore } from "./memory-store.ts";

function storeOf(records: readonly (readonly [storeKey: readonly number[], bytes: number])[]): MemoryStore {
  const store = new MemoryStore();
  const writes = records.map(([storeKey, bytes]) => ({
    table: "objects" as const,
    key: Uint8Array.from(storeKey),
    value: new Uint8Array(bytes),
  }));
  store.commit({ kind: "persist", writes, then: [] });
  return store;
}

/** All chunks of partition 1. */
function chunksOf(store: MemoryStore): Chunk[] {
  const chunks = [readChunk(store, 1, undefined)];
  while (chunks.at(-1)!.end !== undefined) chunks.push(readChunk(store, 1, chunks.at(-1)!.end));
  return chunks;
}

test("has the records of one partition, and ends with it", () => {
  const store = storeOf([
    [[0, 0, 9], 1],
    [[0, 1, 1], 1],
    [[0, 1, 1, 0], 1],
    [[0, 1, 255, 255], 1],
    [[0, 2, 0], 1],
  ]);
  const [chunk, ...others] = chunksOf(store);
  expect(others).toEqual([]);
  expect(chunk!.entries.map(({ storeKey }) => [...storeKey])).toEqual([
    [0, 1, 1],
    [0, 1, 1, 0],
    [0, 1, 255, 255],
  ]);
  expect(chunk!.bytes).toBe(3 + 4 + 4 + 3);
});

test("never holds more than 512 records, and all chunks together hold each record once", () => {
  const store = storeOf(Array.from({ length: 1200 }, (_, at) => [[0, 1, at >>> 8, at & 0xff], 1]));
  const chunks = chunksOf(store);
  expect(chunks.map(({ entries }) => entries.length)).toEqual([512, 512, 176]);
  const keys = chunks.flatMap(({ entries }) => entries.map(({ storeKey }) => storeKey.join()));
  expect(new Set(keys).size).toBe(1200);
});

test("ends early when its records are large, and still goes on with one that is larger than a chunk", () => {
  const store = storeOf(Array.from({ length: 3 }, (_, at) => [[0, 1, at], 1024 * 1024]));
  expect(chunksOf(store).map(({ entries }) => entries.length)).toEqual([1, 1, 1, 0]);
});

test("of a partition that is empty is empty", () => {
  expect(chunksOf(storeOf([]))).toEqual([{ entries: [], end: undefined, bytes: 0 }]);
});
