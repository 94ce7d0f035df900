// Claim: a curve's moments reach as far as the delays, and every read up to the last of them counts for exactly one.
import { expect, test } from "vitest";
import { Moments, momentsFor } from "../../../bench/compare/staleness-moments.ts";
import { legsNamed } from "../../../sim/delay-laws.ts";
import { equalReplicas, Visibility } from "../../../sim/pbs.ts";
import { Random } from "../../../src/random.ts";

test("a read counts for the nearest moment", () => {
  const moments = new Moments([0, 1, 4]);
  expect([0, 0.4, 0.5, 2.4, 2.5, 4, 5.4, 5.5].map((tMs) => moments.indexOf(tMs))).toEqual([0, 0, 1, 1, 2, 2, 2, -1]);
  expect(moments.edgesMs).toEqual([
    [0, 0.5],
    [0.5, 2.5],
    [2.5, 5.5],
  ]);
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
