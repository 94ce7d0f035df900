/**
 * How soon the simulator catches each mutation: from several first seeds, how many it takes, and by which invariant. Prints the table of
 * sim/README.md; `npm run mutations`, about ten minutes.
 */
import { runSeed } from "../../sim/index.ts";
import { mutations } from "./mutations.ts";
import type { Mutation } from "./mutant.ts";

const trials = 9;
/** Far apart, so that no two trials share a seed. */
const strideSeeds = 1000;
/** Past it a trial counts as never. */
const seedsMax = 100;

interface Caught {
  readonly seeds: number;
  readonly invariant: string;
}

async function tryOnce({ createMachine, adjust }: Mutation, first: number): Promise<Caught> {
  for (let seeds = 1; seeds <= seedsMax; seeds++) {
    const report = await runSeed(first + seeds - 1, { createMachine, adjust });
    if (report.kind !== "ok") return { seeds, invariant: report.violations[0]?.invariant ?? report.kind };
  }
  return { seeds: Infinity, invariant: "none" };
}

function show(seeds: number): string {
  return Number.isFinite(seeds) ? String(seeds) : `more than ${seedsMax}`;
}

process.stdout.write(`| mutation | caught by | seeds: median | most of ${trials} |\n|---|---|---|---|\n`);
for (const mutation of mutations) {
  const caught: Caught[] = [];
  for (let trial = 0; trial < trials; trial++) caught.push(await tryOnce(mutation, 1 + trial * strideSeeds));
  const counts = caught.map(({ seeds }) => seeds).sort((a, b) => a - b);
  const invariants = [...new Set(caught.map(({ invariant }) => invariant))].sort().join(", ");
  process.stdout.write(
    `| ${mutation.name} | ${invariants} | ${show(counts[(trials - 1) / 2]!)} | ${show(counts.at(-1)!)} |\n`,
  );
}
