// Claim: shares and values are each other's inverse, at the edges too: of figures like "99.9 % within 31 ms" every prediction is made.
import { array, assert, double, integer, property } from "fast-check";
import { expect, test } from "vitest";
import { Distribution } from "../../sim/distribution.ts";

const of = (...values: readonly number[]): Distribution => new Distribution(Float64Array.from(values));

test("the share up to a value counts it, and all below", () => {
  const distribution = of(3, 1, 2, 2);
  expect([0, 1, 1.5, 2, 3, 4].map((value) => distribution.shareUpTo(value))).toEqual([0, 0.25, 0.25, 0.75, 1, 1]);
});

test("the value of a share is the least up to which it lies", () => {
  const distribution = of(10, 30, 20, 40);
  expect([0, 0.25, 0.26, 0.5, 0.99, 1].map((share) => distribution.at(share))).toEqual([10, 10, 20, 20, 40, 40]);
});

test("a share that is a whole number of values is not rounded up by floating point", () => {
  const thousand = new Distribution(Float64Array.from({ length: 1000 }, (_, at) => at + 1));
  for (let count = 1; count <= 1000; count++) expect(thousand.at(count / 1000)).toBe(count);
});

test("they are inverse", () => {
  const values = array(integer({ min: -5, max: 5 }), { minLength: 1, maxLength: 20 });
  assert(
    property(values, double({ min: 0.001, max: 1, noNaN: true }), (given, share) => {
      const distribution = of(...given);
      const value = distribution.at(share);
      expect(distribution.shareUpTo(value)).toBeGreaterThanOrEqual(share - 1e-9);
      expect(distribution.shareUpTo(value - 1)).toBeLessThan(share);
    }),
  );
});
