/** src/dot-store.ts: what is not a law. The laws of join are in test/laws. */
import { expect, test } from "vitest";
import { contextOf, emptyContext } from "../../src/causal-context.ts";
import { makeActor } from "../../src/dot.ts";
import { isEmpty, join, joinDotted } from "../../src/dot-store.ts";

const dot = { actor: makeActor("a.......", 1), counter: 1 };
const context = contextOf([dot]);

test("stores of two kinds under one name do not join", () => {
  // src/dot-store.ts: a broken invariant of ours, which must be loud.
  const set = { type: "set", entries: [{ dot }] } as const;
  const fun = { type: "fun", entries: [{ dot, value: "x" }] } as const;
  expect(() => join({ store: set, context }, { store: fun, context })).toThrow(
    "a set and a fun under one name do not join",
  );
});

test("an entry that both sides have stays, one that the other side has seen and not kept goes", () => {
  // Design §4.1: (s ∩ s') ∪ {d ∈ s : d ∉ ctx'} ∪ {d ∈ s' : d ∉ ctx}.
  const entries = [{ dot }];
  expect(joinDotted(entries, context, entries, context)).toBe(entries);
  expect(joinDotted(entries, context, [], emptyContext)).toBe(entries);
  expect(joinDotted(entries, context, [], context)).toEqual([]);
  expect(joinDotted([], emptyContext, entries, context)).toEqual(entries);
  expect(joinDotted([], context, entries, context)).toEqual([]);
});

test("a store is empty when nothing in it is live", () => {
  // Design §4.1: empty children vanish.
  expect(isEmpty({ type: "map", children: [] })).toBe(true);
  expect(isEmpty({ type: "set", entries: [] })).toBe(true);
  expect(isEmpty({ type: "fun", entries: [{ dot, value: "x" }] })).toBe(false);
});
