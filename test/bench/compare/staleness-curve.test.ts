/**
 * Claim: where reads are as stale as WARS says, the curves meet; where they are not, the error says by how much. The reads are drawn here,
 * replica by replica, without the predictor.
 */
import { describe, expect, test } from "vitest";
import { defaultSetting, type Setting } from "../../../bench/compare/setting.ts";
import { curveOf, quorumsOf, type Measured, type ObservedRead } from "../../../bench/compare/staleness-curve.ts";
import { Moments } from "../../../bench/compare/staleness-moments.ts";
import { exponential, noDelay, type LegLaws } from "../../../sim/delay-laws.ts";
import { Random } from "../../../src/random.ts";

const remote: LegLaws = { w: exponential(5), a: exponential(1), r: exponential(1), s: exponential(1) };
const ownAck = exponential(0.5);
const moments = new Moments([0, 1, 2, 5, 10, 20]);
const count = 40_000;
const single: Setting = { ...defaultSetting, r: 1, w: 1, dw: 1, readRepair: "off" };

/** Three replicas of which the first writes. A reader hears itself, and with r 2 the first of the others that it asks. */
function play(random: Random, r: 1 | 2, asks: (reader: number) => readonly number[], slowdown = 1): ObservedRead[] {
  return Array.from({ length: count }, (_, at) => {
    const visibleMs = [0, remote.w(random) * slowdown, remote.w(random) * slowdown];
    const commitMs = Math.min(ownAck(random), ...visibleMs.slice(1).map((ms) => ms + remote.a(random)));
    const [reader, tMs] = [at % 3, random.fraction() * 24.9];
    const asked = asks(reader);
    const questions = asked.slice(1).map((place) => {
      const readMs = remote.r(random);
      return { place, readMs, answeredMs: readMs + remote.s(random) };
    });
    const heard = [{ place: reader, readMs: 0, answeredMs: 0 }, ...questions].sort(
      (a, b) => a.answeredMs - b.answeredMs,
    );
    const isFresh = heard.slice(0, r).some(({ place, readMs }) => visibleMs[place]! <= commitMs + tMs + readMs);
    return { reader, tMs, behind: isFresh ? 0 : 1, moment: momentOf(tMs), asked };
  });
}

function momentOf(tMs: number): number {
  return moments.edgesMs.findIndex(([, untilMs]) => tMs < untilMs);
}

function measuredOf(setting: Setting, reads: readonly ObservedRead[]): Measured {
  return { setting, moments, reads, versions: 3, pausesMs: [], remote, ownAck };
}

describe("the error is small where the reads are as predicted", () => {
  test.each([
    ["r 1", { ...single }, 1, (reader: number) => [reader]],
    [
      "r 2 of all",
      { ...single, r: 2, fanout: "all" },
      2,
      (reader: number) => [reader, (reader + 1) % 3, (reader + 2) % 3],
    ],
    ["r 2 of two that never ask the writer", { ...single, r: 2 }, 2, (reader: number) => [reader, [1, 2, 1][reader]!]],
  ] as const)("%s", (_, setting, r, asks) => {
    const curve = curveOf(new Random(2), measuredOf(setting, play(new Random(1), r, asks)));
    expect(curve.atMs).toEqual(moments.atMs);
    expect(curve.measured[0]).toBeLessThan(0.95);
    expect(curve.rmsError).toBeLessThan(0.01);
  });
});

test("visible is when one stale read in a thousand is left", () => {
  const curve = curveOf(
    new Random(2),
    measuredOf(
      single,
      play(new Random(1), 1, (reader) => [reader]),
    ),
  );
  const exactMs = 5 * Math.log(1000 * (1 - curve.predicted[3]!)) + 5;
  expect(Math.abs(curve.visibleAfterMs.predicted / exactMs - 1)).toBeLessThan(0.05);
});

test("and is not where they are not", () => {
  const slow = curveOf(
    new Random(2),
    measuredOf(
      single,
      play(new Random(1), 1, (reader) => [reader], 1.5),
    ),
  );
  expect(slow.rmsError).toBeGreaterThan(0.03);
  const asksAll = (reader: number): number[] => [reader, (reader + 1) % 3, (reader + 2) % 3];
  const reads = play(new Random(1), 2, asksAll);
  expect(curveOf(new Random(2), measuredOf({ ...single, r: 1 }, reads)).rmsError).toBeGreaterThan(0.03);
});

test("a moment with few reads has no measured value; without any there is no error", () => {
  const reads = play(new Random(1), 1, (reader) => [reader]).filter(({ tMs }) => tMs > 3.5);
  const { measured, predicted, rmsError } = curveOf(new Random(2), measuredOf(single, reads));
  expect(measured.map((share) => share === undefined)).toEqual([true, true, true, false, false, false]);
  expect(predicted.every((share) => share > 0 && share <= 1)).toBe(true);
  expect(rmsError).toBeLessThan(0.01);
  const nothing = curveOf(new Random(2), measuredOf(single, []));
  expect([nothing.rmsError, nothing.kStaleness, nothing.visibleAfterMs.measured]).toEqual([undefined, [], undefined]);
});

test("what began when nobody wanted it to is no measurement of that moment", () => {
  const reads = play(new Random(1), 1, (reader) => [reader]);
  const late = reads.map((read) => (read.moment === 1 ? { ...read, tMs: read.tMs + 3 } : read));
  const { measured } = curveOf(new Random(2), measuredOf(single, late));
  expect(measured.map((share) => share === undefined)).toEqual([false, true, false, false, false, false]);
});

test("visible is what stays so", () => {
  const at = (tMs: number, behind: number): ObservedRead[] =>
    Array.from({ length: 300 }, () => ({ reader: 1, tMs, behind, moment: momentOf(tMs), asked: [1] }));
  const visible = (...reads: readonly ObservedRead[][]): number | undefined =>
    curveOf(new Random(2), measuredOf(single, reads.flat())).visibleAfterMs.measured;
  expect(visible(at(0, 1), at(1, 0), at(2, 1), at(5, 0), at(20, 0))).toBe(5);
  expect(visible(at(0, 0), at(20, 0))).toBe(0);
  expect(visible(at(0, 0), at(20, 1))).toBeUndefined();
});

test("how many versions are missed is counted on the first reads, and predicted for the pauses as they were", () => {
  const first = (behind: number, length: number): ObservedRead[] =>
    Array.from({ length }, (_, at) => ({ reader: at % 3, tMs: 0.4, behind, moment: 0, asked: [at % 3] }));
  const reads = [...first(0, 300), ...first(1, 150), ...first(2, 50)];
  const { kStaleness } = curveOf(new Random(2), { ...measuredOf(single, reads), pausesMs: [1] });
  expect(kStaleness.map(({ k, measured }) => [k, measured])).toEqual([
    [1, 0.4],
    [2, 0.1],
    [3, 0],
  ]);
  const [one, two, three] = kStaleness.map(({ predicted }) => predicted);
  expect(one).toBeGreaterThan(two!);
  expect(two).toBeGreaterThan(three!);
});

test("whoever coordinates has no way to itself", () => {
  const random = new Random(1);
  const { replicas } = quorumsOf(measuredOf(single, []), 1);
  expect(replicas.map(({ w }) => w(random) === 0)).toEqual([true, false, false]);
  expect(replicas.map(({ r, s }) => r === noDelay && s === noDelay)).toEqual([false, true, false]);
  expect(replicas.map(({ a }) => a === ownAck)).toEqual([true, false, false]);
});
