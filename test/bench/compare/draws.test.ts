// Keys are drawn as YCSB draws them: with the chances of Zipf's law, spread over all keys or from the latest on, and uniformly.
import { describe, expect, test } from "vitest";
import { drawRank, Latest, ScrambledZipfian, Uniform, zetaOf, type KeyDraw } from "../../../bench/compare/draws.ts";
import { Random } from "../../../src/random.ts";

const draws = 100_000;

function count(keys: KeyDraw, of: number): number[] {
  const counts = Array.from({ length: of }, () => 0);
  for (let draw = 0; draw < draws; draw++) counts[keys.next()]!++;
  return counts;
}

describe("ranks", () => {
  test("come with the chances of Zipf's law: exactly for the first two, near it for the others", () => {
    const zeta = zetaOf(0, 1000);
    const random = new Random(1);
    const counts = count({ next: () => drawRank(random.fraction(), 1000, zeta) }, 1000);
    for (const rank of [0, 1]) expect(counts[rank]! / draws).toBeCloseTo((rank + 1) ** -0.99 / zeta, 2);
    const firstHundred = counts.slice(0, 100).reduce((sum, one) => sum + one, 0) / draws;
    expect(firstHundred).toBeCloseTo(zetaOf(0, 100) / zeta, 1);
  });

  test.each([1, 2, 3])("stay below %i, whatever is drawn", (items) => {
    const ranks = [0, 0.3, 0.6, 0.9, 1 - 2 ** -32].map((fraction) => drawRank(fraction, items, zetaOf(0, items)));
    for (const rank of ranks) expect(rank >= 0 && rank < items).toBe(true);
  });

  test("the sum of the weights can be continued", () => {
    expect(zetaOf(0, 10) + zetaOf(10, 50)).toBeCloseTo(zetaOf(0, 50), 12);
    expect(zetaOf(0, 1)).toBe(1);
  });
});

test("scrambled: the most popular keys have their shares and lie anywhere", () => {
  const counts = count(new ScrambledZipfian(new Random(1), 1000), 1000);
  const popular = [...counts.keys()].sort((a, b) => counts[b]! - counts[a]!).slice(0, 2);
  expect(counts[popular[0]!]! / draws).toBeCloseTo(1 / 26.469, 2);
  expect(counts[popular[1]!]! / draws).toBeCloseTo(0.5 ** 0.99 / 26.469, 2);
  expect(Math.abs(popular[0]! - popular[1]!)).toBeGreaterThan(1);
  expect(counts.filter((one) => one === 0)).toEqual([]); // none is left out
});

test("latest: the newest key is the most popular one, also when keys are added", () => {
  let keys = 100;
  const latest = new Latest(new Random(1), () => keys);
  const before = count(latest, 100);
  expect(before.indexOf(Math.max(...before))).toBe(99);
  keys = 150;
  const after = count(latest, 150);
  expect(after.indexOf(Math.max(...after))).toBe(149);
  expect(after[149]! / draws).toBeCloseTo(1 / zetaOf(0, 150), 2);
});

test("uniform: every key as often as any other", () => {
  const counts = count(new Uniform(new Random(1), 10), 10);
  for (const one of counts) expect(one / draws).toBeCloseTo(0.1, 2);
});
