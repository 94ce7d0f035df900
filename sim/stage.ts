/** What a run is played on: a world with a cluster in it, and everybody who watches. */
import { Burials } from "./burials.ts";
import type { Checker, Violation } from "./checker.ts";
import { createCheckers } from "./checkers.ts";
import { Cluster } from "./cluster.ts";
import { differencesIn } from "./differences.ts";
import { History } from "./history.ts";
import { Injector } from "./injector.ts";
import { Milestones } from "./milestones.ts";
import { Network, soundFrames } from "./network.ts";
import type { NodeProcess } from "./node-process.ts";
import type { Observation } from "./observation.ts";
import type { Profile } from "./profile.ts";
import { quietWorld } from "./quiet-world.ts";
import type { Recording } from "./recording.ts";
import { SessionMeasure } from "./session-measure.ts";
import type { Simulator } from "./simulator.ts";
import { Trace } from "./trace.ts";
import { neverMs } from "./tuning.ts";
import { Witness } from "./witness.ts";
import type { CreateMachine, World } from "./world.ts";

/** How long something that must come about may take. */
const settleMs = 60_000;
/** How often it is looked for. */
const lookMs = 50;

export interface StageOptions {
  /** Is given the run line by line: slow, and for people. */
  readonly trace?: ((line: string) => void) | undefined;
  /** Is given the run as data: for looking at it afterwards. One recording is of one run. */
  readonly recording?: Recording | undefined;
  /** What to run instead of the shipped node: broken on purpose, to test the checkers. */
  readonly createMachine?: CreateMachine | undefined;
}

export class Stage {
  readonly simulator: Simulator;
  readonly profile: Profile;
  readonly world: World;
  readonly cluster: Cluster;
  readonly injector: Injector;
  /** Their names. */
  readonly clients: readonly string[];
  readonly history: History = new History();
  readonly checkers: readonly Checker[];
  readonly sessions: SessionMeasure = new SessionMeasure();
  /** Invariants that do not hold: the first ends the run, for what follows it would only bury it. */
  readonly violations: Violation[] = [];
  /** What did not come about in time, in words. */
  readonly problems: string[] = [];
  /** Of what crashed: the error with its stack. */
  error: string | undefined;
  readonly #burials = new Burials();
  readonly #milestones: Milestones;

  constructor(simulator: Simulator, profile: Profile, { trace, recording, createMachine }: StageOptions) {
    this.simulator = simulator;
    this.profile = profile;
    this.checkers = createCheckers((invariant, sentence) => this.accuse(invariant, sentence));
    const network = new Network(simulator, { ...profile.network });
    network.recording = recording;
    this.world = quietWorld(simulator, {
      network,
      recording,
      diskConditions: { ...profile.disk },
      idleTickMs: profile.idleTickMs,
      witness: new Witness((observation) => this.#observe(observation)),
      trace: new Trace(trace, () => simulator.nowMs),
      whims: new Set(profile.faults.whims),
      ...(createMachine !== undefined && { createMachine }),
    });
    this.cluster = new Cluster(this.world, profile.shape);
    this.#milestones = new Milestones(this.world.coverage);
    this.injector = new Injector(this.world, this.cluster);
    this.clients = Array.from({ length: profile.work.clients }, (_, at) => `c${at + 1}`);
    recording?.begin({ simulator, network, nodes: this.cluster.nodes, clients: this.clients });
  }

  get isOver(): boolean {
    return this.simulator.isHalted || this.problems.length > 0;
  }

  accuse(invariant: string, sentence: string): void {
    this.violations.push({ invariant, sentence, atMs: this.simulator.nowMs });
    this.world.trace.line("!!!", () => `${invariant}: ${sentence}`);
    this.simulator.halt();
  }

  crash(error: unknown): void {
    this.error ??= error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.simulator.halt();
  }

  /** From now on nothing is lost, doubled, disordered, cut off or slow, and no node has a whim. */
  calm(): void {
    this.world.whims.clear();
    Object.assign(this.world.network.conditions, soundFrames);
    Object.assign(this.world.diskConditions, { slowSyncs: 0 });
  }

  /** Lets clients run. @returns whether all are done */
  begin(tasks: readonly Promise<unknown>[]): () => boolean {
    let isDone = false;
    void Promise.all(tasks).then(
      () => (isDone = true),
      (error: unknown) => this.crash(error),
    );
    return () => isDone;
  }

  async pass(ms: number): Promise<void> {
    if (!this.isOver) await this.simulator.run(this.simulator.nowMs + ms);
  }

  /** Waits until something has come about; that it does not in time is a problem. Nodes that are still stopping are started again. */
  async settle(
    nodes: readonly NodeProcess[],
    isDone: () => boolean,
    problem: () => string,
    withinMs: number = settleMs,
  ): Promise<void> {
    const untilMs = this.simulator.nowMs + withinMs;
    while (!this.isOver && !isDone()) {
      if (this.simulator.nowMs >= untilMs) return void this.problems.push(problem());
      await this.simulator.run(this.simulator.nowMs + lookMs, isDone);
      for (const node of nodes) this.cluster.restart(node, "as it was");
    }
  }

  rest(problem: string): Promise<void> {
    return this.settle(
      this.cluster.nodes,
      () => this.cluster.isAtRest,
      () => `${problem}: ${this.cluster.unrest()}`,
    );
  }

  /** In words, where these nodes' disks differ from what convergence asks of them. */
  differences(nodes: readonly NodeProcess[] = this.cluster.nodes): string[] {
    const isScrubbing = this.profile.shape.tuning.scrubIntervalMs < neverMs;
    return differencesIn(this.cluster, nodes, this.world.witness, { burials: this.#burials, isScrubbing });
  }

  #observe(observation: Observation): void {
    this.world.recording?.observe(observation);
    this.#milestones.observe(observation);
    this.sessions.observe(observation);
    this.#burials.observe(observation);
    for (const checker of this.checkers) checker.observe(observation);
  }
}
