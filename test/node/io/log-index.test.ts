// node/io/log-index.ts: keys and the places of their entries, in the order of bytes however they come.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { hashOf } from "../../../node/io/key-hash.ts";
import { alignedUp, entryBytes, keyAt, previousAt, tableAt, writeEntry } from "../../../node/io/log-frame.ts";
import { LogIndex } from "../../../node/io/log-index.ts";
import { tables, type Table } from "../../../node/store.ts";

/** An index, and its image as the log fills it. */
class Filled {
  readonly index = new LogIndex(Buffer.alloc(512));
  #end = 512;

  /** @returns where the entry is, and where the one before is */
  add(table: Table, key: Uint8Array): readonly [at: number, previous: number] {
    const write = { table, key, value: undefined };
    const at = this.#end;
    this.#end += entryBytes(write);
    const longer = Buffer.alloc(alignedUp(this.#end));
    longer.set(this.index.image);
    this.index.image = longer;
    const previous = this.index.replace(table, key, hashOf(key), at);
    writeEntry(this.index.image, at, write, previous);
    return [at, previous];
  }

  names(positions: Iterable<number>): string[] {
    return Array.from(positions, (at) => nameOf(tableAt(this.index.image, at)!, keyAt(this.index.image, at)));
  }
}

const key = fc
  .oneof(
    fc.constantFrom("a", "a\0", "a\0\0", "ab", "b", "\0", "\0\0", "\u00ff", "\u00ff\u00ff"),
    fc.uint8Array({ minLength: 1, maxLength: 4 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
  )
  .map((name) => Uint8Array.from(Buffer.from(name, "latin1")));

test("it holds what a sorted map holds, between any two keys, while more are added", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(...tables), key, key, key), { maxLength: 60, size: "max" }),
      (steps) => {
        const filled = new Filled();
        const { index } = filled;
        const model = new Map<string, number>();
        for (const [table, added, from, to] of steps) {
          const [at, previous] = filled.add(table, added);
          expect(previous).toBe(model.get(nameOf(table, added)) ?? 0);
          expect(previousAt(index.image, at)).toBe(previous);
          model.set(nameOf(table, added), at);
          const between = [...model.keys()].filter((name) => name >= nameOf(table, from) && name < nameOf(table, to));
          expect(filled.names(index.between(table, from, to).flatMap((list) => [...list]))).toEqual(between.toSorted());
        }
        expect(Array.from(index.inOrder())).toEqual(
          [...model].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, at]) => at),
        );
        expect(index.size).toBe(model.size);
        for (const [table, added] of steps)
          expect(index.find(table, added, hashOf(added))).toBe(model.get(nameOf(table, added)));
        expect(index.find("meta", Uint8Array.of(1, 2, 3, 4, 5), 12345)).toBe(0);
      },
    ),
  );
});

test("keys of which each begins with the one before are put in order, however they come", () => {
  const lengths = Array.from({ length: 500 }, (_, at) => 1 + ((at * 487) % 500));
  const filled = new Filled();
  for (const [at, length] of lengths.entries()) {
    filled.add("objects", new Uint8Array(length).fill(7));
    // Every now and then, so that what comes next is put into an order that there is.
    if (at % 150 === 99) filled.index.between("objects", Uint8Array.of(0), Uint8Array.of(8));
  }
  const inOrder = Array.from(filled.index.inOrder(), (at) => keyAt(filled.index.image, at).length);
  expect(inOrder).toEqual(lengths.toSorted((a, b) => a - b));
});

test("keys that begin alike for long are put in order by how they end", () => {
  const filled = new Filled();
  const ends = Array.from({ length: 300 }, (_, at) => (at * 7919) % 65_536);
  for (const end of ends) filled.add("objects", Uint8Array.of(...new Uint8Array(60).fill(7), end >>> 8, end & 0xff));
  const inOrder = Array.from(filled.index.inOrder(), (at) =>
    Buffer.from(keyAt(filled.index.image, at)).readUInt16BE(60),
  );
  expect(inOrder).toEqual(ends.toSorted((a, b) => a - b));
});

test("of each key that stands between two others it leads to the last entry", () => {
  const filled = new Filled();
  const a = Uint8Array.of(97);
  filled.add("objects", a);
  filled.add("hints", a);
  const [last] = filled.add("objects", a);
  const [positions] = filled.index.between("objects", Uint8Array.of(0), Uint8Array.of(255));
  expect(Array.from(positions!, (position) => filled.index.lastOf(position))).toEqual([last]);
});

test("what a walk was given stays as it was when keys are added and put in order", () => {
  const filled = new Filled();
  const [from, to] = [Uint8Array.of(7), Uint8Array.of(8)] as const;
  for (const end of [5, 3, 9]) filled.add("hints", Uint8Array.of(7, 7, end));
  const before = filled.index.between("hints", from, to);
  for (const end of [4, 1, 8]) filled.add("hints", Uint8Array.of(7, 7, end));
  const after = filled.index.between("hints", from, to);
  const endsOf = (lists: typeof before): number[] =>
    lists.flatMap((list) => Array.from(list, (at) => keyAt(filled.index.image, at)[2]!));
  expect([endsOf(before), endsOf(after)]).toEqual([
    [3, 5, 9],
    [1, 3, 4, 5, 8, 9],
  ]);
});

test("an empty one has nothing between anything", () => {
  const { index } = new Filled();
  expect([index.between("objects", new Uint8Array(0), Uint8Array.of(255)), [...index.inOrder()], index.size]).toEqual([
    [],
    [],
    0,
  ]);
});

/** Orders as the tables do, and within each as the bytes do. */
function nameOf(table: Table, key: Uint8Array): string {
  return tables.indexOf(table) + Buffer.from(key).toString("latin1");
}
