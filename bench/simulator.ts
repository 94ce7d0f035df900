/**
 * `npm run bench:simulator`: how fast the simulator plays, for clusters of several sizes. Figures are per second of processor time, not
 * of the wall's: so they mean something on a machine that others use.
 */
import { Command } from "commander";
import { runSeed, type Profile } from "../sim/index.ts";
import { parseCount, parseCounts } from "./arguments.ts";

interface SimulatorFlags {
  readonly json: boolean;
  readonly nodes: number[];
  readonly seed: number;
  readonly count: number;
}

interface Row {
  readonly nodes: number;
  readonly seeds: number;
  readonly failed: number;
  readonly simulatedSeconds: number;
  readonly events: number;
  readonly cpuSeconds: number;
}

const replicas = 3;
const warmUpSeeds = 15;

const program = new Command("bench:simulator")
  .description(
    "Plays the same seeds of the simulator with clusters of several sizes, N=3 R=W=2; all else is as the seed draws it.\n" +
      "Every figure is per second, or per hour, of processor time.",
  )
  .option("--json", "print the rows as JSON", false)
  .option("--nodes <counts>", "sizes of the cluster", parseCounts, [3, 5, 9])
  .option("--seed <number>", "the first seed", parseCount, 1)
  .option("--count <number>", "seeds of each size", parseCount, 30);

await run(program.parse().opts<SimulatorFlags>());

async function run({ json, nodes, seed, count }: SimulatorFlags): Promise<void> {
  for (const size of nodes) await warmUp(size, seed);
  const rows: Row[] = [];
  for (const size of nodes) rows.push(await measure(size, seed, count));
  process.stdout.write(`${json ? JSON.stringify(rows, null, 2) : renderTable(rows)}\n`);
  if (rows.some(({ failed }) => failed > 0)) process.exitCode = 1;
}

/** It takes a hundred thousand events of each size until the code runs as fast as it does in long runs. */
async function warmUp(nodes: number, first: number): Promise<void> {
  for (let seed = first; seed < first + warmUpSeeds; seed++) {
    await runSeed(seed, { adjust: ofSize(nodes) });
    showProgress(`warming up, ${nodes} nodes`, seed - first + 1, warmUpSeeds);
  }
}

async function measure(nodes: number, first: number, count: number): Promise<Row> {
  const began = process.cpuUsage();
  const sum = { failed: 0, simulatedMs: 0, events: 0 };
  for (let seed = first; seed < first + count; seed++) {
    const report = await runSeed(seed, { adjust: ofSize(nodes) });
    if (report.kind !== "ok") sum.failed++;
    sum.simulatedMs += report.simulatedMs;
    sum.events += report.events;
    showProgress(`${nodes} nodes`, seed - first + 1, count);
  }
  const { user, system } = process.cpuUsage(began);
  const { failed, simulatedMs, events } = sum;
  const cpuSeconds = (user + system) / 1e6;
  return { nodes, seeds: count, failed, simulatedSeconds: simulatedMs / 1000, events, cpuSeconds };
}

/** What depends on the number of nodes is not drawn. */
function ofSize(nodes: number): (profile: Profile) => Profile {
  const n = Math.min(replicas, nodes);
  const quorum = Math.floor(n / 2) + 1;
  return (profile) => ({
    ...profile,
    shape: { ...profile.shape, nodes, n, options: { defaults: { n }, buckets: {} } },
    work: { ...profile.work, buckets: [{ name: "b", n }], r: [quorum], w: [quorum], dwMin: quorum },
    faults: { ...profile.faults, damagedNodesMax: quorum - 1 },
  });
}

/** For whoever sits in front of it. */
function showProgress(what: string, done: number, count: number): void {
  if (process.stderr.isTTY) process.stderr.write(done < count ? `\r${what}: ${done} of ${count} seeds` : "\r\u001b[K");
}

function renderTable(rows: readonly Row[]): string {
  const headings = ["nodes", "seeds", "failed", "simulated s/s", "seeds/hour", "events/s"];
  const lines = rows.map(({ nodes, seeds, failed, simulatedSeconds, events, cpuSeconds }) =>
    [nodes, seeds, failed, simulatedSeconds / cpuSeconds, (seeds / cpuSeconds) * 3600, events / cpuSeconds].map(
      (value) => Math.round(value).toLocaleString("en"),
    ),
  );
  return [headings, ...lines].map((cells) => cells.map((cell) => cell.padStart(13)).join("  ")).join("\n");
}
