/**
 * One seed, from its draw to its verdict.
 *
 *   start ─▶ safety: clients work, faults strike ─▶ heal, for good ─▶ settle ─▶ serve ─▶ converge ─▶ fixpoint ─▶ final reads ─▶ checks
 *
 * - Serve: every client is served, at first with patience and then at once.
 * - Converge: without a single read all replicas become the same, within a bound; where anti-entropy is off, this is left out.
 * - Fixpoint: nothing is left to mend, so nothing is written any more, through to the final reads of every key at every node.
 *
 * The first violation ends the run: what follows it would only bury it.
 */
import { Replica } from "../node/replica.ts";
import { createCheckers } from "./checkers.ts";
import type { Checker, Violation } from "./checker.ts";
import { isBackground } from "./background.ts";
import { Burials } from "./burials.ts";
import { Cluster } from "./cluster.ts";
import { Coverage } from "./coverage.ts";
import { Faults } from "./faults.ts";
import { FinalReads } from "./final-reads.ts";
import { History } from "./history.ts";
import { Network } from "./network.ts";
import { differencesIn } from "./differences.ts";
import type { NodeProcess } from "./node-process.ts";
import type { EndOfKey, Observation, Resources } from "./observation.ts";
import {
  calm,
  canConverge,
  convergenceMsMax,
  describeProfile,
  drawProfile,
  isFaultless,
  type Profile,
} from "./profile.ts";
import { SessionMeasure } from "./session-measure.ts";
import { Simulator, Storm } from "./simulator.ts";
import { joinOf } from "./states.ts";
import { Trace } from "./trace.ts";
import { Traffic } from "./traffic.ts";
import { neverMs } from "./tuning.ts";
import { Witness } from "./witness.ts";
import { Worker, type Job, type OldContexts } from "./workload.ts";
import type { CreateMachine, World } from "./world.ts";

/** How long clients may still wait for their last call, and a healed cluster may take to come to rest and to serve. */
const settleMs = 60_000;
/** How often a cluster that settles is looked after. */
const lookMs = 50;
/** A clock that was ahead refuses what others wrote, and is refused by them, for so long after it was set right. */
const clockMs = 11_000;
/** How many rounds of anti-entropy find nothing to do. */
const fixpointRounds = 2;
/** How long it must be quiet before: an exchange that has found a difference waits for its budget, and asks late about what is gone. */
const quietRounds = 3;

/** What a round of anti-entropy goes on with when it has found a difference: it may still ask for keys because of one that is gone. */
const repairs: ReadonlySet<string> = new Set(["TreeNodes", "TreeNodesReply", "TreeKeys", "TreeKeysReply"]);

export interface RunOptions {
  /** Is given the run line by line: slow, and for people. */
  readonly trace?: ((line: string) => void) | undefined;
  /** Changes what was drawn, before the run begins. */
  readonly adjust?: ((profile: Profile) => Profile) | undefined;
  /** What to run instead of the shipped node: broken on purpose, to test the checkers. */
  readonly createMachine?: CreateMachine | undefined;
}

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
}

/** Plays one seed. Never rejects: whatever goes wrong is in the report. */
export async function runSeed(seed: number, options: RunOptions = {}): Promise<SeedReport> {
  return new Run(seed, options).play();
}

class Run {
  readonly #simulator: Simulator;
  readonly #profile: Profile;
  readonly #world: World;
  readonly #cluster: Cluster;
  readonly #faults: Faults;
  readonly #history = new History();
  readonly #workers: readonly Worker[];
  readonly #checkers: readonly Checker[];
  readonly #violations: Violation[] = [];
  readonly #problems: string[] = [];
  readonly #burials = new Burials();
  readonly #sessions = new SessionMeasure();
  #idleTraffic: ReadonlyMap<string, number> = new Map();
  /** What clients sent while they worked. */
  #requests = 0;
  #error: string | undefined;

  constructor(seed: number, options: RunOptions) {
    this.#simulator = new Simulator(seed);
    const drawn = drawProfile(this.#simulator.stream("profile"));
    this.#profile = options.adjust?.(drawn) ?? drawn;
    this.#checkers = createCheckers((invariant, sentence) => this.#accuse(invariant, sentence));
    this.#world = this.#createWorld(options);
    this.#cluster = new Cluster(this.#world, this.#profile.shape);
    const names = Array.from({ length: this.#profile.work.clients }, (_, at) => `c${at + 1}`);
    this.#faults = new Faults(this.#world, this.#cluster, this.#profile.faults, names);
    const job = this.#job();
    this.#workers = names.map((name) => new Worker(job, name));
  }

  async play(): Promise<SeedReport> {
    try {
      await this.#playPhases();
    } catch (error) {
      if (error instanceof Storm) this.#problems.push(error.message);
      else this.#crash(error);
    }
    return this.#report();
  }

  async #playPhases(): Promise<void> {
    this.#world.trace.line("seed", () => `${this.#simulator.seed}: ${describeProfile(this.#profile)}`);
    this.#cluster.start();
    if (isFaultless(this.#profile)) await this.#beginFaultless();
    this.#faults.begin();
    const isWorkOver = this.#begin(this.#workers.map((worker) => worker.work()));
    await this.#simulator.run(this.#profile.safetyMs);
    this.#heal();
    await this.#settle(isWorkOver, () => "the clients' last calls never return");
    this.#requests = this.#world.traffic.requests;
    await this.#rest("the healed cluster does not come to rest");
    await this.#checkService();
    const canBeSame = canConverge(this.#profile);
    if (canBeSame) await this.#converge();
    else
      await this.#settle(
        () => this.#keepsNoHints,
        () => this.#differences().join("; "),
      );
    // A repair could bring a tombstone back that is being removed: harmless, and nobody would mend what that leaves behind.
    const mayRepair = this.#profile.shape.tuning.tombstoneAgeMs === neverMs;
    const reads = new FinalReads(this.#world, this.#cluster, mayRepair ? "async" : "off");
    const unread = this.#isOver ? [] : await reads.play();
    if (!this.#isOver) this.#problems.push(...unread);
    await this.#rest("the cluster does not come to rest after the last reads");
    if (!this.#isOver) this.#finish(reads, canBeSame || mayRepair);
  }

  /** The first calls find a cluster whose nodes know each other. */
  async #beginFaultless(): Promise<void> {
    await this.#rest("a new cluster does not come to rest");
    this.#world.witness.observe({ kind: "phase", phase: "faultless" });
  }

  #createWorld({ trace, createMachine }: RunOptions): World {
    const simulator = this.#simulator;
    return {
      simulator,
      network: new Network(simulator, this.#profile.network),
      diskConditions: this.#profile.disk,
      idleTickMs: this.#profile.idleTickMs,
      witness: new Witness((observation) => this.#observe(observation)),
      trace: new Trace(trace, () => simulator.nowMs),
      coverage: new Coverage(),
      traffic: new Traffic(),
      createMachine: createMachine ?? ((config, store, now) => new Replica(config, store, now)),
    };
  }

  #job(): Job {
    const { safetyMs, work, shape } = this.#profile;
    const urls = Array.from({ length: shape.nodes }, (_, at) => `ws://n${at + 1}:7401`);
    const oldContexts: OldContexts = new Map();
    return { world: this.#world, history: this.#history, mix: work, urls, oldContexts, endsAtMs: safetyMs };
  }

  get #isOver(): boolean {
    return this.#simulator.isHalted || this.#problems.length > 0;
  }

  #observe(observation: Observation): void {
    this.#burials.observe(observation);
    this.#sessions.observe(observation);
    for (const checker of this.#checkers) checker.observe(observation);
  }

  #accuse(invariant: string, sentence: string): void {
    this.#violations.push({ invariant, sentence, atMs: this.#simulator.nowMs });
    this.#world.trace.line("!!!", () => `${invariant}: ${sentence}`);
    this.#simulator.halt();
  }

  /** Lets clients run. @returns whether all are done */
  #begin(tasks: readonly Promise<unknown>[]): () => boolean {
    let isDone = false;
    void Promise.all(tasks).then(
      () => (isDone = true),
      (error: unknown) => this.#crash(error),
    );
    return () => isDone;
  }

  #heal(): void {
    calm(this.#profile);
    this.#faults.heal();
    this.#world.witness.observe({ kind: "phase", phase: "healed" });
  }

  /** Waits, and starts again what was still stopping when everything was healed. */
  async #settle(isDone: () => boolean, problem: () => string): Promise<void> {
    const untilMs = this.#simulator.nowMs + settleMs;
    while (!this.#isOver && !isDone()) {
      if (this.#simulator.nowMs >= untilMs) return void this.#problems.push(problem());
      await this.#simulator.run(this.#simulator.nowMs + lookMs, isDone);
      this.#faults.startAll();
    }
  }

  #rest(problem: string): Promise<void> {
    return this.#settle(
      () => this.#cluster.isAtRest,
      () => `${problem}: ${this.#cluster.unrest()}`,
    );
  }

  /** At first with patience: what was clogged arrives late, and a clock that was set back refuses writes. Then with none. */
  async #checkService(): Promise<void> {
    if (this.#isOver) return;
    const checks = this.#workers.map(async (worker) => {
      const problem = await worker.check();
      if (problem !== undefined) this.#problems.push(problem);
    });
    await this.#settle(this.#begin(checks), () => "the healed cluster does not serve");
    if (this.#profile.faults.kinds.includes("clock")) await this.#pass(clockMs);
    await this.#rest("the cluster does not come to rest again");
    if (this.#isOver) return;
    const demands = this.#workers.map(async (worker) => {
      const sentence = await worker.tryService();
      if (sentence !== undefined) this.#world.witness.observe({ kind: "refused", sentence });
    });
    await this.#settle(this.#begin(demands), () => "the healed cluster does not serve again");
    await this.#rest("the cluster does not come to rest after it has served");
  }

  /** All replicas become the same by themselves; then nothing moves any more. */
  async #converge(): Promise<void> {
    const untilMs = this.#simulator.nowMs + convergenceMsMax(this.#profile);
    while (!this.#isOver && this.#simulator.nowMs < untilMs && this.#differences().length > 0) await this.#pass(lookMs);
    await this.#rest("the cluster does not come to rest when all replicas are the same");
    // What differed a moment ago may still be asked about.
    while (!this.#isOver && this.#simulator.nowMs < untilMs && !(await this.#isQuietFor(quietRounds))) continue;
    if (this.#isOver) return;
    this.#world.trace.line("all", () => "all replicas are the same");
    this.#world.witness.observe({ kind: "phase", phase: "converged" });
    await this.#isQuietFor(fixpointRounds);
    const asksForRecords = this.#cluster.hasBadRecord ? ["ReplicaGet", "ReplicaGetReply"] : [];
    this.#idleTraffic = new Map([...this.#world.traffic.sent].filter(([kind]) => !asksForRecords.includes(kind)));
  }

  /** @returns whether nothing but background was said for so many rounds of anti-entropy */
  async #isQuietFor(rounds: number): Promise<boolean> {
    const { antiEntropyIntervalMs, antiEntropyConfirmMs } = this.#profile.shape.tuning;
    this.#world.traffic.reset();
    await this.#pass(rounds * (antiEntropyIntervalMs + antiEntropyConfirmMs + lookMs));
    return [...this.#world.traffic.sent.keys()].every((kind) => isBackground({ kind }) && !repairs.has(kind));
  }

  async #pass(ms: number): Promise<void> {
    if (!this.#isOver) await this.#simulator.run(this.#simulator.nowMs + ms);
  }

  get #keepsNoHints(): boolean {
    return this.#cluster.nodes.every((node) => node.hints().size === 0);
  }

  #differences(): string[] {
    const isScrubbing = this.#profile.shape.tuning.scrubIntervalMs < neverMs;
    return differencesIn(this.#cluster, this.#world.witness, { burials: this.#burials, isScrubbing });
  }

  #finish(reads: FinalReads, isConverged: boolean): void {
    const keys = new Map<string, EndOfKey>();
    for (const [name, key] of this.#cluster.keys()) {
      const states = this.#cluster.statesOf(key);
      const joined = joinOf(states.values());
      if (joined === undefined) this.#world.coverage.mark("key beyond reading");
      else keys.set(name, { states, joined, reads: reads.readsOf(name) });
    }
    const differences = isConverged ? this.#differences() : [];
    const { operations } = this.#history;
    const resources = this.#resources();
    for (const checker of this.#checkers) checker.finish({ keys, operations, isConverged, differences, resources });
    for (const { guarantee } of this.#sessions.breachesIn(operations)) this.#world.coverage.mark(`not ${guarantee}`);
  }

  #resources(): Resources {
    const told = this.#cluster.nodes.map((node) => [node.id, statusOf(node)] as const);
    for (const [, { counters }] of told)
      for (const [name, count] of Object.entries(counters)) if (count > 0) this.#world.coverage.mark(`counted ${name}`);
    return {
      idleTraffic: this.#idleTraffic,
      calls: this.#history.operations.length,
      requests: this.#requests,
      openRequests: new Map(told.map(([node, { openRequests }]) => [node, openRequests])),
      isFaultless: isFaultless(this.#profile),
    };
  }

  #crash(error: unknown): void {
    this.#error ??= error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#simulator.halt();
  }

  #report(): SeedReport {
    const liveness = this.#problems.map((sentence) => ({
      invariant: "liveness",
      sentence,
      atMs: this.#simulator.nowMs,
    }));
    return {
      seed: this.#simulator.seed,
      kind: this.#kind(),
      hash: this.#simulator.hash.toString(),
      profile: describeProfile(this.#profile),
      violations: [...this.#violations, ...liveness],
      ...(this.#error !== undefined && { error: this.#error }),
      simulatedMs: this.#simulator.nowMs,
      events: this.#simulator.eventCount,
      operations: {
        ok: this.#history.count("ok"),
        none: this.#history.count("none"),
        unknown: this.#history.count("unknown"),
      },
      coverage: this.#world.coverage.toJSON(),
    };
  }

  #kind(): ReportKind {
    if (this.#error !== undefined) return "crash";
    if (this.#violations.length > 0) return "correctness";
    return this.#problems.length > 0 ? "liveness" : "ok";
  }
}

interface Told {
  readonly openRequests: number;
  readonly counters: Readonly<Record<string, number>>;
}

/** What a node says of itself; only in the end, for what it counted before a crash is gone. */
function statusOf(node: NodeProcess): Told {
  let told: Told = { openRequests: 0, counters: {} };
  const connection = node.links.addProbe(([answer]) => {
    if (answer?.kind === "StatusReply") told = JSON.parse(answer.status) as Told;
  });
  node.takeRequest(connection, { kind: "Status", id: 0 });
  return told;
}
