// A run that fails is made smaller until it can be read, and what is left still fails: as a script, and as a story in a test.
import { expect, test } from "vitest";
import { failsAsScenario, runSeed, scenarioText, shrink, type SeedReport } from "../../sim/index.ts";
import type { CreateMachine } from "../../sim/world.ts";
import { overwritesSiblings } from "./storing-mutants.ts";

async function firstFailure(createMachine: CreateMachine): Promise<SeedReport> {
  for (let seed = 1; ; seed++) {
    const report = await runSeed(seed, { createMachine });
    if (report.kind !== "ok" && report.script.faults.length > 5) return report;
  }
}

test("what is left of a failing run is a handful of decisions, which fail in a test of their own", async () => {
  const createMachine = overwritesSiblings;
  const report = await firstFailure(createMachine);
  const told: number[] = [];
  const shrunk = await shrink(report, { createMachine, onRun: (_, decisions) => told.push(decisions) });
  expect(shrunk!.report.violations[0]?.invariant).toBe(report.violations[0]?.invariant);
  expect(shrunk!.decisionsBefore).toBeGreaterThan(20);
  expect(shrunk!.decisions).toBeLessThanOrEqual(10);
  expect(told).toHaveLength(shrunk!.runs);
  expect(told.at(-1)).toBe(shrunk!.decisions);

  expect(await failsAsScenario(shrunk!, createMachine)).toBe(true);
  expect(await failsAsScenario(shrunk!)).toBe(false);
  const lines = scenarioText(shrunk!).split("\n");
  expect(lines[0]).toBe(`import { test } from "vitest";`);
  expect(lines.filter((line) => /^ +s\.at\(\d+(\.\d+)?\)\.\w+\(/.test(line))).toHaveLength(shrunk!.decisions);
});

test("a script that does not fail again is not shrunk", async () => {
  const report = await firstFailure(overwritesSiblings);
  expect(await shrink(report)).toBeUndefined();
});

test("it stops after so many runs, with the smallest failing run that it has found", async () => {
  const createMachine = overwritesSiblings;
  const report = await firstFailure(createMachine);
  const shrunk = await shrink(report, { createMachine, runsMax: 40 });
  expect(shrunk!.runs).toBeLessThanOrEqual(40);
  expect(shrunk!.decisions).toBeLessThan(shrunk!.decisionsBefore);
  expect(shrunk!.report.kind).toBe(report.kind);
});
