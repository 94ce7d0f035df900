/** `coterie sim`: plays the shipped node and client in the simulator, seed after seed, and says which of them fail. */
import { randomInt } from "node:crypto";
import type { Command } from "commander";
import type { ReportKind, SeedReport, SeedsReport } from "../../../sim/index.ts";
import { checkPagePath, parsePagePath } from "./page-path.ts";
import { wholeFrom } from "./request-flags.ts";

interface SimFlags {
  readonly seed?: number;
  readonly count?: number;
  /** True: print the run. A path: write a page that shows it. */
  readonly trace?: boolean | string;
  readonly json?: boolean;
}

const seedMax = 2 ** 31;
const countDefault = 100;

const help = `
A seed decides everything: cluster, workload, faults, the order of events. The
same seed of the same version gives the same run, so a failing one is replayed
with --seed. Without --seed the first seed is drawn, and printed before
anything else.

Exit codes: 0 fine; 1 correctness, a promise was broken; 2 liveness, the healed
cluster did not come to rest or serve; 3 crash; 4 the same seed gave two
different runs. Of several kinds the first of this list.

Examples:
  coterie sim                       a hundred seeds nobody has tried
  coterie sim --seed 1 --count 1000
  coterie sim --seed 4711 --trace   one seed, line by line
  coterie sim --seed 4711 --trace run.html
                                    the same seed as a page for a browser:
                                    messages, faults, what every node holds`;

export function addSim(program: Command): void {
  program
    .command("sim")
    .description("play the store in the deterministic simulator")
    .option("--seed <number>", "first seed (default: drawn)", wholeFrom(0, seedMax))
    .option("--count <number>", `how many seeds from there on (default: ${countDefault}, with --seed 1)`, wholeFrom(1))
    .option(
      "--trace [file.html]",
      "print every event, a column per node; or write a page to look at, of the seed or, of several, of the first that fails",
      parsePagePath,
    )
    .option("--json", "print one JSON object at the end")
    .addHelpText("after", help)
    .action((flags: SimFlags) => sim(flags));
}

async function sim({ seed: given, count: asked, trace = false, json = false }: SimFlags): Promise<void> {
  const { exitStatus, runSeeds } = await import("../../../sim/index.ts");
  const page = typeof trace === "string" ? trace : undefined;
  if (page !== undefined) checkPagePath(page);
  const seed = given ?? randomInt(seedMax);
  const count = asked ?? (given === undefined ? countDefault : 1);
  const say = json ? () => undefined : (line: string) => void process.stdout.write(`${line}\n`);
  say(count === 1 ? `seed ${seed}` : `seeds ${seed} to ${seed + count - 1}`);
  const startMs = performance.now();
  const runs: Pick<SeedReport, "seed" | "kind" | "hash">[] = [];
  const report = await runSeeds({
    seed,
    count,
    trace: trace === true ? say : undefined,
    onSeed: (one) => {
      const { seed, kind, hash } = one;
      showProgress(runs.push({ seed, kind, hash }), count);
      if (one.kind !== "ok" || count === 1) describeSeed(one).forEach(say);
    },
  });
  const wallMs = performance.now() - startMs;
  const shown = count === 1 ? seed : report.failures[0]?.seed;
  if (page !== undefined) await show(shown, page, say);
  if (json) process.stdout.write(`${JSON.stringify({ seed, count, wallMs, ...report, runs })}\n`);
  else summarize(report, wallMs).forEach(say);
  const codes = report.failures.map(({ kind }) => exitStatus[kind]);
  process.exitCode = codes.length === 0 ? exitStatus.ok : Math.min(...codes);
}

/** @param seed the one to look at; `undefined`: none of many has failed */
async function show(seed: number | undefined, page: string, say: (line: string) => void): Promise<void> {
  if (seed === undefined) return say(`no seed failed: there is nothing to show, and ${page} is not written`);
  const { writePage } = await import("./run-page.ts");
  await writePage(seed, page);
  say(`seed ${seed} is to be seen in ${page}`);
}

/** For whoever sits in front of it. */
function showProgress(done: number, count: number): void {
  if (process.stderr.isTTY && count > 1)
    process.stderr.write(done < count ? `\r${done} of ${count} seeds` : "\r\u001b[K");
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
    ...(kind === "ok" ? [] : [`  look at it with: npx coterie sim --seed ${seed} --trace seed-${seed}.html`]),
  ];
}

const sentences: Readonly<Record<ReportKind, string>> = {
  ok: "fine",
  correctness: "a promise was broken",
  liveness: "the healed cluster did not come to rest or serve",
  crash: "crashed",
  nondeterministic: "two runs of it differ",
};

function summarize({ seeds, simulatedMs, events, failures, coverage }: SeedsReport, wallMs: number): readonly string[] {
  const seconds = wallMs / 1000;
  const met = Object.entries(coverage).map(([what, times]) => `${what} ${times}`);
  return [
    `${seeds - failures.length} of ${seeds} seeds fine, ${failures.length} failed`,
    `${seconds.toFixed(1)} s: ${(seeds / seconds).toFixed(1)} seeds/s, ${Math.round(events / seconds)} events/s, ${Math.round(simulatedMs / wallMs)} simulated s per s`,
    ...(met.length > 0 ? [`met on the way: ${met.join(", ")}`] : []),
  ];
}
