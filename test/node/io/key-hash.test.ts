// node/io/key-hash.ts: equal for equal bytes, and for others only by chance, which nobody who chooses keys can lead.
import { expect, test } from "vitest";
import { hashBy, hashOf, multiplierCount } from "../../../node/io/key-hash.ts";
import { storeKeyBytesMax } from "../../../node/io/lmdb-tables.ts";
import { Random } from "../../../src/random.ts";

/** As fifty processes would draw them. */
const hashes = Array.from({ length: 50 }, (_, seed) => {
  const random = new Random(seed);
  return hashBy(Int32Array.from({ length: multiplierCount }, () => random.next()));
});

test("it depends on the bytes, all of them, and not on where they stand", () => {
  expect(storeKeyBytesMax).toBeLessThanOrEqual(multiplierCount);
  const bytes = Uint8Array.from({ length: storeKeyBytesMax + 3 }, (_, at) => at * 7);
  for (let length = 1; length <= storeKeyBytesMax; length += 23) {
    const key = bytes.subarray(3, 3 + length);
    expect(hashOf(key)).toBe(hashOf(key.slice()));
    expect(hashOf(key) | 0).toBe(hashOf(key));
    for (const at of [0, length >> 1, length - 1]) {
      const other = key.with(at, key[at]! ^ 1);
      expect(hashes.filter((hash) => hash(key) === hash(other)).length).toBe(0);
    }
  }
});

test.each([
  ["count up", Array.from({ length: 2048 }, (_, at) => Uint8Array.of(1, 2, at >> 8, at, 0))],
  ["differ in how many zeros they end with", Array.from({ length: 2048 }, (_, length) => new Uint8Array(length))],
])("keys that %s are spread like any others", (_, keys) => {
  // Whatever was drawn: keys that collide for one process would do so for as long as it runs.
  for (const hash of hashes) {
    expect(new Set(keys.map(hash)).size).toBeGreaterThan(0.99 * keys.length);
    expect(new Set(keys.map((key) => hash(key) & 2047)).size).toBeGreaterThan(0.6 * keys.length); // by chance, 1 - 1/e
  }
});
