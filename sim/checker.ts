/** One invariant of scenarios.md §2, watched. */
import type { EndOfRun, Observation } from "./observation.ts";

export interface Violation {
  /** As in scenarios.md: I0, I1, … */
  readonly invariant: string;
  readonly sentence: string;
  readonly atMs: number;
}

/** How a checker says that its invariant does not hold. */
export type Accuse = (sentence: string) => void;

export interface Checker {
  readonly invariant: string;
  /** Cheap: called for everything that happens. */
  observe(observation: Observation): void;
  /** Once, when the run has come to rest. */
  finish(end: EndOfRun): void;
}
