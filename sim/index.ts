/** `coterie/sim`: plays the shipped node and the shipped client in a world of drawn faults. */
export type { Violation } from "./checker.ts";
export type { ReportKind, SeedReport } from "./report.ts";
export { runSeed, type RunOptions } from "./run.ts";
export { exitStatus, runSeeds, runSeedTwice, type SeedsOptions, type SeedsReport } from "./seeds.ts";
