// Distributions keep three digits, survive being sent as text, and add up.
import { expect, test } from "vitest";
import { Distribution } from "../../../bench/compare/histogram.ts";

function of(...values: readonly number[]): Distribution {
  const distribution = Distribution.empty();
  for (const value of values) distribution.add(value);
  return distribution;
}

test("says latencies in milliseconds", () => {
  const hundred = Array.from({ length: 1000 }, (_, at) => (at + 1) * 100);
  const { count, p50Ms, p95Ms, p99Ms, p999Ms, maxMs } = of(...hundred).latency();
  expect(count).toBe(1000);
  for (const [told, exact] of [
    [p50Ms, 50],
    [p95Ms, 95],
    [p99Ms, 99],
    [p999Ms, 99.9],
    [maxMs, 100],
  ] as const)
    expect(Math.abs(told - exact) / exact).toBeLessThan(0.001);
});

test("of nothing there is no spread, and a latency of zeros", () => {
  expect(of().spread(1)).toBeUndefined();
  expect(of().latency()).toEqual({ count: 0, p50Ms: 0, p95Ms: 0, p99Ms: 0, p999Ms: 0, maxMs: 0 });
});

test("merged texts are as if all had been added to one", () => {
  const merged = Distribution.merge([of(1000, 2000).encode(), of().encode(), of(3000).encode()]);
  expect(merged.spread(1000)).toEqual(of(1000, 2000, 3000).spread(1000));
  expect(merged.count).toBe(3);
});

test("what is out of range counts as the last in range", () => {
  expect(of(-5, 1e12).count).toBe(2);
  expect(of(-5).latency().maxMs).toBe(0);
});
