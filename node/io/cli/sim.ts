/** `coterie sim`: plays the shipped node and client in the simulator, seed after seed, and says which of them fail. */
import { randomInt } from "node:crypto";
import { availableParallelism } from "node:os";
import type { Command } from "commander";
import type { ReportKind, SeedReport, SeedsReport } from "../../../sim/index.ts";
import { Progress } from "./progress.ts";
import { wholeFrom } from "./request-flags.ts";
import type { SimWorkers } from "./sim-workers.ts";
import { stopSignal } from "./stop-signal.ts";

interface SimFlags {
  readonly seed?: number;
  readonly count?: number;
  readonly workers?: number;
  readonly trace?: boolean;
  readonly json?: boolean;
}

const seedMax = 2 ** 31;
const countDefault = 100;
const workersMax = 1024;
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
different runs. Of several kinds the first of this list. 130 after Ctrl-C, if
nothing was found.

Examples:
  coterie sim                       a hundred seeds nobody has tried
  coterie sim --seed 1 --count 1000
  coterie sim --seed 4711 --trace   one seed, line by line`;

export function addSim(program: Command): void {
  program
    .command("sim")
    .description("play the store in the deterministic simulator")
    .option("--seed <number>", "first seed (default: drawn)", wholeFrom(0, seedMax))
    .option("--count <number>", `how many seeds from there on (default: ${countDefault}, with --seed 1)`, wholeFrom(1))
    .option("--workers <number>", "threads to play seeds in (default: one per core)", wholeFrom(1, workersMax))
    .option("--trace", "print every event, a column per node")
    .option("--json", "print one JSON object at the end")
    .addHelpText("after", help)
    .action((flags: SimFlags) => sim(flags));
}

async function sim({ seed: given, count: asked, workers, trace = false, json = false }: SimFlags): Promise<void> {
  const { exitStatus, runSeeds } = await import("../../../sim/index.ts");
  const seed = given ?? randomInt(seedMax);
  const count = asked ?? (given === undefined ? countDefault : 1);
  const progress = new Progress();
  const say = (line: string): void => {
    if (json) return;
    progress.clear();
    process.stdout.write(`${line}\n`);
  };
  const crew = trace || count === 1 ? undefined : await hire(Math.min(workers ?? availableParallelism(), count));
  say(count === 1 ? `seed ${seed}` : `seeds ${seed} to ${seed + count - 1}`);
  const startMs = performance.now();
  const runs: Pick<SeedReport, "seed" | "kind" | "hash">[] = [];
  let failed = 0;
  const report = await runSeeds({
    seed,
    count,
    crew,
    trace: trace ? say : undefined,
    onSeed: (one) => {
      const { seed, kind, hash } = one;
      const done = runs.push({ seed, kind, hash });
      if (kind !== "ok") failed++;
      if (kind !== "ok" || count === 1) describeSeed(one).forEach(say);
      if (count > 1) progress.show({ done, count, failed, elapsedMs: performance.now() - startMs });
    },
  });
  crew?.stop();
  progress.clear();
  const wallMs = performance.now() - startMs;
  if (json) process.stdout.write(`${JSON.stringify({ seed, count, wallMs, ...report, runs })}\n`);
  else summarize(report, wallMs, count).forEach(say);
  const codes = report.failures.map(({ kind }) => exitStatus[kind]);
  if (codes.length > 0) process.exitCode = Math.min(...codes);
  else if (report.seeds < count) process.exitCode = interruptedStatus;
}

/** Threads that play seeds until Ctrl-C. This one stays free to hear it. */
async function hire(threads: number): Promise<SimWorkers> {
  const { SimWorkers } = await import("./sim-workers.ts");
  const crew = new SimWorkers(threads);
  void stopSignal().then(() => crew.stop());
  return crew;
}

function describeSeed({
  seed,
  kind,
  profile,
  hash,
  violations,
  error,
  operations,
  events,
  simulatedMs,
}: SeedReport): readonly string[] {
  const { ok, none, unknown } = operations;
  return [
    `seed ${seed}: ${sentences[kind]}`,
    `  ${profile}`,
    ...violations.map(({ invariant, sentence, atMs }) => `  ${invariant} at ${atMs.toFixed(3)} ms: ${sentence}`),
    ...(error === undefined ? [] : error.split("\n").map((line) => `  ${line}`)),
    `  ${ok} operations done, ${none} refused, ${unknown} unknown; ${events} events in ${Math.round(simulatedMs)} simulated ms; hash ${hash}`,
    ...(kind === "ok" ? [] : [`  replay it with: npx coterie sim --seed ${seed} --trace`]),
  ];
}

const sentences: Readonly<Record<ReportKind, string>> = {
  ok: "fine",
  correctness: "a promise was broken",
  liveness: "the healed cluster did not come to rest or serve",
  crash: "crashed",
  nondeterministic: "two runs of it differ",
};

function summarize(
  { seeds, simulatedMs, events, failures, coverage }: SeedsReport,
  wallMs: number,
  count: number,
): readonly string[] {
  const seconds = wallMs / 1000;
  const met = Object.entries(coverage).map(([what, times]) => `${what} ${times}`);
  return [
    ...(seeds < count ? [`stopped: ${count - seeds} of ${count} seeds were not played`] : []),
    `${seeds - failures.length} of ${seeds} seeds fine, ${failures.length} failed`,
    `${seconds.toFixed(1)} s: ${(seeds / seconds).toFixed(1)} seeds/s, ${Math.round(events / seconds)} events/s, ${Math.round(simulatedMs / wallMs)} simulated s per s`,
    ...(met.length > 0 ? [`met on the way: ${met.join(", ")}`] : []),
  ];
}
