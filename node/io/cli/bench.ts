/** `coterie bench`: which n, r and w to choose for a load, measured side by side on a real cluster. */
import { writeFileSync } from "node:fs";
import { Option, type Command } from "commander";
import type { BenchRun } from "../../../bench/compare/bench-run.ts";
import type { Results } from "../../../bench/compare/results.ts";
import { unavailable } from "../../../src/errors.ts";
import {
  nodesMax,
  parseCounts,
  parseGrid,
  parseReportPath,
  parseSettings,
  parseShare,
  parseTime,
  parseWorkloads,
  questionOf,
  settingsDefault,
  workloadNames,
  type BenchFlags,
} from "./bench-flags.ts";
import { exitCodes } from "./failure.ts";
import { checkPagePath } from "./page-path.ts";
import { Progress } from "./progress.ts";
import { parseUrls, wholeFrom } from "./request-flags.ts";
import { stopSignal } from "./stop-signal.ts";
import { showDuration } from "./units.ts";
import { version } from "./version.ts";

/** As a shell says it of a program that Ctrl-C has ended. */
const interruptedStatus = 130;
const inFlightMax = 100_000;
const perSecondMax = 10_000_000;
const recordsMax = 100_000_000;
/** The store's limit is on a value as it is encoded: behind a head of five bytes. */
const valueBytesMax = 1024 * 1024 - 5;
const clientsMax = 255;
/** A third of them are read at each moment, and fewer than 200 reads say nothing: all would be dashes. */
const stalenessWritesMin = 600;
const stalenessWritesMax = 1_000_000;
const hourMs = 3_600_000;
const minuteMs = 60_000;
const seedMax = 2 ** 31;
const progressEveryMs = 250;

const help = `
Starts nodes and clients as processes of their own on this machine, in a
temporary directory, and drives them with the same load under one setting after
the other, several times in turns. Without flags it takes about a minute and a
half: four settings, two workloads, first as fast as they can, then all at half
the rate of the slowest. On two cores nodes and clients share the processor:
compare the lines of one table with each other, not with other machines.

A setting has the words of the table, in any order; what it leaves out is as in
the store: n3 (copies), r2 and w2 (answers that a read and a write need), dw2
(of these on disk; default: w), strict (no node stands in for one that is down),
all-replicas (a read asks all n at once), repair=off or repair=blocking, lww
(the latest of concurrent writes holds, and the others are lost).

Workloads: A half reads, half updates; B 95 % reads; C reads alone; D reads what
was inserted last; F half read-modify-writes (these of YCSB); put; get; siblings
(writers that do not read first); counter.

What is told of each: requests per second; latencies, in an open loop counted
from when a request should have started; the share of reads that missed a write
acknowledged before they began; updates that were lost; siblings; what a request
costs in messages, bytes and processor time. The floor is the least that such a
store can cost on this machine: no versions, no repair, no recovery.

With --max-stale or --p99 it says which setting is the cheapest that keeps them
in every workload, for reads and for writes; in open loops, where there are any.
Without a unit, --duration is in seconds, other times are in milliseconds, and
--max-stale is from 0 to 1: 0.001 is 0.1%.

--kill and --slow-link play the first workload under each setting for nine times
--duration, the middle third of it with the fault. --staleness and --inject need
what \`coterie pbs --help\` explains. With --inject and --url there is no floor.

With --url the cluster keeps what was written, in buckets whose names begin with
bench-. COTERIE_TOKEN lets in, where the cluster asks for a token.

Exit codes: 0 done, 1 failed, 2 the command line is wrong, 130 after Ctrl-C,
which leaves no process and no data behind.

Examples:
  coterie bench
  coterie bench --settings "r1 w1; r1 w3; r2 w2 strict" --workloads B --report bench.html
  coterie bench --grid --max-stale 0.1% --p99 10ms    the cheapest that keeps both
  coterie bench --settings "r2 w2" --kill --slow-link 50ms
  coterie bench --settings "r1 w1; r1 w2" --staleness --inject LNKD-DISK
  coterie bench --workloads put,get --closed 256,1024 --peers
  coterie bench --open 2000 --duration 30s --rounds 5 --json > results.json
  coterie bench --url ws://10.0.0.1:7401 --settings "r1 w1; r2 w2"`;

export function addBench(program: Command): void {
  const command = program
    .command("bench")
    .description("measure settings of n, r and w side by side on a real cluster")
    .option(
      "--settings <words>",
      `what to compare, with semicolons between or the flag repeated (default: "${settingsDefault.join("; ")}")`,
      parseSettings,
    )
    .option("--grid [words]", 'all r and w from 1 to n, of a setting like "n5 strict" (default: n3)', parseGrid)
    .addOption(
      new Option("--workloads <names>", `of ${workloadNames.join(", ")}`)
        .argParser(parseWorkloads)
        .default(["A", "B"], "A,B"),
    )
    .option(
      "--closed <counts>",
      "requests kept under way: how much a setting can carry (default: 64)",
      parseCounts(inFlightMax),
    )
    .option(
      "--open <rates>",
      "requests that begin per second: how long they take (default: half of what the slowest carries)",
      parseCounts(perSecondMax),
    )
    .addOption(
      new Option("--duration <time>", "of each measurement").argParser(parseTime("s", hourMs)).default(1000, "1s"),
    )
    .option("--rounds <count>", "how often each is measured", wholeFrom(1, 1000), 2)
    .option("--records <count>", "keys", wholeFrom(1, recordsMax), 10_000)
    .option("--value <bytes>", "size of the values", wholeFrom(1, valueBytesMax), 100)
    .option("--clients <count>", "client processes", wholeFrom(1, clientsMax), 2)
    .option("--nodes <count>", "how many to start (default: 3, or the largest n)", wholeFrom(1, nodesMax));
  addFurther(command)
    .addHelpText("after", help)
    .action((flags: BenchFlags) => bench(flags));
}

function addFurther(command: Command): Command {
  return command
    .addOption(
      new Option("--url <urls>", "measure a cluster that runs already")
        .argParser(parseUrls)
        .conflicts(["nodes", "kill", "slowLink", "staleness"]),
    )
    .option("--kill", "also: one node is killed under load, and returns")
    .option(
      "--slow-link <time>",
      "also: the links of one node are slower by so much, for a while",
      parseTime("ms", minuteMs),
    )
    .option("--no-floor", "leave out the least that such a store can cost")
    .option("--peers", "also: Redis and etcd, where they are installed")
    .option(
      "--staleness [writes]",
      "also: how stale reads are so and so long after a write, measured and predicted (default: on 2000 writes of each setting)",
      wholeFrom(stalenessWritesMin, stalenessWritesMax),
    )
    .addOption(
      new Option(
        "--inject <profile>",
        "delay what nodes say to each other, as a profile of `coterie pbs` says",
      ).conflicts(["url", "peers"]),
    )
    .option("--max-stale <share>", "advise: at most so many stale reads, as 0.1%", parseShare)
    .option("--p99 <time>", "advise: 99 % of the requests within this time, as 10ms", parseTime("ms", minuteMs))
    .option("--seed <number>", "of the keys, and of the order in which settings take turns", wholeFrom(0, seedMax), 1)
    .option("--report <file.html>", "write a page with charts", parseReportPath)
    .option("--json", "print one JSON object");
}

async function bench(flags: BenchFlags): Promise<void> {
  const question = questionOf(flags, version());
  if (flags.report !== undefined) checkPagePath(flags.report);
  if (question.injected !== undefined) (await import("../../../sim/delay-laws.ts")).legsNamed(question.injected);
  const { BenchRun } = await import("../../../bench/compare/bench-run.ts");
  const progress = new Progress();
  let step = "";
  const run: BenchRun = new BenchRun(question, {
    onStep: (what) => tellStep((step = what), flags),
    onNote: (sentence) => {
      progress.clear();
      process.stderr.write(`coterie: ${sentence}\n`);
    },
  });
  const ticks = setInterval(() => progress.line(lineOf(step, run.leftMs)), progressEveryMs);
  const results = await resultsOf(run).finally(() => {
    clearInterval(ticks);
    progress.clear();
  });
  if (results === undefined) return void process.exit(interruptedStatus);
  await show(results, flags);
}

/** @returns `undefined` after Ctrl-C, when nothing of it is left */
async function resultsOf(run: BenchRun): Promise<Results | undefined> {
  const interrupted = stopSignal().then(() => undefined);
  const results = run.run().catch((error: unknown) => Promise.reject(toldError(error)));
  const first = await Promise.race([results, interrupted]);
  if (first !== undefined) return first;
  results.catch(() => undefined); // what is stopped in the middle fails
  await run.stop();
  return undefined;
}

/** A system that does not start and a process that dies are no bugs of ours. */
function toldError(error: unknown): unknown {
  return error instanceof Error && error.name === "Error" ? unavailable(error.message, "none") : error;
}

/** What fits on one line of the terminal: a longer one could not be overwritten. While all starts, nobody knows how long it will take. */
function lineOf(step: string, leftMs: number): string {
  return `${leftMs > 0 ? `${showDuration(leftMs)} left; ` : ""}${step}`.slice(0, (process.stderr.columns || 80) - 1);
}

/** Where there is no terminal on which a line could change; unless a program listens. */
function tellStep(what: string, { json: isJson = false }: BenchFlags): void {
  if (!process.stderr.isTTY && !isJson) process.stderr.write(`${what}\n`);
}

async function show(results: Results, { json: isJson = false, report }: BenchFlags): Promise<void> {
  const isWritten = report !== undefined && (await writePage(results, report));
  if (isJson) return void process.stdout.write(`${JSON.stringify(results)}\n`);
  const { renderTable } = await import("../../../bench/compare/table.ts");
  process.stdout.write(renderTable(results));
  if (isWritten) process.stdout.write(`\nThe page is in ${report}.\n`);
}

/** @returns whether it is there: if not, the figures of a long run are shown all the same */
async function writePage(results: Results, path: string): Promise<boolean> {
  const { renderReport } = await import("../../../bench/compare/html-report.ts");
  const page = renderReport(results);
  try {
    writeFileSync(path, page);
    return true;
  } catch (error) {
    process.stderr.write(`coterie: no page could be written to ${path}: ${(error as Error).message}\n`);
    process.exitCode = exitCodes.failed;
    return false;
  }
}
