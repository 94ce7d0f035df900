// node/io/log-index.ts: names and their places, in the order of bytes however they come.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { LogIndex } from "../../../node/io/log-index.ts";

const name = fc.oneof(
  fc.constantFrom("a", "a\0", "a\0\0", "ab", "b", "\0", "\0\0", "\u00ff", "\u00ff\u00ff"),
  fc.uint8Array({ minLength: 1, maxLength: 4 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
);

test("it holds what a sorted map holds, between any two names, while more are added", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(name, name, name), { maxLength: 60 }), (steps) => {
      const index = new LogIndex();
      const model = new Map<string, number>();
      for (const [at, [added, from, to]] of steps.entries()) {
        expect(index.replace(added, at + 1)).toBe(model.get(added) ?? 0);
        model.set(added, at + 1);
        const between = [...model.keys()].filter((name) => name >= from && name < to).toSorted();
        expect(index.names(from, to)).toEqual(between);
      }
      expect([...index.inOrder()]).toEqual([...model.keys()].toSorted());
      expect(index.size).toBe(model.size);
      for (const [name, position] of model) expect(index.find(name)).toBe(position);
      expect(index.find("never added")).toBe(0);
    }),
  );
});

test("an empty one has nothing between anything", () => {
  const index = new LogIndex();
  expect([index.names("", "~"), [...index.inOrder()], index.size]).toEqual([[], [], 0]);
});
