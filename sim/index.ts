/** `coterie/sim`: plays the shipped node and the shipped client in a world of drawn faults. */
export type { Violation } from "./checker.ts";
export { runSeed, type ReportKind, type RunOptions, type SeedReport } from "./run.ts";
export { exitStatus, runSeeds, runSeedTwice, type Crew, type SeedsOptions, type SeedsReport } from "./seeds.ts";
