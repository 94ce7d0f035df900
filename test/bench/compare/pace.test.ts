// bench/compare/pace.ts: the remaining time follows what the steps really take, and runs down while one is under way.
import { expect, test } from "vitest";
import { Pace } from "../../../bench/compare/pace.ts";

test("as long as nothing is known, the rest takes as long as expected", () => {
  const pace = new Pace(10_000, 500);
  pace.begin(4000, 500);
  expect(pace.leftMs(500)).toBe(10_000);
  expect(pace.leftMs(1500)).toBe(9000);
});

test("what took twice as long makes the rest longer, the more of it there was", () => {
  const pace = new Pace(100_000, 0);
  pace.begin(1000, 0);
  pace.begin(1000, 2000);
  const early = pace.leftMs(2000);
  expect(early).toBeGreaterThan(99_000);
  expect(early).toBeLessThan(2 * 99_000);
  for (let step = 2; step <= 50; step++) pace.begin(1000, step * 2000);
  expect(pace.leftMs(100_000) / 50_000).toBeGreaterThan(1.9);
});

test("a step that does not end leaves the others, and never less than nothing", () => {
  const pace = new Pace(3000, 0);
  pace.begin(1000, 0);
  expect(pace.leftMs(60_000)).toBe(2000);
  pace.begin(1000, 1000);
  pace.begin(5000, 2000);
  expect(pace.leftMs(100_000)).toBe(0);
});
