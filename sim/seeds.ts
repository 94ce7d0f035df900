/** Many seeds, here one after another or several at a time by a crew, and what they amount to. */
import type { ReportKind, SeedReport } from "./report.ts";
import { unmet } from "./milestones.ts";
import { runSeed, type RunOptions } from "./run.ts";

export interface SeedsOptions extends RunOptions {
  readonly seed: number;
  /** How many seeds from there on. */
  readonly count: number;
  /** One seed in so many is played twice and must come out the same. Default 20; 0: none. */
  readonly repeatEvery?: number | undefined;
  /** Told of every seed, in their order, whoever plays them. */
  readonly onSeed?: ((report: SeedReport) => void) | undefined;
  /** Plays the seeds somewhere else. What they amount to is the same. Default: here, one after another. */
  readonly crew?: Crew | undefined;
}

/** Whoever plays several seeds at a time. */
export interface Crew {
  /** How many seeds to hand over at a time. */
  readonly size: number;
  /**
   * @param isRepeated whether it is played twice and must come out the same
   * @returns nothing if it was not played, because the crew was told to stop
   */
  play(seed: number, isRepeated: boolean): Promise<SeedReport | undefined>;
}

export interface SeedsReport {
  /** How many were played. */
  readonly seeds: number;
  readonly simulatedMs: number;
  readonly events: number;
  readonly failures: readonly SeedReport[];
  /** Of all seeds together. */
  readonly coverage: Readonly<Record<string, number>>;
  /** What never happened in any of them, of all that a thousand seeds must have been through. */
  readonly unmet: readonly string[];
}

/** What a process that ran seeds should exit with: the worst that happened. */
export const exitStatus: Readonly<Record<ReportKind, number>> = {
  ok: 0,
  correctness: 1,
  liveness: 2,
  crash: 3,
  nondeterministic: 4,
};

/**
 * Plays `count` seeds from `seed` on. Never rejects: a seed that fails is in the report.
 * @returns the failures, and what was simulated in all
 */
export async function runSeeds(options: SeedsOptions): Promise<SeedsReport> {
  const { seed: first, count, repeatEvery = 20, onSeed, crew = alone(options) } = options;
  const handedOver: Promise<SeedReport | undefined>[] = [];
  let next = 0;
  const failures: SeedReport[] = [];
  const coverage: Record<string, number> = {};
  let simulatedMs = 0;
  let events = 0;
  let seeds = 0;
  for (let at = 0; at < count; at++) {
    for (; next < Math.min(count, at + crew.size); next++)
      handedOver.push(crew.play(first + next, repeatEvery > 0 && next % repeatEvery === 0));
    const report = await handedOver.shift();
    if (report === undefined) continue;
    seeds++;
    simulatedMs += report.simulatedMs;
    events += report.events;
    for (const [what, times] of Object.entries(report.coverage)) coverage[what] = (coverage[what] ?? 0) + times;
    if (report.kind !== "ok") failures.push(report);
    onSeed?.(report);
  }
  return { seeds, simulatedMs, events, failures, coverage, unmet: unmet(coverage) };
}

function alone(options: RunOptions): Crew {
  return {
    size: 1,
    play: (seed, isRepeated) => (isRepeated ? runSeedTwice(seed, options) : runSeed(seed, options)),
  };
}

/** Plays a seed twice; if the runs differ anywhere, that is the report. */
export async function runSeedTwice(seed: number, options: RunOptions = {}): Promise<SeedReport> {
  const report = await runSeed(seed, options);
  const again = await runSeed(seed, { ...options, trace: undefined, recording: undefined });
  if (again.hash === report.hash && again.events === report.events) return report;
  const sentence = `the same seed gave ${report.events} events, hash ${report.hash}, and then ${again.events} events, hash ${again.hash}`;
  return {
    ...report,
    kind: "nondeterministic",
    violations: [{ invariant: "determinism", sentence, atMs: report.simulatedMs }],
  };
}
