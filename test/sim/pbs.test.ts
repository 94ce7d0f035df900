/**
 * Claim (Bailis et al.: Probabilistically Bounded Staleness, 2012): from the laws of a request's four legs follows how probable it is
 * that a read is stale. Checked against published figures (scenarios.md §7), a closed form, and itself.
 */
import { describe, expect, test } from "vitest";
import { Random } from "../../src/random.ts";
import {
  exponential,
  legsNamed,
  mixture,
  noDelay,
  pareto,
  publishedLegs,
  sampled,
  type DelayLaw,
  type LegLaws,
} from "../../sim/delay-laws.ts";
import { anyOf, chainStaleness, equalReplicas, kStaleness, measuredKStaleness, Visibility } from "../../sim/pbs.ts";

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

  test("measured delays are drawn as often as they were measured, and no others", () => {
    const delaysMs = drawn(sampled(Float64Array.of(1, 1, 4)));
    expect([...new Set(delaysMs)]).toEqual([1, 4]);
    expect(mean(delaysMs)).toBeCloseTo(2, 1);
  });

  test("published legs are found by name, in any case", () => {
    expect(legsNamed("lnkd-Disk")).toBe(publishedLegs["LNKD-DISK"]);
    expect(() => legsNamed("constructor")).toThrow(
      "there is no profile constructor; those that there are: LNKD-SSD, LNKD-DISK, YMMR, EXP-5-1, EXP-50-10",
    );
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

describe("latency", () => {
  /** Of exponential delays alone: the sum of two with rates 1/5 and 1 is below t with 1 − (5e^(−t/5) − e^(−t))/4. */
  test("is that of the w-th acknowledgement and of the r-th answer", () => {
    const below = (tMs: number): number => 1 - (5 * Math.exp(-tMs / 5) - Math.exp(-tMs)) / 4;
    const belowOfOnes = (tMs: number): number => 1 - (1 + tMs) * Math.exp(-tMs);
    const slowest = predict(published, 3, 3);
    const fastest = predict(published, 1, 1);
    for (const share of [0.5, 0.9, 0.99]) {
      expect(below(slowest.writeMsAt(share)) ** 3).toBeCloseTo(share, 2);
      expect(1 - (1 - below(fastest.writeMsAt(share))) ** 3).toBeCloseTo(share, 2);
      expect(belowOfOnes(slowest.readMsAt(share)) ** 3).toBeCloseTo(share, 2);
      expect(1 - (1 - belowOfOnes(fastest.readMsAt(share))) ** 3).toBeCloseTo(share, 2);
    }
  });
});

describe("a read that asks fewer than all", () => {
  const alwaysLate: LegLaws = { w: () => 100, a: noDelay, r: noDelay, s: noDelay };
  const atOnce: LegLaws = { w: noDelay, a: noDelay, r: noDelay, s: noDelay };
  const replicas = [atOnce, alwaysLate, alwaysLate];
  const freshAt = (tMs: number, asks: readonly number[], r = 1): number =>
    new Visibility(new Random(1), { replicas, r, w: 1, asks: () => asks }, 100).freshAt(tMs);

  test("hears only those, and of them the first r", () => {
    expect([freshAt(0, [0]), freshAt(0, [1]), freshAt(100, [1])]).toEqual([1, 0, 1]);
    expect([freshAt(0, [1, 2], 2), freshAt(0, [2, 0], 2)]).toEqual([0, 1]);
  });

  test("any of them as often as the others", () => {
    const visibility = new Visibility(new Random(1), { replicas, r: 1, w: 1, asks: anyOf(3, 1) }, draws);
    expect(visibility.freshAt(0)).toBeCloseTo(1 / 3, 2);
    const pairs = new Visibility(new Random(1), { replicas, r: 2, w: 1, asks: anyOf(3, 2) }, draws);
    expect(pairs.freshAt(0)).toBeCloseTo(2 / 3, 2);
  });
});

describe("of a chain of writes", () => {
  const setting = { replicas: equalReplicas(3, published), r: 1, w: 1 };

  test("a read misses the latest as often as one after a single write", () => {
    const chain = { versions: 3, pause: noDelay, readAfter: () => 2 };
    const [one, two, three] = chainStaleness(new Random(1), setting, chain, draws);
    expect(one).toBeCloseTo(1 - visibility.freshAt(2), 2);
    expect(two).toBeLessThan(one!);
    expect(three).toBeLessThan(two!);
  });

  test("a read misses as many versions as are still on their way", () => {
    const writer: LegLaws = { w: noDelay, a: () => 1, r: () => 50, s: () => 50 };
    const reader: LegLaws = { w: () => 10, a: noDelay, r: noDelay, s: noDelay };
    const missedAfter = (pauseMs: number, readAfterMs: number): number[] =>
      chainStaleness(
        new Random(1),
        { replicas: [writer, reader], r: 1, w: 1 },
        { versions: 3, pause: () => pauseMs, readAfter: () => readAfterMs },
        10,
      );
    // Written at 0, 4 and 8, acknowledged 1 later, with the reader 10 later.
    expect(missedAfter(3, 0)).toEqual([1, 1, 1]);
    expect(missedAfter(3, 1)).toEqual([1, 1, 0]);
    expect(missedAfter(3, 5)).toEqual([1, 0, 0]);
    expect(missedAfter(3, 9)).toEqual([0, 0, 0]);
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
