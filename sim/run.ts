/**
 * One seed, from its draw to its verdict.
 *
 *   start ─▶ safety: clients work, faults strike ─▶ core: some nodes are healed for good, and must do without the others
 *     ─▶ heal, for good ─▶ settle ─▶ serve ─▶ converge ─▶ fixpoint ─▶ final reads ─▶ checks
 *
 * - Safety: what happens is drawn, or told by a script of an earlier run, or by hand (scenario.ts).
 * - Core: in some runs only. Whoever is left out stays broken; the others serve and become the same within a bound.
 * - Serve: every client is served, at first with patience and then at once.
 * - Converge: without a single read all replicas become the same, within a bound; where anti-entropy is off, this is left out.
 * - Fixpoint: nothing is left to mend, so nothing is written any more, through to the final reads of every key at every node.
 *
 * The first violation ends the run: what follows it would only bury it.
 */
import { forbidAmbient } from "./ambient.ts";
import { isBackground } from "./background.ts";
import { drawCore, leaveOutside } from "./core.ts";
import { Faults } from "./faults.ts";
import { FinalReads } from "./final-reads.ts";
import { Healing } from "./healing.ts";
import type { NodeProcess } from "./node-process.ts";
import type { EndOfKey, Resources } from "./observation.ts";
import { drawnPlay, type CreatePlay, type Play } from "./play.ts";
import {
  canConverge,
  convergenceMsMax,
  describeProfile,
  drawProfile,
  drawTypes,
  isFaultless,
  type Profile,
} from "./profile.ts";
import { reportOf, type SeedReport } from "./report.ts";
import { callsOf, type Script, type ScriptedCall } from "./script.ts";
import { Simulator, Storm } from "./simulator.ts";
import { Stage, type StageOptions } from "./stage.ts";
import { joinOf } from "./states.ts";
import { neverMs } from "./tuning.ts";
import { Worker, type Job } from "./worker.ts";

/** A clock that was ahead refuses what others wrote, and is refused by them, for so long and a little after it was set right. */
const clockSlackMs = 1000;
/** How many rounds of anti-entropy find nothing to do. */
const fixpointRounds = 2;
/** How long it must be quiet before: an exchange that has found a difference waits for its budget, and asks late about what is gone. */
const quietRounds = 3;
/** Added to each round. */
const roundSlackMs = 50;

/** What a round of anti-entropy goes on with when it has found a difference: it may still ask for keys because of one that is gone. */
const repairs: ReadonlySet<string> = new Set(["TreeNodes", "TreeNodesReply", "TreeKeys", "TreeKeysReply"]);

export interface RunOptions extends StageOptions {
  /** Changes what was drawn, before the run begins. */
  readonly adjust?: ((profile: Profile) => Profile) | undefined;
  /** What clients do, and what the run is held to besides the store's own invariants. Default: work that is drawn for the store. */
  readonly play?: CreatePlay | undefined;
  /** What was decided in an earlier run, or a part of it: nothing else strikes, and nothing else is called. */
  readonly script?: Script | undefined;
  /** Takes the place of what is drawn: does things by hand. */
  readonly story?: Story | undefined;
}

/** @param clients what they are to call, each in its order: the story adds to it */
export type Story = (stage: Stage, clients: ReadonlyMap<string, StoryClient>) => Promise<void>;

export interface StoryClient {
  readonly worker: Worker;
  readonly calls: ScriptedCall[];
}

/** Plays one seed. Never rejects: whatever goes wrong is in the report. */
export async function runSeed(seed: number, options: RunOptions = {}): Promise<SeedReport> {
  const allowAmbient = forbidAmbient();
  try {
    return await new Run(seed, options).play();
  } finally {
    allowAmbient();
  }
}

class Run {
  readonly #stage: Stage;
  readonly #options: RunOptions;
  readonly #play: Play;
  readonly #workers: readonly Worker[];
  readonly #storyClients = new Map<string, StoryClient>();
  /** Of all nodes, in the end. */
  readonly #healing: Healing;
  /** Nothing strikes, so nothing may fail. */
  readonly #isFaultless: boolean;
  /** How many faults struck while clients worked. */
  #faultsWhileWorking: number | undefined;
  #idleTraffic: ReadonlyMap<string, number> = new Map();
  /** What clients sent while they worked. */
  #requests = 0;

  constructor(seed: number, options: RunOptions) {
    this.#options = options;
    const simulator = new Simulator(seed);
    const drawn = drawTypes(drawProfile(simulator.stream("profile")), simulator.stream("types"));
    const profile = options.adjust?.(drawn) ?? drawn;
    this.#stage = new Stage(simulator, profile, options);
    this.#play = (options.play ?? drawnPlay)(profile);
    this.#workers = this.#createWorkers();
    this.#healing = new Healing(this.#stage, this.#stage.cluster.nodes);
    this.#isFaultless = options.story === undefined && isFaultless(profile);
  }

  async play(): Promise<SeedReport> {
    try {
      await this.#playPhases();
    } catch (error) {
      if (error instanceof Storm) this.#stage.problems.push(error.message);
      else this.#stage.crash(error);
    }
    return reportOf(this.#stage, this.#decided());
  }

  async #playPhases(): Promise<void> {
    const { cluster, world, profile, simulator } = this.#stage;
    world.trace.line("seed", () => `${simulator.seed}: ${describeProfile(profile)}`);
    cluster.start();
    if (this.#isFaultless) await this.#beginFaultless();
    const isWorkOver = await this.#workUnderFaults();
    this.#stage.calm();
    if (profile.faults.leavesCore) await this.#playCore();
    if (this.#stage.isOver) return;
    this.#healing.heal();
    world.witness.observe({ kind: "phase", phase: "healed" });
    await this.#stage.settle(cluster.nodes, isWorkOver, () => "the clients' last calls never return");
    this.#requests = world.traffic.requests;
    await this.#stage.rest("the healed cluster does not come to rest");
    await this.#checkService();
    await this.#end();
  }

  /** The first calls find a cluster whose nodes know each other. */
  async #beginFaultless(): Promise<void> {
    await this.#stage.rest("a new cluster does not come to rest");
    this.#stage.world.witness.observe({ kind: "phase", phase: "faultless" });
  }

  #createJob(): Job {
    const { world, history, profile, cluster } = this.#stage;
    const { buckets, hasUniqueValues, serviceBuckets } = this.#play;
    const { options: clusterOptions } = profile.shape;
    const { urls } = cluster;
    const shared = { world, history, urls, clusterOptions, buckets, hasUniqueValues, serviceBuckets };
    return { ...shared, oldContexts: new Map(), oldObjects: new Map(), endsAtMs: profile.safetyMs };
  }

  #createWorkers(): readonly Worker[] {
    const { simulator, clients } = this.#stage;
    const { script, story } = this.#options;
    const job = this.#createJob();
    return clients.map((name) => {
      if (story !== undefined) return this.#createStoryWorker(job, name);
      const random = simulator.stream(`workload:${name}`);
      const moreRandom = simulator.stream(`types:${name}`);
      const workload = this.#play.workload({ name, random, moreRandom, nowMs: () => simulator.nowMs });
      return new Worker(job, name, workload, script && (script.calls.get(name) ?? []));
    });
  }

  #createStoryWorker(job: Job, name: string): Worker {
    const calls: ScriptedCall[] = [];
    const worker = new Worker(job, name, callsOf(calls), calls);
    this.#storyClients.set(name, { worker, calls });
    return worker;
  }

  /** @returns whether the clients' last calls have returned */
  async #workUnderFaults(): Promise<() => boolean> {
    const { cluster, world, profile, simulator, injector, clients } = this.#stage;
    const { script, story } = this.#options;
    if (story !== undefined) {
      await story(this.#stage, this.#storyClients);
      return () => true;
    }
    const faults = new Faults(world, cluster, injector, profile.faults, clients);
    if (script === undefined) faults.begin();
    else injector.schedule(script.faults);
    const isWorkOver = this.#stage.begin(this.#workers.map((worker) => worker.work()));
    await simulator.run(profile.safetyMs);
    faults.end();
    this.#faultsWhileWorking = injector.done.length;
    return isWorkOver;
  }

  #decided(): Script {
    const calls = this.#workers.map(({ name, made }) => [name, made] as const);
    return { faults: this.#stage.injector.done.slice(0, this.#faultsWhileWorking), calls: new Map(calls) };
  }

  async #playCore(): Promise<void> {
    const { world, simulator, profile } = this.#stage;
    const random = simulator.stream("core");
    const core = drawCore(this.#stage, random);
    if (core === undefined || this.#stage.isOver) return;
    world.coverage.mark("core");
    leaveOutside(this.#stage, core, random);
    const healing = new Healing(this.#stage, core);
    healing.heal();
    await this.#waitForClocks();
    await healing.serve(this.#workers);
    if (canConverge(profile)) await healing.becomeSame();
  }

  async #waitForClocks(): Promise<void> {
    const { kinds, clockMsMax } = this.#stage.profile.faults;
    if (kinds.includes("clock")) await this.#stage.pass(clockMsMax + clockSlackMs);
  }

  /** At first with patience. Then with none. */
  async #checkService(): Promise<void> {
    if (this.#stage.isOver) return;
    await this.#healing.serve(this.#workers);
    await this.#waitForClocks();
    await this.#stage.rest("the cluster does not come to rest again");
    if (this.#stage.isOver) return;
    const demands = this.#workers.map(async (worker) => {
      const sentence = await worker.tryService();
      if (sentence !== undefined) this.#stage.world.witness.observe({ kind: "refused", sentence });
    });
    const { nodes } = this.#stage.cluster;
    await this.#stage.settle(nodes, this.#stage.begin(demands), () => "the healed cluster does not serve again");
    await this.#stage.rest("the cluster does not come to rest after it has served");
  }

  async #end(): Promise<void> {
    const { cluster, world, profile, problems } = this.#stage;
    const canBeSame = canConverge(profile);
    if (canBeSame) await this.#converge();
    else
      await this.#stage.settle(
        cluster.nodes,
        () => cluster.nodes.every(keepsNoHints),
        () => this.#stage.differences().join("; "),
      );
    // A repair could bring a tombstone back that is being removed: harmless, and nobody would mend what that leaves behind.
    const mayRepair = profile.shape.tuning.tombstoneAgeMs === neverMs;
    const reads = new FinalReads(world, cluster, mayRepair ? "async" : "off");
    const unread = this.#stage.isOver ? [] : await reads.play();
    if (!this.#stage.isOver) problems.push(...unread);
    await this.#stage.rest("the cluster does not come to rest after the last reads");
    if (!this.#stage.isOver) this.#finish(reads, canBeSame || mayRepair);
  }

  /** All replicas become the same by themselves; then nothing moves any more. */
  async #converge(): Promise<void> {
    const { simulator, world, cluster, profile } = this.#stage;
    const untilMs = simulator.nowMs + convergenceMsMax(profile);
    await this.#healing.waitUntilSame(untilMs);
    await this.#stage.rest("the cluster does not come to rest when all replicas are the same");
    // What differed a moment ago may still be asked about.
    while (!this.#stage.isOver && simulator.nowMs < untilMs && !(await this.#isQuietFor(quietRounds))) continue;
    if (this.#stage.isOver) return;
    world.trace.line("all", () => "all replicas are the same");
    world.witness.observe({ kind: "phase", phase: "converged" });
    await this.#isQuietFor(fixpointRounds);
    const asksForRecords = cluster.hasBadRecord ? ["ReplicaGet", "ReplicaGetReply"] : [];
    this.#idleTraffic = new Map([...world.traffic.sent].filter(([kind]) => !asksForRecords.includes(kind)));
  }

  /** @returns whether nothing but background was said for so many rounds of anti-entropy */
  async #isQuietFor(rounds: number): Promise<boolean> {
    const { antiEntropyIntervalMs, antiEntropyConfirmMs } = this.#stage.profile.shape.tuning;
    const { traffic } = this.#stage.world;
    traffic.reset();
    await this.#stage.pass(rounds * (antiEntropyIntervalMs + antiEntropyConfirmMs + roundSlackMs));
    return [...traffic.sent.keys()].every((kind) => isBackground({ kind }) && !repairs.has(kind));
  }

  #finish(reads: FinalReads, isConverged: boolean): void {
    const { cluster, history, world, checkers, sessions } = this.#stage;
    const keys = new Map<string, EndOfKey>();
    for (const [name, key] of cluster.keys()) {
      const states = cluster.statesOf(key);
      const joined = joinOf(states.values());
      if (joined === undefined) world.coverage.mark("key beyond reading");
      else keys.set(name, { states, joined, reads: reads.readsOf(name) });
    }
    const differences = isConverged ? this.#stage.differences() : [];
    const { operations } = history;
    const resources = this.#resources();
    for (const checker of checkers) checker.finish({ keys, operations, isConverged, differences, resources });
    for (const { guarantee } of sessions.breachesIn(operations)) world.coverage.mark(`not ${guarantee}`);
    this.#play.finish?.({ keys, calls: this.#decided().calls }, (sentence) => this.#stage.accuse("yours", sentence));
  }

  #resources(): Resources {
    const { cluster, world, history } = this.#stage;
    const told = cluster.nodes.map((node) => [node.id, node.tell()] as const);
    for (const [, status] of told)
      for (const [name, count] of Object.entries(status?.counters ?? {}))
        if (count > 0) world.coverage.mark(`counted ${name}`);
    return {
      idleTraffic: this.#idleTraffic,
      calls: history.operations.length,
      requests: this.#requests,
      openRequests: new Map(told.map(([node, status]) => [node, status?.openRequests ?? 0])),
      isFaultless: this.#isFaultless,
    };
  }
}

function keepsNoHints(node: NodeProcess): boolean {
  return node.platter.hints().size === 0;
}
