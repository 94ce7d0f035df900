/** `coterie/sim`: plays the shipped node and the shipped client in a world of drawn faults. */
export type { Violation } from "./checker.ts";
export { runSeed, type ReportKind, type RunOptions, type SeedReport } from "./run.ts";
export { Recording, type Mark } from "./recording.ts";
export type { Recorded } from "./recorded.ts";
export { pageOf } from "./run-page.ts";
export { exitStatus, runSeeds, runSeedTwice, type SeedsOptions, type SeedsReport } from "./seeds.ts";
