// A failing seed is looked at: the smallest run that fails so. The shipped node has none, so a broken one is played.
import { expect, test } from "vitest";
import { look } from "../../../../node/io/cli/sim-look.ts";
import { Progress } from "../../../../node/io/cli/progress.ts";
import { runSeed, type SeedReport } from "../../../../sim/index.ts";
import { tampered } from "../../../sim/mutant.ts";

const createMachine = tampered((effects) =>
  effects.flatMap((effect) => (effect.kind === "persist" ? [{ ...effect, then: [] }, ...effect.then] : [effect])),
);

async function failing(): Promise<SeedReport> {
  for (let seed = 1; ; seed++) {
    const report = await runSeed(seed, { createMachine });
    if (report.kind !== "ok") return report;
  }
}

test("a failing seed is told as a test that was seen to fail", async () => {
  const failure = await failing();
  const lines: string[] = [];
  const say = (line: string): void => void lines.push(line);
  const shrunk = await look({ page: undefined, isShrinking: true, failure }, say, new Progress(), { createMachine });
  expect(shrunk).toMatchObject({ seed: failure.seed, isConfirmed: true });
  expect(shrunk!.decisions).toBeLessThanOrEqual(2);
  expect(lines[0]).toMatch(
    new RegExp(`^seed ${failure.seed} fails with ${shrunk!.decisions} of ${shrunk!.decisionsBefore} `),
  );
  expect(lines.join("\n")).toContain(`test("seed ${failure.seed}", async () => {`);
});

test("a failure that does not come back is said to be none that can be shrunk", async () => {
  const lines: string[] = [];
  const say = (line: string): void => void lines.push(line);
  const failure = await failing();
  expect(await look({ page: undefined, isShrinking: true, failure }, say, new Progress())).toBeUndefined();
  expect(lines).toEqual([
    `seed ${failure.seed} does not fail when its faults and calls alone are played again: it is not shrunk`,
  ]);
});
