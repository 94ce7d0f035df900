/** `coterie pbs`: how stale reads are that do not wait for a quorum, and what waiting would cost; predicted, without a cluster. */
import { InvalidArgumentError, Option, type Command } from "commander";
import { invalidArgument } from "../../../src/errors.ts";
import { Random } from "../../../src/random.ts";
import type { LegLaws } from "../../../sim/delay-laws.ts";
import type { PredictedSetting } from "./pbs-report.ts";
import { splitList, wholeFrom } from "./request-flags.ts";

interface PbsFlags {
  readonly profile?: string;
  readonly legs?: string;
  readonly n: number;
  readonly r?: number;
  readonly w?: number;
  readonly fanout: "quorum" | "all";
  readonly grid?: boolean;
  readonly t: readonly number[];
  readonly k: number;
  readonly draws: number;
  readonly seed: number;
  readonly json?: boolean;
}

const replicasMax = 64;
const gridReplicasMax = 7;
const versionsMax = 1000;
const momentsMax = 100;
const drawsMax = 10_000_000;
const seedMax = 2 ** 32 - 1;

const help = `
Probabilistically bounded staleness (Bailis et al., 2012): from how long a write
takes to a replica (w), its acknowledgement back (a), a read's question to a
replica (r) and the answer back (s) it draws writes and reads, and counts which
reads see the write that was acknowledged before. Coordinators are thought to
be apart from the replicas; one that is a replica itself, as in Coterie, is
fresher and faster than this.

Profiles, in any case: LNKD-SSD and LNKD-DISK, LinkedIn on flash and on disks;
YMMR, Yammer; EXP-5-1, exponential, with means of 5 ms for w and 1 ms else;
EXP-50-10, ten times that.

A file for --legs, all delays in milliseconds:
  {"w": LAW, "a": LAW, "r": LAW, "s": LAW}, where a LAW is one of
    {"exponential": 5}                            by its mean
    {"pareto": {"leastMs": 0.235, "alpha": 10}}   never below the least
    {"samples": [0.4, 0.6, 12.1]}                 measured: any of these, each time
    {"mixture": [{"share": 0.9, "law": LAW}, {"share": 0.1, "law": LAW}]}

The same seed gives the same figures. 99.99 % of few draws is a guess: it takes
100,000 to know it to about a tenth.

Exit codes: 0 done, 2 the command line or the file is wrong.

Examples:
  coterie pbs --profile LNKD-DISK --r 1 --w 1
  coterie pbs --profile YMMR --n 5 --grid
  coterie pbs --legs measured.json --r 1 --w 2 --t 0,5,20 --json`;

export function addPbs(program: Command): void {
  program
    .command("pbs")
    .description("predict how stale reads are, and how fast, for n, r and w")
    .addOption(new Option("--profile <name>", "delays as they were published (see below)").conflicts("legs"))
    .option("--legs <file.json>", "delays of your own (see below)")
    .option("--n <nodes>", "replicas of a key", wholeFrom(1, replicasMax), 3)
    .option("--r <count>", "answers that a read needs (default: 1)", wholeFrom(1, replicasMax))
    .option("--w <count>", "acknowledgements that a write needs (default: 1)", wholeFrom(1, replicasMax))
    .addOption(
      new Option(
        "--fanout <whom>",
        "how many a read asks: all n, or quorum, r of them, as the store does unless told otherwise",
      )
        .choices(["all", "quorum"])
        .default("all"),
    )
    .addOption(new Option("--grid", "all settings of n side by side").conflicts(["r", "w"]))
    .addOption(
      new Option("--t <ms>", "moments after the write's acknowledgement")
        .argParser(parseMoments)
        .default([0, 1, 2, 5, 10, 20, 50, 100], "0,1,2,5,10,20,50,100"),
    )
    .option("--k <versions>", "up to how many versions a read may be behind", wholeFrom(1, versionsMax), 3)
    .option("--draws <number>", "writes and reads to draw", wholeFrom(100, drawsMax), 100_000)
    .option("--seed <number>", "draw others", wholeFrom(0, seedMax), 1)
    .option("--json", "print one JSON object")
    .addHelpText("after", help)
    .action((flags: PbsFlags) => pbs(flags));
}

async function pbs(flags: PbsFlags): Promise<void> {
  const { grid: isGrid = false, json: isJson = false, n, fanout, draws, seed, t: tsMs, k: versions } = flags;
  const legs = await legsOf(flags);
  const settings = isGrid ? gridOf(n, fanout) : [settingOf(flags)];
  const { gridLines, predict, predictionLines } = await import("./pbs-report.ts");
  const questions = { tsMs, versions, draws };
  const predictions = settings.map((setting) => predict(new Random(seed), legs, setting, questions));
  const from = flags.profile?.toUpperCase() ?? flags.legs;
  if (isJson) return void process.stdout.write(`${JSON.stringify({ legs: from, draws, seed, predictions })}\n`);
  const counts = isGrid ? `n ${n}` : `n ${n}, r ${settings[0]!.r}, w ${settings[0]!.w}`;
  const asked = fanout === "all" ? "reads ask all" : "reads ask r";
  const head = `${from}: ${counts}, ${asked}; ${draws} draws, seed ${seed}`;
  const lines = isGrid ? gridLines(predictions) : predictionLines(predictions[0]!);
  process.stdout.write([head, "", ...lines, ""].join("\n"));
}

/** @throws INVALID_ARGUMENT */
async function legsOf({ profile, legs }: PbsFlags): Promise<LegLaws> {
  if (profile !== undefined) return (await import("../../../sim/delay-laws.ts")).legsNamed(profile);
  if (legs !== undefined) return (await import("./leg-file.ts")).loadLegs(legs);
  throw invalidArgument("nothing to predict from: give --profile NAME or --legs FILE (coterie pbs --help)");
}

/** @throws INVALID_ARGUMENT */
function settingOf({ n, r = 1, w = 1, fanout }: PbsFlags): PredictedSetting {
  for (const [name, count] of Object.entries({ r, w }))
    if (count > n) throw invalidArgument(`${name} is ${count}: it must be at most n, which is ${n}`);
  return { n, r, w, fanout };
}

function gridOf(n: number, fanout: PredictedSetting["fanout"]): readonly PredictedSetting[] {
  if (n > gridReplicasMax) throw invalidArgument(`n is ${n}: --grid shows all settings of up to ${gridReplicasMax}`);
  const counts = Array.from({ length: n }, (_, at) => at + 1);
  return counts.flatMap((r) => counts.map((w) => ({ n, r, w, fanout })));
}

function parseMoments(text: string): readonly number[] {
  const moments = splitList(text).map(Number);
  const isFine = moments.length > 0 && moments.length <= momentsMax && moments.every((ms) => ms >= 0 && ms < Infinity);
  if (isFine) return moments;
  throw new InvalidArgumentError("It is milliseconds from 0 on, with commas between, as in 0,5,20.");
}
