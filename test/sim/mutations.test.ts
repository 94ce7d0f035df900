// Nodes that are broken on purpose, each in the way of a bug that such stores have had. Each must be caught by the invariant that is
// meant for it, within a stated number of seeds: a checker that catches nothing is worse than none.
import { describe, expect, test } from "vitest";
import { runSeed } from "../../sim/index.ts";
import { buries } from "./burying.ts";
import { firstCaught } from "./mutant.ts";
import { mutations } from "./mutations.ts";

test("there are many, and each has a name of its own", () => {
  expect(new Set(mutations.map(({ name }) => name)).size).toBe(mutations.length);
  expect(mutations.length).toBeGreaterThanOrEqual(12);
});

describe("a node that", () => {
  test.each(mutations)(
    "$name is caught within $seedsMax seeds",
    async ({ createMachine, invariants, seedsMax, adjust }) => {
      const caught = await firstCaught({ createMachine, adjust }, seedsMax);
      // One event may break several.
      const broken = caught?.violations.map(({ invariant }) => invariant) ?? [];
      expect(broken.filter((invariant) => invariants.includes(invariant))).not.toEqual([]);
    },
  );

  test("is not broken is not accused in the weather of any of them", async () => {
    for (const adjust of new Set(mutations.map((mutation) => mutation.adjust))) {
      const caught = await firstCaught({ adjust }, 3);
      expect(caught?.violations).toBeUndefined();
    }
  });
});

test("the shipped node collects tombstones in the weather of those mutations, and is not accused", async () => {
  let collected = 0;
  for (let seed = 1; seed <= 5; seed++) {
    const report = await runSeed(seed, { adjust: buries });
    expect(report.violations).toEqual([]);
    collected += report.coverage["tombstone collected"] ?? 0;
  }
  expect(collected).toBeGreaterThan(10);
});
