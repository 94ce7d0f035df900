// node/io/key-index.ts: it finds what a map finds, whatever hashes are equal, and however often it has grown.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { hashBy, hashOf } from "../../../node/io/key-hash.ts";
import { KeyIndex, type Entries } from "../../../node/io/key-index.ts";
import { tables, type Table } from "../../../node/store.ts";
import { Random } from "../../../src/random.ts";
import { bytesOf, textOf } from "../../contract/store.ts";

type Hash = (key: Uint8Array) => number;

/** Entries as a list of names; what stands at a position is never changed. */
class Named implements Entries {
  readonly names = ["nothing stands at 0"];

  isOf(position: number, table: Table, key: Uint8Array): boolean {
    return this.names[position] === nameOf(table, key);
  }
}

const hashes: readonly (readonly [name: string, hash: Hash])[] = [
  ["that of the store", hashOf],
  ["one that is equal for all", () => -7],
  ["one that names the last slot, so that the search goes on at the first", () => 2 ** 31 - 1],
  ["one that has four values", (key) => key.length * 5 - 10],
];

test.each(hashes)("with a hash like %s it holds what a map holds", (_, hash) => {
  const step = fc.tuple(fc.constantFrom(...tables), fc.string({ maxLength: 3 }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: "max" }), (steps) => {
      const entries = new Named();
      const index = new KeyIndex(entries);
      const model = new Map<string, number>();
      for (const [table, text] of steps) {
        const key = bytesOf(text);
        const name = nameOf(table, key);
        expect(index.find(table, key, hash(key))).toBe(model.get(name) ?? 0);
        const position = entries.names.push(name) - 1;
        expect(index.replace(table, key, hash(key), position)).toBe(model.get(name) ?? 0);
        model.set(name, position);
        expect(index.size).toBe(model.size);
      }
      for (const [table, text] of steps) {
        const key = bytesOf(text);
        expect(index.find(table, key, hash(key))).toBe(model.get(nameOf(table, key)));
      }
    }),
    { numRuns: 60 },
  );
});

test("it asks about hardly any key but the one that is looked for, of 20,000", () => {
  let asked = 0;
  const index = new KeyIndex({ isOf: (position, _, key) => ++asked > 0 && textOf(key) === `${position}` });
  const random = new Random(1);
  const hash = hashBy(Int32Array.from({ length: 20 }, () => random.next()));
  const keys = Array.from({ length: 20_000 }, (_, at) => bytesOf(`${at + 1}`));
  for (const [at, key] of keys.entries()) index.replace("objects", key, hash(key), at + 1);
  expect(keys.map((key) => index.find("objects", key, hash(key)))).toEqual(keys.map((_, at) => at + 1));
  for (const none of keys.map((key) => Uint8Array.of(...key, 0)))
    expect(index.find("objects", none, hash(none))).toBe(0);
  expect(asked).toBeLessThan(20_100);
});

function nameOf(table: Table, key: Uint8Array): string {
  return `${table} ${textOf(key)}`;
}
