// Claim: a curve's moments reach as far as the delays, and what lies between two of them belongs to one.
import { expect, test } from "vitest";
import { Moments, momentsFor } from "../../../bench/compare/staleness-moments.ts";
import { legsNamed } from "../../../sim/delay-laws.ts";
import { equalReplicas, Visibility } from "../../../sim/pbs.ts";
import { Random } from "../../../src/random.ts";

test("reads are sent around a moment, and stand for it if that is when they begin", () => {
  const moments = new Moments([0, 1, 4]);
  expect(moments.edgesMs).toEqual([
    [0, 0.5],
    [0.5, 2.5],
    [2.5, 5.5],
  ]);
  expect([0.49, 0.5, 2.49, 2.5].map((meanMs) => moments.isNear(1, meanMs))).toEqual([false, true, true, false]);
});

test.each(["LNKD-SSD", "LNKD-DISK", "YMMR", "EXP-5-1", "EXP-50-10"])("reach as far as %s", (name) => {
  const { atMs } = momentsFor(new Random(1), legsNamed(name));
  const visibility = new Visibility(new Random(2), { replicas: equalReplicas(3, legsNamed(name)), r: 1, w: 1 }, 20_000);
  expect(visibility.freshAt(atMs.at(-1)!)).toBeGreaterThan(0.985);
  expect(atMs[0]).toBe(0);
  expect(atMs.every((ms, at) => at === 0 || ms > atMs[at - 1]!)).toBe(true);
});

test("are ten times as far apart for delays that are ten times as long", () => {
  const [short, long] = ["EXP-5-1", "EXP-50-10"].map((name) => momentsFor(new Random(1), legsNamed(name)).atMs);
  expect(long).toEqual(short!.map((ms) => ms * 10));
});
