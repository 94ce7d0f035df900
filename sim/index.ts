/** `coterie/sim`: plays the shipped node and the shipped client, and your own code on them, in a world of drawn faults. */
export type { Call, Seen, Step, Think, Told, Workload } from "./call.ts";
export type { Called } from "./called.ts";
export type { Violation } from "./checker.ts";
export type { DiskState, Fault, TimedFault, Way } from "./fault.ts";
export { milestoneSeeds } from "./milestones.ts";
export type { PlayedBucket, Player } from "./play.ts";
export type { Profile } from "./profile.ts";
export type { Recorded } from "./recorded.ts";
export { Recording, type Mark } from "./recording.ts";
export type { ReportKind, SeedReport } from "./report.ts";
export type { Request, RequestOutcome } from "./request.ts";
export { runSeed, type RunOptions } from "./run.ts";
export { pageOf } from "./run-page.ts";
export { scenario, type Choice, type Moment, type Scenario } from "./scenario.ts";
export { failsAsScenario, scenarioText } from "./scenario-text.ts";
export { formatScript, type Script, type ScriptedCall } from "./script.ts";
export { exitStatus, runSeeds, runSeedTwice, type Crew, type SeedsOptions, type SeedsReport } from "./seeds.ts";
export type { Setting } from "./setting.ts";
export { shrink, type ShrinkOptions, type Shrunk } from "./shrink.ts";
export {
  simulate,
  type EndOfSimulation,
  type FinalValue,
  type SimulatedCall,
  type SimulateOptions,
  type Simulation,
  type SimulationFailure,
  type SimulationReport,
} from "./simulate.ts";
