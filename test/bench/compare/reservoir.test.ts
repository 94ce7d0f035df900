// Claim (Vitter 1985): however many numbers come, each of them is in the sample with the same probability, and the sample is bounded.
import { expect, test } from "vitest";
import { Reservoir } from "../../../bench/compare/reservoir.ts";
import { Random } from "../../../src/random.ts";

test("few numbers are all there", () => {
  const reservoir = new Reservoir(new Random(1), 3);
  for (const value of [5, 6, 7]) reservoir.add(value);
  expect(reservoir.values).toEqual([5, 6, 7]);
});

test("of many there is a fair sample", () => {
  const random = new Random(1);
  const counts = Array.from({ length: 20 }, () => 0);
  const rounds = 20_000;
  for (let round = 0; round < rounds; round++) {
    const reservoir = new Reservoir(random, 5);
    for (let value = 0; value < counts.length; value++) reservoir.add(value);
    expect(new Set(reservoir.values).size).toBe(5);
    for (const value of reservoir.values) counts[value]!++;
  }
  const sigma = Math.sqrt(rounds * 0.25 * 0.75);
  for (const count of counts) expect(Math.abs(count - rounds / 4) / sigma).toBeLessThan(4);
});
