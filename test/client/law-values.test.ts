// Values drawn like the application's samples: of their shape, with little choice, so that they overlap as siblings do.
import { assert, property, sample } from "fast-check";
import { describe, expect, it, test } from "vitest";
import { valuesLike } from "../../client/law-values.ts";
import { encodeValue } from "../../src/value.ts";

function drawn<T>(...samples: readonly T[]): readonly T[] {
  return sample(valuesLike(samples), { numRuns: 500, seed: 1 }) as T[];
}

test("whatever can be stored has values like it, which can be stored", () => {
  const everything = {
    none: null,
    yes: true,
    count: 3,
    share: 0.5,
    big: 2n ** 60n,
    text: "tea",
    bytes: Uint8Array.of(1),
    at: new Date(5),
    items: [{ id: 1, tags: ["x"] }, 7, []],
    nested: { deep: { er: {} } },
  };
  assert(property(valuesLike([everything, [], 1, null]), (value) => void encodeValue(value)));
  for (const value of drawn(everything)) expect(Object.keys(value)).toEqual(Object.keys(everything));
});

describe("numbers", () => {
  it("are whole where all are, and not below zero where none is", () => {
    const numbers = drawn(7, 12);
    expect(numbers.every((number) => Number.isInteger(number) && number >= 0)).toBe(true);
    expect(numbers).toEqual(expect.arrayContaining([0, 1, 7, 12]));
  });

  it("are halves and below zero where some are", () => {
    const numbers = drawn(-7, 0.25);
    expect(numbers.some((number) => number < 0 && number > -7)).toBe(true);
    expect(numbers).toEqual(expect.arrayContaining([0.25, 0.5]));
  });
});

describe("arrays", () => {
  it("have the items of all samples in any order and number", () => {
    const arrays = drawn(["tea", "milk"], ["rice"]).map((items) => items.join());
    expect(arrays).toEqual(expect.arrayContaining(["", "tea", "milk,tea", "tea,milk"]));
    expect(arrays.some((items) => items.includes("rice") && items.includes("tea"))).toBe(true);
  });

  it("repeat items where a sample does, and nowhere else", () => {
    const repeats = (items: readonly string[]): boolean => new Set(items).size < items.length;
    expect(drawn(["tea", "milk"]).some(repeats)).toBe(false);
    expect(drawn(["tea", "tea"]).some(repeats)).toBe(true);
  });

  it("have no two items of one id where no sample has", () => {
    const lines = drawn([
      { id: 1, count: 2 },
      { id: 2, count: 2 },
    ]);
    expect(lines.every((items) => new Set(items.map(({ id }) => id)).size === items.length)).toBe(true);
    // Across values there are: siblings of one line that were changed side by side.
    const ofOne = new Set(lines.flat().flatMap(({ id, count }) => (id === 1 ? [count] : [])));
    expect(ofOne.size).toBeGreaterThan(1);
  });

  it("that are always empty stay so", () => {
    expect(new Set(drawn([]).map(({ length }) => length))).toEqual(new Set([0]));
  });
});

describe("fields", () => {
  it("that every sample has are there, and what some lack is not always", () => {
    const values = drawn<{ name: string; note?: string }>({ name: "x" }, { name: "y", note: "z" });
    expect(values.every(({ name }) => name !== undefined)).toBe(true);
    expect(new Set(values.map((value) => "note" in value))).toEqual(new Set([true, false]));
  });

  it("that are undefined are not there", () => {
    expect(drawn({ a: undefined, b: 1 }).some((value) => "b" in value && !("a" in value))).toBe(true);
  });

  it("of a dictionary may all be lacking", () => {
    const values = drawn({ tea: { count: 1 }, milk: { count: 2 } });
    expect(values.some((value) => Object.keys(value).join() === "milk")).toBe(true);
    expect(values.every((value) => Object.values(value).every(({ count }) => count >= 0))).toBe(true);
  });
});
