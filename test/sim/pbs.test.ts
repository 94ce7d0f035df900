/**
 * Claim (Bailis et al.: Probabilistically Bounded Staleness, 2012): from the laws of a request's four legs follows how probable it is
 * that a read is stale. Checked against published figures (scenarios.md §7), a closed form, and itself.
 */
import { describe, expect, test } from "vitest";
import { Random } from "../../src/random.ts";
import {
  exponential,
  mixture,
  noDelay,
  pareto,
  publishedLegs,
  type DelayLaw,
  type LegLaws,
} from "../../sim/delay-laws.ts";
import { equalReplicas, kStaleness, measuredKStaleness, Visibility } from "../../sim/pbs.ts";

const draws = 100_000;
const published: LegLaws = { w: exponential(5), a: exponential(1), r: exponential(1), s: exponential(1) };

function predict(legs: LegLaws, r: number, w: number): Visibility {
  return new Visibility(new Random(1), { replicas: equalReplicas(3, legs), r, w }, draws);
}

const visibility = predict(published, 1, 1);

describe("delay laws", () => {
  function drawn(law: DelayLaw): number[] {
    const random = new Random(1);
    return Array.from({ length: draws }, () => law(random)).sort((a, b) => a - b);
  }
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

  test("an exponential law has its mean", () => {
    expect(mean(drawn(exponential(5)))).toBeCloseTo(5, 1);
  });

  test("a Pareto law has its least delay, its mean and its tail", () => {
    const delaysMs = drawn(pareto(3, 3.35));
    expect(delaysMs[0]).toBeGreaterThanOrEqual(3);
    expect(mean(delaysMs)).toBeCloseTo((3.35 * 3) / 2.35, 1);
    expect(delaysMs.filter((delayMs) => delayMs > 6).length / draws).toBeCloseTo(0.5 ** 3.35, 2);
  });

  test("a mixture takes its share of each", () => {
    expect(mean(drawn(mixture(0.9, noDelay, () => 10)))).toBeCloseTo(1, 1);
  });

  test("the published legs have the means that their fits have", () => {
    const meanOf = (share: number, leastMs: number, alpha: number, ratePerMs: number): number =>
      (share * alpha * leastMs) / (alpha - 1) + (1 - share) / ratePerMs;
    expect(mean(drawn(publishedLegs["LNKD-SSD"].r))).toBeCloseTo(meanOf(0.9122, 0.235, 10, 1.66), 2);
    expect(mean(drawn(publishedLegs["LNKD-DISK"].a))).toBeCloseTo(meanOf(0.9122, 0.235, 10, 1.66), 2);
    // Of so heavy a tail the mean converges slowly.
    expect(Math.abs(mean(drawn(publishedLegs["LNKD-DISK"].w)) / meanOf(0.38, 1.05, 1.51, 0.183) - 1)).toBeLessThan(
      0.05,
    );
    expect(Math.abs(mean(drawn(publishedLegs.YMMR.w)) / meanOf(0.939, 3, 3.35, 0.0028) - 1)).toBeLessThan(0.03);
    expect(Math.abs(mean(drawn(publishedLegs.YMMR.s)) / meanOf(0.982, 1.5, 3.8, 0.0217) - 1)).toBeLessThan(0.03);
  });
});

describe("t-visibility", () => {
  test("has the published figures: 0.486 at once, 0.930 after 10 ms, 99.9 % after 30.8 ms", () => {
    expect(visibility.freshAt(0)).toBeCloseTo(0.486, 2);
    expect(visibility.freshAt(10)).toBeCloseTo(0.93, 2);
    expect(Math.abs(visibility.tMsAt(0.999) / 30.8 - 1)).toBeLessThan(0.03);
  });

  /**
   * For t ≥ 0 the replica that is heard is stale with probability e^(−t/5) · E e^(−c/5) · E e^(−r/5): c is the faster of the other two
   * acknowledgements, r the question of the fastest of three pairs. Both means are integrals over products of exponentials.
   */
  test("has the closed form of exponential delays", () => {
    const commit = 1 - (25 / (3 / 5) - 10 / (7 / 5) + 1 / (11 / 5)) / 80;
    const moment = (rate: number): number => 1 / rate + 2 / rate ** 2 + 2 / rate ** 3;
    const stale = commit * 15 * (moment(3) - moment(3.2));
    for (const tMs of [0, 1, 5, 10, 20]) {
      const exact = stale * Math.exp(-tMs / 5);
      const sigma = Math.sqrt((exact * (1 - exact)) / draws);
      expect(Math.abs(1 - visibility.freshAt(tMs) - exact) / sigma).toBeLessThan(3);
    }
    expect(Math.abs(visibility.tMsAt(0.999) / (5 * Math.log(1000 * stale)) - 1)).toBeLessThan(0.03);
  });

  test("has the published figure of LinkedIn's disks: 43.9 % at once", () => {
    expect(predict(publishedLegs["LNKD-DISK"], 1, 1).freshAt(0)).toBeCloseTo(0.439, 2);
  });

  test("quorums that meet are always fresh", () => {
    for (const [r, w] of [
      [2, 2],
      [1, 3],
      [3, 1],
    ] as const) {
      const strict = predict(publishedLegs.YMMR, r, w);
      expect(strict.freshAt(0)).toBe(1);
      expect(strict.tMsAt(0.999)).toBe(0);
    }
  });

  test("more answers make it better", () => {
    expect(predict(published, 2, 1).freshAt(0)).toBeGreaterThan(visibility.freshAt(0));
    expect(predict(published, 1, 2).freshAt(0)).toBeGreaterThan(visibility.freshAt(0));
  });

  test("without delays nothing is ever stale, and its two questions are each other's inverse", () => {
    const none: LegLaws = { w: noDelay, a: noDelay, r: noDelay, s: noDelay };
    expect(predict(none, 1, 1).freshAt(0)).toBe(1);
    for (const probability of [0.6, 0.9, 0.99])
      expect(visibility.freshAt(visibility.tMsAt(probability))).toBeCloseTo(probability, 4);
  });
});

describe("k-staleness", () => {
  test("has its closed form", () => {
    expect(kStaleness({ n: 3, r: 1, w: 1 }, 1)).toBeCloseTo(2 / 3);
    expect(kStaleness({ n: 3, r: 1, w: 1 }, 3)).toBeCloseTo((2 / 3) ** 3);
    expect(kStaleness({ n: 3, r: 2, w: 1 }, 1)).toBeCloseTo(1 / 3);
    expect(kStaleness({ n: 5, r: 2, w: 2 }, 2)).toBeCloseTo((3 / 10) ** 2);
    expect(kStaleness({ n: 3, r: 2, w: 2 }, 1)).toBe(0);
  });

  test.each([
    [{ n: 3, r: 1, w: 1 }, 1],
    [{ n: 3, r: 1, w: 2 }, 2],
    [{ n: 3, r: 2, w: 1 }, 3],
    [{ n: 5, r: 2, w: 2 }, 2],
    [{ n: 3, r: 2, w: 2 }, 1],
  ])("is what is measured where quorums are drawn: %o, %i versions", (quorums, versions) => {
    const exact = kStaleness(quorums, versions);
    const sigma = Math.sqrt((exact * (1 - exact)) / draws);
    expect(Math.abs(measuredKStaleness(new Random(1), quorums, versions, draws) - exact)).toBeLessThanOrEqual(
      3 * sigma,
    );
  });
});
