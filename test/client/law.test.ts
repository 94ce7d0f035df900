// The laws of a merge (design §8), each with merges that keep it and the mistakes that break it.
import { describe, expect, it, test } from "vitest";
import { breachOf, laws, Trial, type Law } from "../../client/law.ts";
import type { MergeFunction } from "../../client/merge-function.ts";

interface Cart {
  readonly items: readonly string[];
  readonly count?: number;
}

/** The first law that is broken, in the order in which they are listed. */
function firstBreach<T>(join: MergeFunction<T>, a: T, b: T, c: T) {
  const trial = new Trial(join);
  return laws.map((law) => breachOf(law, trial, a, b, c)).find((breach) => breach !== undefined);
}

function unionOf(a: Cart, b: Cart): Cart {
  return { items: [...new Set([...a.items, ...b.items])].sort() };
}

const carts = [{ items: ["tea", "milk"] }, { items: ["rice"] }, { items: ["tea", "tea"] }] as const;

describe("merges that keep all laws", () => {
  it.each<[string, MergeFunction<never>, readonly unknown[]]>([
    ["the larger number", Math.max as MergeFunction<never>, [1, 2, 3]],
    ["a sorted union, of values that are neither sorted nor without repetition", unionOf as never, carts],
    [
      "one that fills in what is missing",
      ((a: Cart, b: Cart) => ({ ...unionOf(a, b), count: Math.max(a.count ?? 0, b.count ?? 0) })) as never,
      [{ items: [] }, { items: ["tea"], count: 2 }, { items: [], count: 0 }],
    ],
    [
      "the fields in whatever order",
      ((a: Record<string, number>, b: Record<string, number>) => ({ ...b, ...a })) as never,
      [{ a: 1 }, { b: 1 }, { c: 1 }],
    ],
  ])("%s", (_, join, [a, b, c]) => {
    expect(firstBreach<never>(join, a as never, b as never, c as never)).toBeUndefined();
  });
});

describe("mistakes", () => {
  it.each<[string, MergeFunction<never>, Law, string, readonly unknown[]]>([
    [
      "concatenation",
      ((a: Cart, b: Cart) => ({ items: [...a.items, ...b.items] })) as never,
      "idempotence",
      "does not stay what it is",
      carts,
    ],
    [
      "a union in the order in which it was found",
      ((a: Cart, b: Cart) => ({ items: [...new Set([...a.items, ...b.items])] })) as never,
      "commutativity",
      "it matters which value comes first",
      carts,
    ],
    ["a sum", ((a: number, b: number) => a + b) as never, "idempotence", "does not stay what it is", [1, 2, 3]],
    [
      "an average",
      ((a: number, b: number) => (a + b) / 2) as never,
      "idempotence",
      "merge(a, b) changes when a is merged in again",
      [1, 2, 3],
    ],
    [
      "a field forgotten",
      (({ items }: Cart) => ({ items })) as never,
      "idempotence",
      "does not stay",
      [
        { items: [], count: 1 },
        { items: [], count: 1 },
        { items: [], count: 1 },
      ],
    ],
    ["the first", ((a: number) => a) as never, "commutativity", "which value comes first", [1, 2, 3]],
    [
      "rock, paper, scissors: no order at all",
      ((a: number, b: number) => (a === b || (a + 1) % 3 !== b ? a : b)) as never,
      "associativity",
      "which two of three",
      [0, 1, 2],
    ],
    [
      "push",
      ((a: string[], b: string[]) => {
        a.push(...b);
        return a;
      }) as never,
      "determinism",
      "the merge changes a[1], which does not belong to it: copy first",
      [["a"], ["b"], ["c"]],
    ],
    [
      "sorting the second in place",
      ((a: string[], b: string[]) => [...new Set([...a, ...b.sort()])].sort()) as never,
      "determinism",
      "the merge changes b, which",
      [["a"], ["z", "b"], ["c"]],
    ],
    [
      "Math.max of a field that is missing",
      countMost as never,
      "totality",
      "merge(a, b) has NaN at .count",
      [{ items: [], count: 1 }, { items: [] }, { items: [] }],
    ],
    [
      "throwing",
      ((a: Cart) => a.items[0]!.length) as never,
      "totality",
      "merge(a, a) threw TypeError",
      [{ items: [] }, { items: [] }, { items: [] }],
    ],
    ["no return", (() => undefined) as never, "totality", "merge(a, a) returned undefined", [1, 2, 3]],
    ["async", (async (a: number) => a) as never, "totality", "merge(a, a) returned a promise", [1, 2, 3]],
    [
      "a Set",
      ((a: Cart, b: Cart) => ({ items: new Set([...a.items, ...b.items]) })) as never,
      "totality",
      "merge(a, a) made something else than a value: this value cannot be stored: .items is a Set",
      carts,
    ],
    ["a Map", (() => new Map([["a", 1]])) as never, "totality", "this value cannot be stored: it is a Map", carts],
    [
      "a throw at the third value only",
      ((a: string, b: string) => {
        if (a.length > 1) throw new RangeError("too long");
        return a === b ? a : [a, b].sort().join("");
      }) as never,
      "totality",
      "merge(merge(a, b), c) threw RangeError: too long",
      ["a", "b", "c"],
    ],
  ])("%s", (_, join, law, sentence, [a, b, c]) => {
    const breach = firstBreach<never>(join, a as never, b as never, c as never);
    expect(breach).toMatchObject({ law, sentence: expect.stringContaining(sentence) });
  });
});

function countMost(a: Cart, b: Cart): Cart {
  return { items: [], count: Math.max(a.count!, b.count!) };
}

test("a breach has the values and both sides, and no more values than it takes", () => {
  const sides = [
    { expression: "merge(a, b)", value: 1 },
    { expression: "merge(b, a)", value: 2 },
  ];
  const breach = breachOf("commutativity", new Trial<number>((a) => a), 1, 2, 3);
  expect(breach).toEqual({
    law: "commutativity",
    sentence: "it matters which value comes first",
    values: { a: 1, b: 2 },
    sides,
  });
});

test("a merge that fails breaks totality, and no other law over again", () => {
  const trial = new Trial<number>(() => {
    throw new Error("never");
  });
  expect(laws.filter((law) => breachOf(law, trial, 1, 2, 3) !== undefined)).toEqual(["totality"]);
});

test("a NaN that went in may come out", () => {
  expect(firstBreach<number>(Math.max, Number.NaN, 1, 2)).toBeUndefined();
});

test("what is equal can be chosen", () => {
  const trial = new Trial<number>((a) => a, { equal: () => true });
  expect(breachOf("commutativity", trial, 1, 2, 3)).toBeUndefined();
});
