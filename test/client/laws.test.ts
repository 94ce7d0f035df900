// `coterie/laws` (design §8): a merge is tried on samples and on values like them, and what breaks a law is shown as small as possible.
import { integer } from "fast-check";
import { describe, expect, it, test } from "vitest";
import { merge } from "../../client/resolver.ts";
import { assertResolver, checkResolver } from "../../client/laws.ts";
import { mergeByMaximum, mergeBySum } from "../examples/carts.ts";

interface Cart {
  readonly items: readonly string[];
  readonly changedAt: number;
}

const samples: readonly Cart[] = [
  { items: ["tea", "milk"], changedAt: 5 },
  { items: ["rice"], changedAt: 7 },
  { items: [], changedAt: 9 },
];

function unionOf(a: Cart, b: Cart): Cart {
  return {
    items: [...new Set([...a.items, ...b.items])].sort(),
    changedAt: Math.max(a.changedAt, b.changedAt),
  };
}

function first<T>(a: T, b: T): T {
  return b === undefined ? b : a;
}

function brokenBy<T>(join: (a: T, b: T) => T, some: readonly T[]): readonly string[] {
  return checkResolver(join, { samples: some, seed: 7, runs: 300 }).laws.flatMap(({ law, breach }) =>
    breach ? law : [],
  );
}

describe("merges that are right", () => {
  it("pass", () => {
    const report = checkResolver(unionOf, { samples, seed: 7 });
    expect(report).toMatchObject({ isLawful: true, seed: 7 });
    expect(report.laws.map(({ runs, breach }) => [runs, breach])).toEqual(report.laws.map(() => [1000, undefined]));
    expect(report.text).toBe(
      "all laws hold: totality, determinism, idempotence, commutativity, associativity (1000 trials each, seed 7)",
    );
    expect(brokenBy(mergeByMaximum, [{ tea: { c1: 1 } }, { tea: { c2: 2 }, milk: { c1: 1 } }])).toEqual([]);
  });

  it("are not blamed for values that only a generator would have", () => {
    interface Basket {
      readonly added: readonly string[];
      readonly removed: readonly string[];
    }
    const union = (a: readonly string[], b: readonly string[]): string[] => [...new Set([...a, ...b])].sort();
    // What is removed stays removed: an item on both lists is none that an application has, and merging tidies it up.
    const baskets = (a: Basket, b: Basket): Basket => {
      const removed = union(a.removed, b.removed);
      return { added: union(a.added, b.added).filter((item) => !removed.includes(item)), removed };
    };
    const some = [
      { added: ["a"], removed: ["b"] },
      { added: ["b"], removed: [] },
    ];
    expect(brokenBy(baskets, some)).toEqual([]);
  });

  it("may be given as resolvers, with their samples", () => {
    expect(checkResolver(merge(unionOf, { samples }), { runs: 10 }).isLawful).toBe(true);
  });

  it("may be tried on values of one's own", () => {
    expect(checkResolver(Math.max, { values: integer() }).isLawful).toBe(true);
    expect(checkResolver((a: number, b: number) => Math.abs(Math.max(a, b)), { values: integer() }).isLawful).toBe(
      false,
    );
  });
});

describe("what the samples alone would not have shown", () => {
  it.each<[string, (a: Cart, b: Cart) => Cart, string]>([
    ["the latest wins, and nobody a tie", (a, b) => (a.changedAt >= b.changedAt ? a : b), "commutativity"],
    [
      "the longer list",
      (a, b) => (a.items.length > b.items.length ? a : b.items.length > a.items.length ? b : unionOf(a, b)),
      "associativity",
    ],
  ])("is found: %s", (_, join, law) => {
    const alike = samples.map((sample) => ({ ...sample }));
    expect(brokenBy(join, alike)).toContain(law);
  });

  it("a line changed on both sides", () => {
    type Lines = readonly { readonly id: number; readonly count: number }[];
    const last = (a: Lines, b: Lines): Lines =>
      [...new Map([...a, ...b].map((line) => [line.id, line])).values()].sort((x, y) => x.id - y.id);
    expect(brokenBy(last, [[{ id: 1, count: 1 }], [{ id: 2, count: 1 }]])).toEqual(["idempotence", "commutativity"]);
  });
});

describe("what users do wrong", () => {
  it.each<[string, (a: Cart, b: Cart) => unknown, string, string]>([
    [
      "push",
      (a, b) => {
        (a.items as string[]).push(...b.items);
        return a;
      },
      "determinism",
      "the merge changes a.items[0], which does not belong to it",
    ],
    ["concatenation", (a, b) => ({ ...a, items: [...a.items, ...b.items] }), "idempotence", "items: ["],
    [
      "a sum",
      (a, b) => ({ ...unionOf(a, b), changedAt: a.changedAt + b.changedAt }),
      "idempotence",
      "is merged in again",
    ],
    [
      "the order of arrival",
      (a, b) => ({ ...unionOf(a, b), items: [...new Set([...a.items, ...b.items])] }),
      "commutativity",
      "Only the order differs: sort .items before returning it",
    ],
    ["the time", (a, b) => ({ ...unionOf(a, b), changedAt: Date.now() }), "determinism", "it asks Date.now()"],
    ["the moment", (a, b) => ({ ...unionOf(a, b), changedAt: new Date() }), "determinism", "it asks new Date()"],
    ["dice", (a, b) => (Math.random() < 0.5 ? a : b), "determinism", "it asks Math.random()"],
    ["a Set", (a, b) => ({ items: new Set([...a.items, ...b.items]) }), "totality", ".items is a Set"],
    ["a Map", (a, b) => new Map([["items", [a, b]]]), "totality", "it is a Map"],
    ["no return", (a, b) => void unionOf(a, b), "totality", "is a return missing?"],
    ["async", (a, b) => Promise.resolve(unionOf(a, b)), "totality", "returned a promise"],
    [
      "the first item of none",
      (a, b) => ({ ...unionOf(a, b), changedAt: a.items[0]!.length }),
      "totality",
      "threw TypeError",
    ],
  ])("%s", (_, join, law, words) => {
    const report = checkResolver(join as (a: Cart, b: Cart) => Cart, { samples, seed: 7, runs: 300 });
    expect(report.isLawful).toBe(false);
    expect(report.laws.find(({ breach }) => breach)!.law).toBe(law);
    expect(report.text).toContain(words);
  });

  it("Math.max of a field that some lack", () => {
    const join = (a: { count?: number }, b: { count?: number }) => ({ count: Math.max(a.count!, b.count!) });
    const { text } = checkResolver(join, { samples: [{ count: 1 }, {}], seed: 7 });
    expect(text).toContain("merge(a, a) has NaN at .count: a number is missing on one side, or was none");
  });

  it("a field forgotten, which shows on a sample as it is", () => {
    const join = (a: Cart, b: Cart): Cart => ({ items: unionOf(a, b).items }) as Cart;
    const { laws } = checkResolver(join, { samples, seed: 7 });
    expect(laws.find(({ breach }) => breach)!.breach).toMatchObject({
      law: "idempotence",
      sentence: "a value merged with itself does not stay what it is",
      values: { a: samples[0] },
    });
  });

  it("counting what both have in common", () => {
    expect(brokenBy(mergeBySum, [{ tea: 1 }, { tea: 2, milk: 1 }])).toContain("idempotence");
  });
});

test("a counterexample is as small as it gets", () => {
  const { laws } = checkResolver((a: Cart, b: Cart) => (a.changedAt >= b.changedAt ? a : b), { samples, seed: 7 });
  const { breach } = laws.find(({ law }) => law === "commutativity")!;
  const { a, b } = breach!.values as Record<string, Cart>;
  expect(a!.changedAt).toBe(b!.changedAt);
  expect(a!.items.length + b!.items.length).toBe(1);
});

test("the same seed finds the same", () => {
  const texts = [1, 1, 2].map((seed) => checkResolver(first<Cart>, { samples, seed }).text);
  expect(texts[0]).toBe(texts[1]);
  const { seed, text } = checkResolver(first<Cart>, { samples });
  expect(checkResolver(first<Cart>, { samples, seed }).text).toBe(text);
});

test("of a game of chance nothing more is asked", () => {
  const { laws, text } = checkResolver((a: number, b: number) => a + b + Math.random(), { samples: [1, 2], runs: 10 });
  expect(laws.map(({ runs }) => runs > 0)).toEqual([true, true, false, false, false]);
  expect(text).toContain("held: totality; not tried, because of that: idempotence, commutativity, associativity");
});

test("samples that nothing like them is drawn of are tried, too", () => {
  const join = (a: number, b: number): number => (a === 41 && b === 42 ? 0 : Math.max(a, b));
  const report = checkResolver(join, { values: integer({ max: 10 }), samples: [40, 41, 42] });
  expect(report.laws.find(({ law }) => law === "commutativity")!.breach).toMatchObject({ values: { a: 41, b: 42 } });
});

test("what is the same can be chosen", () => {
  const join = (a: Cart, b: Cart): Cart => ({ ...unionOf(a, b), items: [...new Set([...a.items, ...b.items])] });
  const sorted = ({ items }: Cart): string => items.toSorted().join();
  expect(checkResolver(join, { samples, equal: (a, b) => sorted(a) === sorted(b) }).isLawful).toBe(true);
});

test("progress is told up to the end", () => {
  const told: (readonly [number, number])[] = [];
  checkResolver(Math.max, { samples: [1], runs: 20, onProgress: (done, of) => void told.push([done, of]) });
  expect(told).toHaveLength(100);
  expect(told[0]).toEqual([1, 100]);
  expect(told.at(-1)).toEqual([100, 100]);
});

test("assertResolver fails a test with all of it, or does nothing", () => {
  expect(() => assertResolver(first<number>, { samples: [1, 2], seed: 7 })).toThrow(
    /^commutativity does not hold: it matters which value comes first\n[^]*\(seed 7\)$/,
  );
  expect(assertResolver(Math.max, { samples: [1, 2] })).toBeUndefined();
});

test.each<[string, () => unknown, string]>([
  ["no values", () => checkResolver(Math.max), "there is nothing to test the laws on"],
  ["no sample", () => checkResolver(Math.max, { samples: [] }), "there is nothing to test the laws on"],
  ["an object for samples", () => checkResolver(Math.max, { samples: {} as never }), "samples are an array of values"],
  [
    "a sample that is no value",
    () => checkResolver(first<unknown>, { samples: [1, new Set()] }),
    "samples[1]: this value cannot be stored: it is a Set",
  ],
  [
    "values that are none",
    () => checkResolver(first<unknown>, { values: integer().map(() => undefined) }),
    "values drew what is no value: undefined is no value",
  ],
  ["no runs", () => checkResolver(Math.max, { samples: [1], runs: 0 }), "runs is a whole number from 1, not 0"],
  ["half a seed", () => checkResolver(Math.max, { samples: [1], seed: 0.5 }), "seed is a whole number, not 0.5"],
  ["an option", () => checkResolver(Math.max, { sample: [1] } as object), "sample is no option of checkResolver"],
  ["no function", () => checkResolver(7 as never, { samples: [1] }), "a merge is a function of two values"],
  ["an async one", () => checkResolver(async () => 1, { samples: [1] as never }), "a merge cannot be async"],
  [
    "a function of all siblings",
    () => checkResolver((all: number) => all, { samples: [1] }),
    "a merge takes two values, (a, b) => …, and this function takes 1",
  ],
  [
    "a function of three",
    () => checkResolver(((a: number, b: number, c: number) => a + b + c) as never, { samples: [1] }),
    "this function takes 3",
  ],
])("refused: %s", (_, call, sentence) => {
  expect(call).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringContaining(sentence) }),
  );
});

test("a function of any number of values is one of two", () => {
  const all = (...values: readonly number[]): number => Math.max(...values);
  const defaulted = (a: number, b = 0): number => Math.max(a, b);
  for (const join of [all, defaulted]) expect(checkResolver(join, { samples: [1, 2], runs: 10 }).isLawful).toBe(true);
});
