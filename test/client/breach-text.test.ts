// A broken law in words: the values, both sides, where they differ, and what helps if only the order does.
import { expect, test } from "vitest";
import { breachText } from "../../client/breach-text.ts";
import { breachOf, Trial, type Law } from "../../client/law.ts";
import type { MergeFunction } from "../../client/merge-function.ts";

interface Cart {
  readonly items: readonly string[];
}

function textOf<T>(law: Law, join: MergeFunction<T>, a: T, b: T, c: T): string {
  return breachText(breachOf(law, new Trial(join), a, b, c)!);
}

test("only the order differs: sort", () => {
  const join = (a: Cart, b: Cart): Cart => ({ items: [...new Set([...a.items, ...b.items])] });
  expect(textOf("commutativity", join, { items: ["a"] }, { items: ["b"] }, { items: [] })).toBe(
    `commutativity does not hold: it matters which value comes first

  a           = { items: ["a"] }
  b           = { items: ["b"] }
  merge(a, b) = { items: ["a", "b"] }
  merge(b, a) = { items: ["b", "a"] }

  They differ:
    .items: the same items in another order

  Only the order differs: sort .items before returning it, by something that all readers know.`,
  );
});

test("a value that does not stay what it is is not said twice", () => {
  const join = (a: Cart, b: Cart): Cart => ({ items: [...a.items, ...b.items] });
  expect(textOf("idempotence", join, { items: ["a"] }, { items: [] }, { items: [] })).toBe(
    `idempotence does not hold: a value merged with itself does not stay what it is

  a           = { items: ["a"] }
  merge(a, a) = { items: ["a", "a"] }

  They differ:
    .items[1]: "a" in merge(a, a), nothing in a`,
  );
});

test("a merge that fails has no sides", () => {
  const join = (): number => {
    throw new Error("no idea");
  };
  expect(textOf("totality", join, 1, 2, 3)).toBe(
    `totality does not hold: merge(a, a) threw Error: no idea

  a = 1`,
  );
});

test("many places are cut short, and so are long values", () => {
  const join = (a: readonly number[]): readonly number[] => a;
  const text = textOf(
    "commutativity",
    join,
    Array.from({ length: 2000 }, () => 1),
    Array.from({ length: 2000 }, () => 2),
    [],
  );
  expect(text).toContain("    [7]: 1 in merge(a, b), 2 in merge(b, a)\n    and 1992 more");
  expect(text).toContain("… (6000 characters)");
  expect(text.length).toBeLessThan(10_000);
});

test("paths of many items are told as one", () => {
  const join = (a: readonly Cart[], b: readonly Cart[]): readonly Cart[] =>
    a.map(({ items }, at) => ({ items: [...items, ...b[at]!.items] }));
  const text = textOf(
    "commutativity",
    join,
    [{ items: ["a"] }, { items: ["a"] }],
    [{ items: ["b"] }, { items: ["b"] }],
    [],
  );
  expect(text).toContain("sort […].items before");
});
