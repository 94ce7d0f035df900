/** `coterie check-resolver`: whether a user's merge keeps the laws, and the smallest values that show it where it does not. */
import { randomInt } from "node:crypto";
import type { Command } from "commander";
import { CoterieError, invalidArgument } from "../../../src/errors.ts";
import { exitCodes } from "./failure.ts";
import { Progress } from "./progress.ts";
import { wholeFrom } from "./request-flags.ts";
import { kindText, loadMerge, loadSamples } from "./resolver-module.ts";
import { toJson } from "./value.ts";

interface CheckFlags {
  readonly samples?: string;
  readonly export?: string;
  readonly runs?: number;
  readonly seed?: number;
  readonly json?: boolean;
}

const runsMax = 10_000_000;
const seedMax = 2 ** 31 - 1;

const help = `
FILE is a module in TypeScript or JavaScript whose default export (or the one
that --export names) is a function of two values, or merge(fn). The laws are
tried on the samples and on values that are drawn like them: the same fields,
other numbers, items left out or in another order.

  totality       there is a result, a value that can be stored, never an error
  determinism    the same values give the same result, whatever the time, and
                 are left as they were
  idempotence    merging a value with itself, or merging in again what is in
                 already, changes nothing (but may sort, drop repetitions and
                 fill in fields)
  commutativity  it does not matter which value comes first
  associativity  it does not matter which two of three are merged first

The samples come from --samples, a JSON array of values, or from an export
named samples of FILE, which may hold moments, bytes and bigints, too.

Exit codes: 0 all laws hold, 1 one is broken, 2 the command line or a file is
wrong. The report names the seed; the same seed draws the same values.

Examples:
  coterie check-resolver cart.ts --samples carts.json
  coterie check-resolver merges.ts --export mergeCarts --runs 20000
  coterie check-resolver cart.ts --samples carts.json --seed 7 --json`;

export function addCheckResolver(program: Command): void {
  program
    .command("check-resolver")
    .description("test whether a merge keeps the laws it must keep")
    .argument("<file>", "the module that exports the merge")
    .option("--samples <file.json>", "an array of values as the application has them")
    .option("--export <name>", "the export that is the merge (default: the default export)")
    .option("--runs <number>", "values drawn for each law, three at a time (default: 1000)", wholeFrom(1, runsMax))
    .option("--seed <number>", "draw the same values again (default: drawn)", wholeFrom(0, seedMax))
    .option("--json", "print one JSON object")
    .addHelpText("after", help)
    .action((file: string, flags: CheckFlags) => checkFile(file, flags));
}

async function checkFile(
  file: string,
  { json: isJson = false, runs, seed: given, ...flags }: CheckFlags,
): Promise<void> {
  const { merge, samples: exported } = await loadMerge(file, flags.export);
  const samples = flags.samples === undefined ? samplesIn(exported, file) : loadSamples(flags.samples);
  if (samples.length === 0) throw invalidArgument(`there are no samples in ${flags.samples ?? file}`);
  const { checkResolver } = await import("../../../client/laws.ts");
  const seed = given ?? randomInt(seedMax);
  const progress = new Progress();
  let shown = -1;
  const onProgress = (done: number, of: number): void => {
    const percent = Math.floor((100 * done) / of);
    if (percent > shown) progress.line(`${percent} % of the trials`);
    shown = percent;
  };
  try {
    const { text, ...report } = checkResolver(merge, { samples, runs, seed, onProgress });
    progress.clear();
    process.stdout.write(isJson ? `${toJson({ file, ...report })}\n` : `${text}\n`);
    process.exitCode = report.isLawful ? exitCodes.done : exitCodes.failed;
  } catch (error) {
    progress.clear();
    if (!(error instanceof CoterieError)) throw error;
    throw new CoterieError("INVALID_ARGUMENT", `${file}: ${error.message}`, { cause: error });
  }
}

function samplesIn(exported: unknown, file: string): readonly unknown[] {
  if (exported === undefined)
    throw invalidArgument(
      `nothing to try it on: give --samples FILE.json, an array of values, or export samples from ${file}`,
    );
  if (!Array.isArray(exported))
    throw invalidArgument(`the export samples of ${file} is ${kindText(exported)}, not an array`);
  return exported;
}
