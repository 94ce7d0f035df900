/** A run as a story in the language of scenarios, ready to be pasted into a test. */
import { formatLiteral } from "../src/literal.ts";
import type { Profile } from "./profile.ts";
import { callsMade, formatScript } from "./script.ts";
import { scenario } from "./scenario.ts";
import { brisk, type Setting } from "./setting.ts";
import type { Shrunk } from "./shrink.ts";
import type { CreateMachine } from "./world.ts";

/** @returns the text of a test in TypeScript, with its imports */
export function scenarioText({ report, profile, decisions }: Shrunk): string {
  const [violation] = report.violations;
  const what = violation === undefined ? "crashes" : `${violation.invariant}, ${violation.sentence}`;
  return [
    `import { test } from "vitest";`,
    `import { scenario } from "coterie/sim";`,
    ``,
    `// Seed ${report.seed}, ${decisions} decisions: ${what}`,
    `test("seed ${report.seed}", async () => {`,
    `  await scenario(`,
    `    {`,
    ...Object.entries(settingOf(report.seed, profile)).map(
      ([name, value]) => `      ${name}: ${formatLiteral(value)},`,
    ),
    `    },`,
    `    async (s) => {`,
    ...formatScript(report.script).map((line) => `      ${line}`),
    `      await s.until(${profile.safetyMs});`,
    `    },`,
    `  );`,
    `});`,
    ``,
  ].join("\n");
}

/** Plays the story that the text tells. @returns whether it fails as the run did */
export async function failsAsScenario({ report, profile }: Shrunk, createMachine?: CreateMachine): Promise<boolean> {
  const { faults, calls } = report.script;
  const setting = { ...settingOf(report.seed, profile), createMachine };
  try {
    await scenario(setting, async (s) => {
      for (const { atMs, fault } of faults) s.at(atMs).inject(fault);
      for (const { atMs, client, call } of callsMade(calls)) s.at(atMs).call(client, call);
      await s.until(profile.safetyMs);
    });
    return false;
  } catch (error) {
    const [violation] = report.violations;
    return violation === undefined || (error as Error).message.startsWith(violation.invariant);
  }
}

/** The setting in which a story is what the run was. */
export function settingOf(seed: number, profile: Profile): Setting {
  const { shape, safetyMs, idleTickMs, network, disk, faults, work } = profile;
  const { nodes, n, partitions, options, tuning } = shape;
  const tuned = Object.entries(tuning).filter(([name, value]) => value !== brisk[name as keyof typeof brisk]);
  return {
    seed,
    isWarm: false,
    nodes,
    n,
    clients: work.clients,
    partitions,
    options,
    tuning: Object.fromEntries(tuned),
    network,
    disk,
    idleTickMs,
    safetyMs,
    leavesCore: faults.leavesCore,
    whims: faults.whims,
  };
}
