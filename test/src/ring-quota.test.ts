import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fairShares, membersByZone, partitionQuotas } from "../../src/ring-quota.ts";
import type { Member } from "../../src/ring.ts";

/** Members from "weight@zone". */
function members(...texts: readonly string[]): readonly Member[] {
  return texts.map((text, index) => {
    const [weight, zone = ""] = text.split("@");
    return { id: `n${index}`, url: "ws://host:1", zone, weight: Number(weight) };
  });
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

describe("fairShares", () => {
  test("are proportional to the weights", () => {
    // design §5: weights go into the plan.
    expect(fairShares(members("1@z", "2@z", "3@z", "2@z"), 256, 2)).toEqual([32, 64, 96, 64]);
  });

  test("are equal while every node holds every partition", () => {
    // With S ≤ N a weight cannot change what a node holds.
    expect(fairShares(members("1@z", "9@z"), 256, 3)).toEqual([128, 128]);
  });

  test("give a giant no more than one replica of each partition, and the rest to the others by weight", () => {
    // A node can hold one replica of a partition at most: ⌊256/3⌋ = 85.
    expect(fairShares(members("90@z", "1@z", "1@z", "1@z"), 256, 3)).toEqual([85, 57, 57, 57]);
  });

  test("give a zone no more than one replica of each partition when there are N zones", () => {
    // design §5: lists name distinct zones first, so a big zone cannot use its weight.
    const shares = fairShares(members("1@a", "1@a", "1@a", "1@b", "1@c", "1@d"), 256, 3);
    expect(total(shares.slice(0, 3))).toBe(85);
    expect(shares[3]).toBe(57);
  });

  test("leave each of fewer than N zones one replica of each partition", () => {
    // Two zones, N = 3: the big one can hold two replicas of three.
    const shares = fairShares(members(...Array.from({ length: 9 }, () => "1@a"), "1@b"), 256, 3);
    expect(shares[9]).toBe(85);
  });
});

describe("partitionQuotas", () => {
  test("round up those that hold more already", () => {
    // design §5: movement near the minimum: rounding must not move a partition.
    const equal = members("1@z", "1@z", "1@z");
    expect(partitionQuotas(equal, 16, 2, [0, 0, 0])).toEqual([6, 5, 5]);
    expect(partitionQuotas(equal, 16, 2, [5, 5, 6])).toEqual([5, 5, 6]);
  });

  test("keep a zone's sum at the zone's share, not at that of its rounding errors", () => {
    // A zone of 8 nodes with 10.67 each must not take 8 × 11 from a zone of 9 nodes with 9.48 each.
    const texts = [9, 8, 8].flatMap((count, zone) => Array.from({ length: count }, () => `1@z${zone}`));
    const ring = members(...texts);
    const quotas = partitionQuotas(
      ring,
      256,
      3,
      texts.map(() => 0),
    );
    const zones = membersByZone(ring).map((zone) => total(zone.map((index) => quotas[index]!)));
    expect(zones).toEqual([86, 85, 85]);
  });

  test("add up to Q, each within one of its fair share", () => {
    // design §5: "ownership within one partition of the fair share", for any weights and zones.
    const aMember = fc
      .tuple(fc.integer({ min: 1, max: 9 }), fc.nat({ max: 4 }))
      .map(([weight, zone]) => `${weight}@${zone}`);
    const aRing = fc.array(aMember, { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(aRing, fc.integer({ min: 6, max: 10 }), fc.integer({ min: 1, max: 7 }), (texts, power, replicas) => {
        const ring = members(...texts);
        const shares = fairShares(ring, 2 ** power, replicas);
        const quotas = partitionQuotas(
          ring,
          2 ** power,
          replicas,
          texts.map(() => 0),
        );
        expect(total(quotas)).toBe(2 ** power);
        for (const [index, quota] of quotas.entries()) expect(Math.abs(quota - shares[index]!)).toBeLessThan(1 + 1e-6);
      }),
    );
  });
});
