/** `coterie sim`: plays the shipped node and client in the simulator, seed after seed, and says which of them fail. */
import { randomInt } from "node:crypto";
import { availableParallelism } from "node:os";
import type { Command } from "commander";
import type { SeedReport, SeedsOptions, SeedsReport } from "../../../sim/index.ts";
import { checkPagePath, parsePagePath } from "./page-path.ts";
import { Progress } from "./progress.ts";
import { wholeFrom } from "./request-flags.ts";
import { look } from "./sim-look.ts";
import { describeSeed, summarize } from "./sim-report.ts";
import type { SimWorkers } from "./sim-workers.ts";
import { stopSignal } from "./stop-signal.ts";

interface SimFlags {
  readonly seed?: number;
  readonly count?: number;
  /** True: print the run. A path: write a page that shows it. */
  readonly trace?: boolean | string;
  readonly shrink?: boolean;
  readonly workers?: number;
  readonly json?: boolean;
}

/** What is told of every seed, as JSON. */
type Run = Pick<SeedReport, "seed" | "kind" | "hash">;

const seedMax = 2 ** 31;
const countDefault = 100;
const workersMax = 1024;
/** A thousand seeds are fine, and there is something that none of them has been through. */
const unmetStatus = 5;
/** As a shell says it of a program that Ctrl-C has ended. */
const interruptedStatus = 130;

const help = `
A seed decides everything: cluster, workload, faults, the order of events. The
same seed of the same version gives the same run, so a failing one is replayed
with --seed. Without --seed the first seed is drawn, and printed before
anything else.

Several seeds are played at a time, in threads. What is printed, and in which
order, is the same for any number of them, but for the time it took. Ctrl-C
ends it early with what was found so far.

Exit codes: 0 fine; 1 correctness, a promise was broken; 2 liveness, the healed
cluster did not come to rest or serve; 3 crash; 4 the same seed gave two
different runs; 5 a thousand seeds or more were fine and something that they
ought to have been through never happened. Of several the first of this list.
130 after Ctrl-C, if nothing was found.

--shrink looks for the smallest failing run: it leaves out faults and calls,
plays the rest again, and keeps what still fails. It prints what is left as a
scenario that can be pasted into a test, and takes a few hundred runs.

Examples:
  coterie sim                       a hundred seeds nobody has tried
  coterie sim --seed 1 --count 1000
  coterie sim --seed 4711 --trace   one seed, line by line
  coterie sim --seed 4711 --trace run.html
                                    the same seed as a page for a browser:
                                    messages, faults, what every node holds
  coterie sim --seed 4711 --shrink --trace run.html
                                    the smallest run that fails as it does`;

export function addSim(program: Command): void {
  program
    .command("sim")
    .description("play the store in the deterministic simulator")
    .option("--seed <number>", "first seed (default: drawn)", wholeFrom(0, seedMax))
    .option("--count <number>", `how many seeds from there on (default: ${countDefault}, with --seed 1)`, wholeFrom(1))
    .option("--workers <number>", "threads to play seeds in (default: one per core)", wholeFrom(1, workersMax))
    .option(
      "--trace [file.html]",
      "print every event, a column per node; or write a page that shows the seed, of several the first that fails",
      parsePagePath,
    )
    .option("--shrink", "print the smallest run that fails as the seed does, of several as the first that fails")
    .option("--json", "print one JSON object at the end")
    .addHelpText("after", help)
    .action((flags: SimFlags) => sim(flags));
}

async function sim({ seed: given, count: asked, workers, trace = false, ...flags }: SimFlags): Promise<void> {
  const { shrink: isShrinking = false, json: isJson = false } = flags;
  const page = typeof trace === "string" ? trace : undefined;
  if (page !== undefined) checkPagePath(page);
  const seed = given ?? randomInt(seedMax);
  const count = asked ?? (given === undefined ? countDefault : 1);
  const progress = new Progress();
  const say = (line: string): void => {
    if (isJson) return;
    progress.clear();
    process.stdout.write(`${line}\n`);
  };
  const isInThreads = trace !== true && count > 1;
  const crew = isInThreads ? await hire(Math.min(workers ?? availableParallelism(), count)) : undefined;
  say(count === 1 ? `seed ${seed}` : `seeds ${seed} to ${seed + count - 1}`);
  const startMs = performance.now();
  const { report, runs } = await play({ seed, count, crew, trace: trace === true ? say : undefined }, say, progress);
  crew?.stop();
  progress.clear();
  const wallMs = performance.now() - startMs;
  const shown = { page, isShrinking, failure: report.failures[0], ...(count === 1 && { seed }) };
  const shrunk = await look(shown, say, progress);
  const { formatScript } = await import("../../../sim/index.ts");
  const failures = report.failures.map((failure) => ({ ...failure, script: formatScript(failure.script) }));
  if (isJson) process.stdout.write(`${JSON.stringify({ seed, count, wallMs, ...report, failures, shrunk, runs })}\n`);
  else summarize(report, wallMs, count).forEach(say);
  process.exitCode = await statusOf(report, count);
}

/** Plays seeds, and says of each that fails what was wrong. */
async function play(
  options: SeedsOptions,
  say: (line: string) => void,
  progress: Progress,
): Promise<{ readonly report: SeedsReport; readonly runs: readonly Run[] }> {
  const { runSeeds } = await import("../../../sim/index.ts");
  const { count } = options;
  const startMs = performance.now();
  const runs: Run[] = [];
  let failed = 0;
  const onSeed = (one: SeedReport): void => {
    const done = runs.push({ seed: one.seed, kind: one.kind, hash: one.hash });
    if (one.kind !== "ok") failed++;
    if (one.kind !== "ok" || count === 1) describeSeed(one).forEach(say);
    if (count > 1) progress.show({ done, count, failed, elapsedMs: performance.now() - startMs });
  };
  return { report: await runSeeds({ ...options, onSeed }), runs };
}

async function statusOf({ failures, seeds, unmet }: SeedsReport, count: number): Promise<number> {
  const { exitStatus, milestoneSeeds } = await import("../../../sim/index.ts");
  if (failures.length > 0) return Math.min(...failures.map(({ kind }) => exitStatus[kind]));
  if (seeds < count) return interruptedStatus;
  return count >= milestoneSeeds && unmet.length > 0 ? unmetStatus : 0;
}

/** Threads that play seeds until Ctrl-C. This one stays free to hear it. */
async function hire(threads: number): Promise<SimWorkers> {
  const { SimWorkers } = await import("./sim-workers.ts");
  const crew = new SimWorkers(threads);
  void stopSignal().then(() => crew.stop());
  return crew;
}
