/**
 * `npm run bench:scale`: what the nodes of a cluster say to each other for what they do, by the size of the cluster. Whole nodes, in
 * the simulator: so the figures are those of the shipped code, and the same on every machine.
 */
import { Command } from "commander";
import { measureScale, type Said, type ScaleReport } from "../sim/scale.ts";
import { parseCount, parseCounts, parsePositive } from "./arguments.ts";

interface ScaleFlags {
  readonly json: boolean;
  readonly nodes: number[];
  readonly seed: number;
  readonly calls: number;
  readonly keys: number;
  readonly value: number;
  readonly away: number;
}

const program = new Command("bench:scale")
  .description(
    "Clusters of several sizes in virtual time, N=3 R=W=2, default tuning, no faults. Prints what nodes send each other per get\n" +
      "and per put, at rest, and for a node that loses its power and comes back. 300 nodes take a minute or two and 2 GB.",
  )
  .option("--json", "print the rows as JSON", false)
  .option("--nodes <counts>", "sizes of the cluster, from 3", parseCounts, [3, 10, 30, 100, 300])
  .option("--seed <number>", "decides everything that is left to chance", parseCount, 1)
  .option("--calls <perSecond>", "gets and puts per node and second", parsePositive, 10)
  .option("--keys <count>", "keys per node, drawn uniformly", parseCount, 100)
  .option("--value <bytes>", "size of the values", parseCount, 1000)
  .option("--away <seconds>", "how long the node is away", parseCount, 30);

async function run({ json, nodes, seed, calls, keys, value, away }: ScaleFlags): Promise<void> {
  const rows: ScaleReport[] = [];
  for (const size of nodes)
    rows.push(
      await measureScale({
        nodes: size,
        seed,
        callsPerSecond: calls,
        keysPerNode: keys,
        valueBytes: value,
        awayMs: away * 1000,
        onPhase: (phase) => showProgress(`${size} nodes: ${phase}`),
      }),
    );
  showProgress("");
  process.stdout.write(`${json ? JSON.stringify(rows, null, 2) : renderTable(rows)}\n`);
}

/** For whoever sits in front of it. */
function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${text}\u001b[K`);
}

type Column = readonly [heading: string, cell: (row: ScaleReport) => string];

const columns: readonly Column[] = [
  ["nodes", ({ nodes }) => `${nodes}`],
  ["partitions", ({ partitions }) => `${partitions}`],
  ["per get", ({ perGet }) => said(perGet)],
  ["per put", ({ perPut }) => said(perPut)],
  ["gossip per node and s", ({ gossip }) => said(gossip)],
  ["anti-entropy per node and s", ({ antiEntropy }) => said(antiEntropy)],
  ["death known after", ({ deathMs }) => seconds(deathMs)],
  ["return known after", ({ returnMs }) => seconds(returnMs)],
  ["missed", ({ missedBytes }) => `${(missedBytes / 1e6).toFixed(2)} MB`],
  ["hints", ({ hints }) => `${hints}`],
  ["repair per MB missed", ({ missedBytes, repairBytes }) => `${(repairBytes / missedBytes).toFixed(2)} MB`],
  ["mended after", ({ mendedMs }) => seconds(mendedMs)],
];

/** In Markdown. */
function renderTable(rows: readonly ScaleReport[]): string {
  const lines = [
    columns.map(([heading]) => heading),
    columns.map(() => "---:"),
    ...rows.map((row) => columns.map(([, cell]) => cell(row))),
  ];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function said({ messages, bytes }: Said): string {
  return `${messages.toFixed(1)} messages, ${Math.round(bytes).toLocaleString("en")} B`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

await run(program.parse().opts<ScaleFlags>());
