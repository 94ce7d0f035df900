// When two values are the same as far as the store goes, and where they are not.
import { assert, jsonValue, property } from "fast-check";
import { describe, expect, it, test } from "vitest";
import { deviations, distinct, isKept, isSame, isSameInAnyOrder } from "../../client/same-value.ts";

test.each<[unknown, unknown, boolean]>([
  [{ a: 1, b: 2 }, { b: 2, a: 1 }, true],
  [{ a: 1, b: undefined }, { a: 1 }, true],
  [0, -0, true],
  [[0, [-0]], [-0, [0]], true],
  [Number.NaN, Number.NaN, true],
  [Uint8Array.of(1), Uint8Array.of(1), true],
  [new Date(1), new Date(1), true],
  [[1, 2], [2, 1], false],
  [1, 1n, false],
  [1, "1", false],
  [[], {}, false],
  [null, undefined, false],
  [Uint8Array.of(1), Uint8Array.of(2), false],
  [Uint8Array.of(1), [1], false],
  [new Date(1), new Date(2), false],
  [new Date(1), "1970-01-01T00:00:00.001Z", false],
  [{ a: 1 }, { b: 1 }, false],
  [{ a: [1, "]"] }, { a: ["1,", "]"] }, false],
])("%o and %o are the same: %s", (a, b, same) => {
  expect(isSame(a, b)).toBe(same);
  expect(isSame(b, a)).toBe(same);
  expect(deviations(a, b).length === 0).toBe(same);
});

test("a value is the same as itself in any order, and any two deviate exactly where they are not the same", () => {
  const value = jsonValue();
  assert(
    property(value, value, (a, b) => {
      expect(isSame(a, structuredClone(a))).toBe(true);
      expect(deviations(a, b).length === 0).toBe(isSame(a, b));
      if (isSame(a, b)) expect(isSameInAnyOrder(a, b)).toBe(true);
    }),
  );
});

describe("deviations", () => {
  it("are found as deep down as can be", () => {
    const left = { name: "x", items: [{ id: 1, tags: ["a", "b"] }, { id: 2 }], more: true };
    const right = { name: "y", items: [{ id: 1, tags: ["b", "a"] }, { id: 2, "on sale": 1 }, 3] };
    expect(deviations(left, right)).toEqual([
      { path: ".name", left: "x", right: "y", isOrderOnly: false },
      { path: ".items[0].tags", left: ["a", "b"], right: ["b", "a"], isOrderOnly: true },
      { path: '.items[1]["on sale"]', left: undefined, right: 1, isOrderOnly: false },
      { path: ".items[2]", left: undefined, right: 3, isOrderOnly: false },
      { path: ".more", left: true, right: undefined, isOrderOnly: false },
    ]);
  });

  it("of order alone are told as such where the order is", () => {
    expect(deviations([[1, 2], [3]], [[3], [2, 1]])).toMatchObject([{ path: "", isOrderOnly: true }]);
    expect(deviations([[1, 2], [3]], [[2, 1], [3]])).toMatchObject([{ path: "[0]", isOrderOnly: true }]);
  });

  it("look past no number of times", () => {
    expect(isSameInAnyOrder([1, 2, 2], [2, 1, 1])).toBe(false);
    expect(isSameInAnyOrder({ a: [{ b: [1, 2] }, 3] }, { a: [3, { b: [2, 1] }] })).toBe(true);
  });
});

test.each<[unknown, unknown, boolean]>([
  [{ items: ["b", "a", "b"] }, { items: ["a", "b"] }, true],
  [{ a: 1 }, { a: 1, count: 0 }, true],
  [{ a: { b: [] } }, { a: { b: [], c: 0 } }, true],
  [["a"], ["a", "a"], false],
  [["a"], ["a", "b"], false],
  [["a", "b"], ["a"], false],
  [{ a: 1, b: 2 }, { a: 1 }, false],
  [{ a: 1 }, { a: 2 }, false],
  ["a", ["a"], false],
])("of %o all is kept in %o: %s", (part, whole, kept) => {
  expect(isKept(part, whole)).toBe(kept);
});

test("of what is the same the first is kept", () => {
  expect(distinct([2, 1, 2, -0, 0, [1], [1]])).toEqual([2, 1, -0, [1]]);
});
