/**
 * The simulator for your own code: your merge, your workload and your invariant on the shipped store, under drawn faults, seed after seed.
 * The first run that fails is shrunk to the fewest faults and calls that still make it fail.
 *
 *     const report = await simulate(() => ({
 *       buckets: { carts: { resolver: merge(mergeCarts) } },
 *       *workload({ random }) {
 *         for (let calls = 0; calls < 20; calls++) {
 *           yield { kind: "think", lastsMs: random.exponential(200) };
 *           yield { kind: "update", bucket: "carts", key: "alice", change: (cart: Cart = {}) => addTea(cart) };
 *         }
 *       },
 *       invariant({ read, calls }) { … a sentence that says what is wrong, or nothing … },
 *     }));
 *     expect(report.failure?.text).toBeUndefined();
 *
 * Time and chance come from the simulator: a merge or a workload that asks the machine for either fails.
 */
import { resolve, siblings as allSiblings, type Resolver } from "../client/resolver.ts";
import { formatLiteral } from "../src/literal.ts";
import type { Call, Told, Workload } from "./call.ts";
import { formatFault } from "./fault.ts";
import { soundFrames } from "./network.ts";
import { checked, checkSimulateOptions, checkSimulation, sentenceIn } from "./check-simulation.ts";
import type { EndOfKey } from "./observation.ts";
import type { CreatePlay, EndOfPlay, PlayedBucket, Player } from "./play.ts";
import type { Profile } from "./profile.ts";
import type { Recorded } from "./recorded.ts";
import { Recording } from "./recording.ts";
import type { SeedReport } from "./report.ts";
import { runSeed, type RunOptions } from "./run.ts";
import { callsMade, lengthOf, type Script } from "./script.ts";
import { shrink, type Shrunk } from "./shrink.ts";
import { neverMs } from "./tuning.ts";

/** What is yours in a run. */
export interface Simulation {
  /** As `client.bucket` takes them: resolver, n, r, w, … */
  readonly buckets?: Readonly<Record<string, PlayedBucket>> | undefined;
  /** What one client does. Called for every client; what it yields is done, and what came of it returned from the `yield`. */
  workload(player: Player): Workload;
  /** Looks at the healed and converged store. @returns what is wrong; nothing if all is well. It may throw, too. */
  invariant?(end: EndOfSimulation): string | undefined | void;
}

export interface EndOfSimulation {
  /** What every client would read now, whichever node it asks. */
  readonly read: <T = unknown>(bucket: string, key: string) => FinalValue<T>;
  /** Keys that were ever written, as `bucket/key`. */
  readonly keys: readonly string[];
  /** Everything that clients called, and what they were told. */
  readonly calls: readonly SimulatedCall[];
}

export interface FinalValue<T = unknown> {
  readonly found: boolean;
  /** The only sibling, or what the bucket's resolver makes of several; `undefined` where there are several and no resolver. */
  readonly value: T | undefined;
  readonly siblings: readonly T[];
}

export interface SimulatedCall {
  readonly client: string;
  readonly call: Call;
  readonly calledAtMs: number;
  /** `undefined` if it was never told. */
  readonly told: Told | undefined;
}

export interface SimulateOptions {
  /** Where to begin. Default 1. */
  readonly seed?: number | undefined;
  /** How many seeds, if none fails. Default 100. */
  readonly seeds?: number | undefined;
  /** Default: drawn for each seed, 1 to 9, and 1 to 20. */
  readonly nodes?: number | undefined;
  readonly clients?: number | undefined;
  /** How long clients work, in virtual time. Default: drawn, 5 to 30 s. */
  readonly workMs?: number | undefined;
  /** Whether faults strike. Default true. No disk is ever lost: what was acknowledged stays. */
  readonly faults?: boolean | undefined;
  /** Runs that shrinking a failure may take. Default 300; 0: none. */
  readonly shrinkRunsMax?: number | undefined;
  readonly onSeed?: ((report: SeedReport) => void) | undefined;
}

export interface SimulationReport {
  /** Seeds that were played. */
  readonly seeds: number;
  readonly simulatedMs: number;
  readonly calls: number;
  readonly failure?: SimulationFailure;
}

export interface SimulationFailure {
  readonly seed: number;
  /** `yours`, or one of the store's own; what is wrong, in words. */
  readonly invariant: string;
  readonly sentence: string;
  /** Faults and calls that are left of what was decided, and how many there were. */
  readonly decisions: number;
  readonly decisionsBefore: number;
  /** The smallest run: what struck and what was called, in order of time. */
  readonly steps: readonly string[];
  /** All of this, for people. */
  readonly text: string;
  /** Plays the smallest run once more and records it: for `writePage` of `coterie/sim/page`. */
  record(): Promise<Recorded>;
}

/** Where it is looked whether the cluster serves: none of yours. */
const serviceBucket = "coterie-sim";

/**
 * Plays seeds until one fails.
 * @param create is called once for each run, so that nothing is left of the one before
 */
export async function simulate(create: () => Simulation, options: SimulateOptions = {}): Promise<SimulationReport> {
  checkSimulateOptions(options);
  checkSimulation(create());
  const { seed: first = 1, seeds = 100, onSeed } = options;
  const run: RunOptions = { play: playOf(create), adjust: (profile) => adjusted(profile, options) };
  let simulatedMs = 0;
  let calls = 0;
  for (let seed = first; seed < first + seeds; seed++) {
    const report = await runSeed(seed, run);
    simulatedMs += report.simulatedMs;
    calls += callsMade(report.script.calls).length;
    onSeed?.(report);
    if (report.kind !== "ok")
      return { seeds: seed - first + 1, simulatedMs, calls, failure: await failureOf(report, run, options) };
  }
  return { seeds, simulatedMs, calls };
}

function playOf(create: () => Simulation): CreatePlay {
  return () => {
    const simulation = create();
    const { buckets = {} } = simulation;
    return {
      buckets,
      serviceBuckets: [serviceBucket],
      hasUniqueValues: false,
      workload: (player) => checked(simulation.workload(player), buckets),
      finish: (end, accuse) => {
        const sentence = sentenceIn(simulation.invariant?.(endOf(end, buckets)));
        if (sentence !== undefined) accuse(sentence);
      },
    };
  };
}

/** Whatever is asked of the store must be promised by it: no tombstone is collected while a call of any length may be under way. */
function adjusted(profile: Profile, { nodes = profile.shape.nodes, ...options }: SimulateOptions): Profile {
  const { clients = profile.work.clients, workMs = profile.safetyMs, faults = true } = options;
  const n = Math.min(3, nodes);
  const tuning = { ...profile.shape.tuning, tombstoneAgeMs: neverMs, messageLifetimeMs: neverMs };
  return {
    ...profile,
    safetyMs: workMs,
    shape: { ...profile.shape, nodes, n, options: { defaults: { n }, buckets: {} }, tuning },
    work: { ...profile.work, clients, buckets: [{ name: serviceBucket, n }] },
    faults: { ...profile.faults, damagedNodesMax: 0, ...(!faults && { kinds: [], whims: [], leavesCore: false }) },
    network: { ...profile.network, ...(!faults && soundFrames) },
  };
}

function endOf({ keys, calls }: EndOfPlay, buckets: Readonly<Record<string, PlayedBucket>>): EndOfSimulation {
  return {
    keys: [...keys.keys()].filter((name) => !name.startsWith(`${serviceBucket}/`)),
    calls: simulatedCalls(calls),
    read: <T>(bucket: string, key: string) => valueOf<T>(keys.get(`${bucket}/${key}`), buckets[bucket]?.resolver),
  };
}

/** @throws MERGE_FAILED */
function valueOf<T>(end: EndOfKey | undefined, resolver: PlayedBucket["resolver"]): FinalValue<T> {
  if (end === undefined) return { found: false, value: undefined, siblings: [] };
  const resolved = resolve((resolver ?? allSiblings) as Resolver<T>, end.joined);
  if (resolved.unresolved !== undefined) throw resolved.unresolved;
  const { found, value, siblings } = resolved;
  return { found, value, siblings };
}

function simulatedCalls(calls: Script["calls"]): SimulatedCall[] {
  return callsMade(calls)
    .map(({ client, call, atMs, told }) => ({ client, call, calledAtMs: atMs, told }))
    .sort((a, b) => a.calledAtMs - b.calledAtMs);
}

async function failureOf(
  report: SeedReport,
  run: RunOptions,
  { shrinkRunsMax: runsMax }: SimulateOptions,
): Promise<SimulationFailure> {
  const found = runsMax === 0 ? undefined : await shrink(report, { ...run, runsMax });
  const decisions = lengthOf(report.script);
  const shrunk = found ?? { report, profile: undefined, decisions, decisionsBefore: decisions };
  return { ...describeFailure(shrunk), record: () => record(shrunk, run) };
}

/** The same run once more. */
async function record({ report, profile }: Failed, run: RunOptions): Promise<Recorded> {
  const recording = new Recording();
  const replay = profile === undefined ? {} : { script: report.script, adjust: () => profile };
  return recording.recorded(await runSeed(report.seed, { ...run, ...replay, recording }));
}

/** The smallest run that was found; without a profile it is the first one, not shrunk. */
type Failed = Omit<Shrunk, "runs" | "profile"> & { readonly profile: Profile | undefined };

function describeFailure({ report, profile, decisions, decisionsBefore }: Failed): Omit<SimulationFailure, "record"> {
  const { seed, script, error } = report;
  const [violation] = report.violations;
  const invariant = violation?.invariant ?? "crash";
  const sentence = violation?.sentence ?? error ?? report.kind;
  const steps = stepsOf(script);
  const text = [
    `seed ${seed}, ${invariant}: ${sentence}`,
    `${profile === undefined ? "not shrunk" : "the smallest run found"}, ${decisions} of ${decisionsBefore} faults and calls:`,
    ...steps.map((step) => `  ${step}`),
    `in: ${report.profile}`,
  ].join("\n");
  return { seed, invariant, sentence, decisions, decisionsBefore, steps, text };
}

function stepsOf({ faults, calls }: Script): string[] {
  const steps = [
    ...faults.map(({ atMs, fault }) => ({ atMs, step: formatFault(fault) })),
    ...simulatedCalls(calls).map((call) => ({ atMs: call.calledAtMs, step: formatSimulated(call) })),
  ];
  return steps.sort((a, b) => a.atMs - b.atMs).map(({ atMs, step }) => `${atMs.toFixed(3).padStart(10)} ms  ${step}`);
}

function formatSimulated({ client, call, told }: SimulatedCall): string {
  if (call.kind === "leave") return `${client} leaves`;
  const { kind, bucket, key } = call;
  const value = kind === "put" ? ` ${formatLiteral(call.value)}` : "";
  return `${client} ${kind} ${bucket}/${key}${value}: ${formatTold(told, kind)}`;
}

function formatTold(told: Told | undefined, kind: Call["kind"]): string {
  if (told === undefined) return "never told";
  if (told.outcome !== "ok") return `${told.error}, outcome ${told.outcome}`;
  return kind === "get" ? `ok, ${told.siblings.map(formatLiteral).join(" and ") || "nothing"}` : "ok";
}
