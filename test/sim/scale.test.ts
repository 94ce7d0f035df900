/**
 * The issue: what a request costs between nodes, and what is said at rest, does not grow with the cluster; and who comes back gets what
 * it has missed, whatever the size. `npm run bench:scale` plays the same with up to 300 nodes.
 */
import { describe, expect, test } from "vitest";
import { measureScale, type ScaleReport } from "../../sim/scale.ts";

async function measure(nodes: number): Promise<ScaleReport> {
  return measureScale({ nodes, seed: 1, callsPerSecond: 10, keysPerNode: 20, valueBytes: 1000, awayMs: 15_000 });
}

describe("3 and 20 nodes", async () => {
  const [small, large] = [await measure(3), await measure(20)];

  test("a put is two messages and two answers; a get one of each, and a hedge now and then", () => {
    for (const { perPut, perGet } of [small, large]) {
      expect(perPut.messages).toBe(4);
      expect(perGet.messages).toBeGreaterThanOrEqual(2);
      expect(perGet.messages).toBeLessThan(2.5);
    }
    expect(large.perPut.bytes).toBeLessThan(1.1 * small.perPut.bytes);
    expect(large.perGet.bytes).toBeLessThan(1.1 * small.perGet.bytes);
  });

  test("at rest nodes ping once a second, and compare eight bytes per tree that two of them share", () => {
    for (const { gossip, antiEntropy, nodes, partitions } of [small, large]) {
      expect(gossip.messages).toBeCloseTo(2, 1);
      const treesPerNode = (3 * 2 * partitions) / nodes / 2;
      // Every ten seconds; in as many messages as there are pairs, at most.
      expect(antiEntropy.messages).toBeLessThanOrEqual((2 * treesPerNode) / 10);
      expect(antiEntropy.bytes).toBeGreaterThan((8 * treesPerNode) / 10);
    }
    expect(large.gossip.bytes).toBeCloseTo(small.gossip.bytes, 0);
  });

  test("whoever was away is mourned, welcomed and mended, at the cost of what it has missed", () => {
    for (const { deathMs, returnMs, hints, missedBytes, repairBytes, mendedMs } of [small, large]) {
      expect(deathMs).toBeLessThan(15_000);
      expect(returnMs).toBeLessThan(5000);
      expect(mendedMs).toBeLessThan(5000);
      expect(hints).toBeGreaterThan(0);
      expect(repairBytes).toBeGreaterThan(missedBytes);
      expect(repairBytes).toBeLessThan(4 * missedBytes);
    }
  });

  test("the same seed gives the same figures", async () => {
    expect(await measure(3)).toEqual(small);
  });
});
