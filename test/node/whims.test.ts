// The protocol allows each of these choices: nodes that make them all the time keep every promise.
import { expect, test } from "vitest";
import { whims } from "../../node/whims.ts";
import { runSeeds } from "../../sim/index.ts";

test("nodes that follow every whim keep every promise, and each whim is followed", async () => {
  const report = await runSeeds({
    seed: 1,
    count: 12,
    repeatEvery: 0,
    adjust: (profile) => ({ ...profile, faults: { ...profile.faults, whims } }),
  });
  expect(report.failures.map(({ seed, violations, error }) => ({ seed, violations, error }))).toEqual([]);
  expect(whims.filter((whim) => (report.coverage[whim] ?? 0) === 0)).toEqual([]);
});
