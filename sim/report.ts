/** What came of a seed. */
import type { Violation } from "./checker.ts";
import { describeProfile } from "./profile.ts";
import type { Script } from "./script.ts";
import type { Stage } from "./stage.ts";

export type ReportKind = "ok" | "correctness" | "liveness" | "crash" | "nondeterministic";

export interface SeedReport {
  readonly seed: number;
  readonly kind: ReportKind;
  /** 16 hexadecimal digits over every event of the run: the same seed gives the same. */
  readonly hash: string;
  /** What was drawn, in words. */
  readonly profile: string;
  readonly violations: readonly Violation[];
  /** Of a crash: the error with its stack. */
  readonly error?: string;
  readonly simulatedMs: number;
  readonly events: number;
  readonly operations: { readonly ok: number; readonly none: number; readonly unknown: number };
  readonly coverage: Readonly<Record<string, number>>;
  /** What was decided, to be played again or to be shrunk. */
  readonly script: Script;
}

export function reportOf(stage: Stage, script: Script): SeedReport {
  const { simulator, history, violations, problems, error, world, profile } = stage;
  const atMs = simulator.nowMs;
  const liveness = problems.map((sentence) => ({ invariant: "liveness", sentence, atMs }));
  return {
    seed: simulator.seed,
    kind: kindOf(stage),
    hash: simulator.hash.toString(),
    profile: describeProfile(profile),
    violations: [...violations, ...liveness],
    ...(error !== undefined && { error }),
    simulatedMs: atMs,
    events: simulator.eventCount,
    operations: { ok: history.count("ok"), none: history.count("none"), unknown: history.count("unknown") },
    coverage: world.coverage.toJSON(),
    script,
  };
}

function kindOf({ error, violations, problems }: Stage): ReportKind {
  if (error !== undefined) return "crash";
  if (violations.length > 0) return "correctness";
  return problems.length > 0 ? "liveness" : "ok";
}
