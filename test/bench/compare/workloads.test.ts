// Each workload is a whole mix, and those of YCSB have its proportions.
import { expect, test } from "vitest";
import { bucketOf, keysOf, workloads } from "../../../bench/compare/workloads.ts";

test.each(Object.entries(workloads))("the chances of %s add up to 1", (_, { actions }) => {
  expect(actions.reduce((sum, { chance }) => sum + chance, 0)).toBeCloseTo(1);
});

test("A, B, C, D and F are those of YCSB", () => {
  const shares = (["A", "B", "C", "D", "F"] as const).map((name) =>
    workloads[name].actions.map(({ action, chance }) => `${chance} ${action}`).join(" "),
  );
  expect(shares).toEqual([
    "0.5 get 0.5 put",
    "0.95 get 0.05 put",
    "1 get",
    "0.95 get 0.05 insert",
    "0.5 get 0.5 read-modify-write",
  ]);
});

test("siblings and counters have few keys, and buckets of their own", () => {
  expect(keysOf(workloads.siblings, 1_000_000)).toBe(256);
  expect(keysOf(workloads.siblings, 8)).toBe(8);
  expect(keysOf(workloads.A, 1_000_000)).toBe(1_000_000);
  expect(bucketOf("A", "one")).toBe("one");
  expect(bucketOf("counter", "one")).toBe("one-counter");
});
