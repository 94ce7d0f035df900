/** `npm run bench`: Coterie and the floor side by side on this machine. `--help` lists the options. */
import { Command, InvalidArgumentError, Option } from "commander";
import { parseCount, parseCounts, parsePositive } from "./arguments.ts";
import { Comparison, type Row } from "./comparison.ts";
import { CoterieTarget } from "./coterie-target.ts";
import { FloorTarget } from "./floor-target.ts";
import { renderJson, renderTable } from "./report.ts";
import { stopAll, stopOnInterrupt } from "./interruption.ts";
import type { Target } from "./target.ts";

interface Setting {
  readonly r: number;
  readonly w: number;
}

interface BenchOptions {
  readonly json: boolean;
  readonly duration: number;
  readonly rounds: number;
  readonly keys: number;
  readonly inFlight: number[];
  readonly value: number[];
  readonly settings: Setting[];
  readonly target: "floor" | "coterie" | "both";
}

const program = new Command("bench")
  .description(
    "Measures puts and gets on three node processes and a client on this machine, a closed loop with a fixed number of\n" +
      "requests in flight. The floor is the same sockets, encoding and fsynced LMDB without what makes Coterie a store.",
  )
  .option("--json", "print the rows as JSON", false)
  .option("--duration <seconds>", "length of one measurement", parsePositive, 3)
  .option("--rounds <count>", "measurements per combination and target; figures are medians", parseCount, 3)
  .option("--keys <count>", "keys, drawn uniformly", parseCount, 10_000)
  .option("--in-flight <counts>", "requests kept under way", parseCounts, [1, 64, 256, 1024])
  .option("--value <bytes>", "sizes of the values", parseCounts, [100, 1024])
  .option("--settings <R/W,...>", "answers needed by a get and by a put, of 3 replicas", parseSettings, [
    { r: 2, w: 2 },
    { r: 1, w: 1 },
  ])
  .addOption(new Option("--target <name>", "what to measure").choices(["floor", "coterie", "both"]).default("both"));

await run(program.parse().opts<BenchOptions>());

async function run(options: BenchOptions): Promise<void> {
  const targets = createTargets(options.target);
  stopOnInterrupt(targets);
  try {
    for (const target of targets) await target.start();
    const rows = await measure(targets, options);
    process.stdout.write(`${options.json ? renderJson(rows) : renderTable(rows)}\n`);
  } catch (error) {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  } finally {
    await stopAll(targets);
  }
}

function createTargets(name: BenchOptions["target"]): Target[] {
  switch (name) {
    case "floor":
      return [new FloorTarget()];
    case "coterie":
      return [new CoterieTarget()];
    case "both": // the first is the yardstick
      return [new FloorTarget(), new CoterieTarget()];
  }
}

async function measure(targets: Target[], options: BenchOptions): Promise<Row[]> {
  const comparison = new Comparison(targets, {
    durationMs: options.duration * 1000,
    keys: options.keys,
    rounds: options.rounds,
    progress: (line) => process.stderr.write(`${line}\n`),
  });
  const rows: Row[] = [];
  for (const setting of options.settings) {
    for (const valueBytes of options.value) {
      rows.push(...(await comparison.measure({ ...setting, valueBytes }, options.inFlight)));
    }
  }
  return rows;
}

function parseSettings(text: string): Setting[] {
  return text.split(",").map((setting) => {
    const match = /^([1-3])\/([1-3])$/.exec(setting);
    if (!match) throw new InvalidArgumentError("Settings look like 2/2,1/1, with R and W from 1 to 3.");
    return { r: Number(match[1]), w: Number(match[2]) };
  });
}
