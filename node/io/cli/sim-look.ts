/** A closer look at a run: the smallest one that fails as it does, and a page that shows it. */
import type { RunOptions, SeedReport, Shrunk } from "../../../sim/index.ts";
import type { Progress } from "./progress.ts";

export interface Look {
  /** The page to write. */
  readonly page: string | undefined;
  readonly isShrinking: boolean;
  /** Of several seeds the first that failed. */
  readonly failure: SeedReport | undefined;
  /** The one that was asked for, if only one was: it is shown even if it is fine. */
  readonly seed?: number;
}

/** What is printed as JSON. */
export interface ShrunkReport {
  readonly seed: number;
  readonly decisions: number;
  readonly decisionsBefore: number;
  readonly runs: number;
  /** The text of a test. */
  readonly scenario: string;
  /** Whether that test was seen to fail in the same way. */
  readonly isConfirmed: boolean;
}

/** @param options what else the run was played with */
export async function look(
  { page, isShrinking, failure, seed = failure?.seed }: Look,
  say: (line: string) => void,
  progress: Progress,
  options: RunOptions = {},
): Promise<ShrunkReport | undefined> {
  const shrunk = isShrinking ? await shrinkAloud(failure, say, progress, options) : undefined;
  if (page !== undefined && shrunk === undefined) await show(seed, page, "", say, options);
  if (page !== undefined && shrunk !== undefined) await show(seed, page, " --shrink", say, replayOf(shrunk, options));
  return shrunk === undefined ? undefined : tell(shrunk, say, options);
}

async function shrinkAloud(
  failure: SeedReport | undefined,
  say: (line: string) => void,
  progress: Progress,
  options: RunOptions,
): Promise<Shrunk | undefined> {
  if (failure === undefined) {
    say("no seed failed: there is nothing to shrink");
    return undefined;
  }
  const { shrink } = await import("../../../sim/index.ts");
  const onRun = (runs: number, decisions: number): void =>
    progress.line(`shrinking seed ${failure.seed}: ${decisions} faults and calls are left after ${runs} runs`);
  const shrunk = await shrink(failure, { ...options, onRun });
  progress.clear();
  if (shrunk === undefined)
    say(`seed ${failure.seed} does not fail when its faults and calls alone are played again: it is not shrunk`);
  return shrunk;
}

/** The same run once more. */
function replayOf({ report, profile }: Shrunk, options: RunOptions): RunOptions {
  return { ...options, adjust: () => profile, script: report.script };
}

async function tell(shrunk: Shrunk, say: (line: string) => void, options: RunOptions): Promise<ShrunkReport> {
  const { failsAsScenario, scenarioText } = await import("../../../sim/index.ts");
  const { report, decisions, decisionsBefore, runs } = shrunk;
  const scenario = scenarioText(shrunk);
  const isConfirmed = await failsAsScenario(shrunk, options.createMachine);
  say(`seed ${report.seed} fails with ${decisions} of ${decisionsBefore} faults and calls, found in ${runs} runs:`);
  say("");
  say(scenario);
  if (!isConfirmed) say("as a test it was not seen to fail: the moments of some things have changed");
  return { seed: report.seed, decisions, decisionsBefore, runs, scenario, isConfirmed };
}

/**
 * @param seed the one to look at; `undefined`: none of many has failed
 * @param flags what else makes the same page again
 */
async function show(
  seed: number | undefined,
  page: string,
  flags: string,
  say: (line: string) => void,
  options: RunOptions,
): Promise<void> {
  if (seed === undefined) return say(`no seed failed: there is nothing to show, and ${page} is not written`);
  const { Recording, runSeed } = await import("../../../sim/index.ts");
  const { writePage } = await import("./run-page.ts");
  const recording = new Recording();
  const report = await runSeed(seed, { ...options, recording });
  writePage(recording.recorded(report, `npx coterie sim --seed ${seed}${flags} --trace seed-${seed}.html`), page);
  say(`seed ${seed} is to be seen in ${page}`);
}
