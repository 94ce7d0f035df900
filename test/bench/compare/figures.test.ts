// Rounds become one: medians of rates, all latencies together, sums of counts.
import { expect, test } from "vitest";
import type { Measured } from "../../../bench/compare/clients.ts";
import { medianOf, mergeFigures } from "../../../bench/compare/figures.ts";
import { Distribution } from "../../../bench/compare/histogram.ts";

function of(...values: readonly number[]): Distribution {
  const distribution = Distribution.empty();
  for (const value of values) distribution.add(value);
  return distribution;
}

function round(perSecond: number, readsUs: readonly number[], staleVersions: readonly number[]): Measured {
  const reads = of(...readsUs);
  const versions = of(...staleVersions);
  return {
    figures: {
      perSecond,
      reads: reads.latency(),
      writes: of().latency(),
      consistency: {
        reads: reads.count,
        stale: versions.count,
        staleShare: versions.count / reads.count,
        versionsBehind: versions.spread(1),
        msBehind: undefined,
        lostUpdates: 1,
        siblingsPerRead: perSecond / 100,
        siblingsMax: perSecond,
      },
      failed: 2,
      unknown: 3,
    },
    requests: reads.count,
    unsent: 0,
    readHistogram: reads.encode(),
    writeHistogram: of().encode(),
    versionsHistogram: versions.encode(),
    behindHistogram: of().encode(),
    timeline: [],
    cpuSeconds: 1,
  };
}

test("merges", () => {
  const merged = mergeFigures([round(100, [1000], []), round(900, [2000, 2000, 2000], [4]), round(200, [1000], [1])]);
  expect(merged).toMatchObject({ perSecond: 200, failed: 6, unknown: 9, writes: { count: 0 } });
  expect(merged.reads).toMatchObject({ count: 5, p50Ms: 2 });
  expect(merged.consistency).toEqual({
    reads: 5,
    stale: 2,
    staleShare: 0.4,
    versionsBehind: { p50: 1, p99: 4, max: 4 },
    msBehind: undefined,
    lostUpdates: 3,
    siblingsPerRead: (1 + 3 * 9 + 2) / 5,
    siblingsMax: 900,
  });
});

test("a median is in the middle", () => {
  expect(medianOf([3, 1, 2])).toBe(2);
  expect(medianOf([4, 1, 2, 3])).toBe(2.5);
});
