/**
 * A whole run of `coterie bench`: starts what is to be compared, measures it, and ends it. Its parts come one after the other, each with
 * client processes of its own: what was started for a part is gone when the next one begins.
 */
import { Random } from "../../src/random.ts";
import { advise, type Limits } from "./advice.ts";
import { showLoad } from "./cell-group.ts";
import { Clients } from "./clients.ts";
import { Comparison, type ComparisonPlan, type RunShape } from "./comparison.ts";
import { bucketName, contendersOf, type Contender } from "./contender.ts";
import { bucketNames } from "./coterie-client.ts";
import { CoterieSystem } from "./coterie-system.ts";
import { playFault, type Fault, type SteadyRun } from "./faults.ts";
import { halfOfPeak } from "./half-of-peak.ts";
import { describeMachine } from "./machine.ts";
import { Pace } from "./pace.ts";
import { RemoteSystem } from "./remote-system.ts";
import type { Cell, FaultRun, Plan, Results, StalenessCurve } from "./results.ts";
import { nameOf, type Setting } from "./setting.ts";
import type { FaultySystem, System } from "./system.ts";
import { otherSystems, type Wanted } from "./systems.ts";
import { bucketOf } from "./workloads.ts";

/** What is asked of a run. */
export interface Question extends Omit<ComparisonPlan, "warmUpMs" | "rehearsalMs">, Wanted {
  /** Of a cluster that runs already; else one is started. */
  readonly urls: readonly string[] | undefined;
  readonly nodes: number;
  readonly settings: readonly Setting[];
  /** Processes. */
  readonly clients: number;
  readonly faults: readonly Fault[];
  /** Delays to put on all links between nodes, by name of their laws. */
  readonly injected: string | undefined;
  /** Writes of each setting on which staleness is measured beside its prediction; 0: it is not. */
  readonly stalenessWrites: number;
  readonly limits: Limits;
  /** Its version. */
  readonly coterie: string;
}

export interface Listener {
  /** It begins. */
  onStep(what: string): void;
  /** Something is not as it was asked for. */
  onNote(sentence: string): void;
}

/** Two thirds of a run with a fault are without it. */
const faultStretches = 3;
/** Of `durationMs`: what a node or a link does when it comes back takes longer than a measurement needs. */
const stretchFactor = 3;
const warmUpMsMax = 500;
/** A store whose code V8 has not settled takes twice the processor time: some hundred thousand requests are needed. */
const rehearsalMsMax = 8000;
const aroundFaultMs = 3000;
const stalenessNodes = 3;
const stalenessWriteMs = 8;
/** Whatever else is drawn from the same seed. */
const faultStream = 1;

export class BenchRun {
  readonly #question: Question;
  readonly #listener: Listener;
  readonly #tag: string = Date.now().toString(36);
  readonly #running = new Set<{ stop(): Promise<void> }>();
  #pace: Pace = new Pace(0, 0);
  readonly #end = new AbortController();
  /** What starts or stops processes at the moment, and must be over before they can be stopped. */
  #busy: Promise<unknown> = Promise.resolve();

  constructor(question: Question, listener: Listener) {
    this.#question = question;
    this.#listener = listener;
  }

  /** Until all is done, roughly. */
  get leftMs(): number {
    return this.#pace.leftMs(performance.now());
  }

  /** @throws CoterieError as the cluster says it, for instance if there are not enough nodes for a setting */
  async run(): Promise<Results> {
    const startedAt = new Date().toISOString();
    const startedAtMs = performance.now();
    try {
      const { cells, faults } = await this.#compare();
      return {
        format: 1,
        startedAt,
        machine: describeMachine(this.#question.coterie),
        plan: this.#plan,
        cells,
        faults,
        staleness: await this.#staleness(),
        advice: advise(cells, this.#question.limits),
        tookMs: performance.now() - startedAtMs,
      };
    } finally {
      await this.stop();
    }
  }

  /** Ends all processes and removes their data, also in the middle of a run, which then fails. */
  async stop(): Promise<void> {
    this.#end.abort();
    await this.#busy;
    await this.#stopAll();
  }

  /** All systems side by side; and what happens to Coterie when a node dies meanwhile. */
  async #compare(): Promise<Pick<Results, "cells" | "faults">> {
    const { settings, urls, seed } = this.#question;
    const coterie = urls === undefined ? this.#cluster(false) : new RemoteSystem(urls, settings);
    const others = await otherSystems(this.#question, (why) => this.#listener.onNote(why));
    const systems = [coterie, ...others];
    const contenders = contendersOf(systems, settings, this.#tag);
    const rehearsalMs = Math.min(rehearsalMsMax, 4 * this.#question.durationMs);
    const plan = { ...this.#question, ...this.#shape, rehearsalMs };
    const clients = await this.#begin(systems);
    const comparison = new Comparison(contenders, clients, plan, this.#onStep);
    this.#pace = new Pace(comparison.expectedMs + this.#faultsMs + this.#stalenessMs, performance.now());
    const cells = await comparison.run();
    const own = contenders.filter(({ system }) => system === coterie);
    const random = new Random(seed, faultStream);
    const steady = this.#steadyRunsOf(own, faultRate(cells), random);
    const kills = this.#question.faults.filter(({ kind }) => kind === "kill");
    const faults = coterie instanceof CoterieSystem ? await this.#playFaults(kills, coterie, clients, steady) : [];
    await this.#stopAll();
    const slow = await this.#slowLinks(steady);
    return { cells, faults: [...faults, ...slow] };
  }

  /** On a cluster of its own: the proxies that make a link slow cost throughput. */
  async #slowLinks(steady: readonly SteadyRun[]): Promise<FaultRun[]> {
    const slow = this.#question.faults.filter(({ kind }) => kind === "slow-link");
    if (slow.length === 0) return [];
    const cluster = this.#cluster(true);
    const clients = await this.#begin([cluster]);
    for (const run of steady) await clients.fill(run);
    const faults = await this.#playFaults(slow, cluster, clients, steady);
    await this.#stopAll();
    return faults;
  }

  /** On a cluster of its own, whose messages are noted. */
  async #staleness(): Promise<readonly StalenessCurve[]> {
    const { settings, injected, stalenessWrites: writes, seed } = this.#question;
    if (writes === 0) return [];
    this.#end.signal.throwIfAborted();
    const { runStaleness } = await import("./staleness-run.ts");
    const chosen = differentIn(settings);
    let setting = "";
    const progress = (text: string): void => {
      const [name = ""] = text.split(":");
      if (name !== setting) this.#onStep(`how stale reads are: ${(setting = name)}`, writes * stalenessWriteMs);
    };
    const { signal } = this.#end;
    const curves = runStaleness({ settings: chosen, injected, writes, seed, progress, signal });
    this.#busy = Promise.allSettled([curves]); // it stops its cluster by itself
    return curves;
  }

  async #playFaults(
    faults: readonly Fault[],
    system: FaultySystem,
    clients: Clients,
    steady: readonly SteadyRun[],
  ): Promise<FaultRun[]> {
    const played: FaultRun[] = [];
    for (const fault of faults)
      for (const run of steady) {
        this.#onStep(`${describeFault(fault)}, ${showLoad(run.load)}: ${nameOf(run.setting)}`, this.#faultMs);
        played.push(await playFault(fault, system, clients, run));
      }
    return played;
  }

  /** Of the first workload, under each setting. */
  #steadyRunsOf(contenders: readonly Contender[], perSecond: number, random: Random): readonly SteadyRun[] {
    const { workloads, durationMs } = this.#question;
    return contenders.map(({ system, setting, bucket }) => ({
      ...this.#shape,
      system: system.name,
      setting,
      bucket,
      workload: workloads[0]!,
      load: { kind: "open", perSecond },
      durationMs: faultStretches * stretchFactor * durationMs,
      seed: random.next(),
    }));
  }

  /** @returns client processes that are connected to all of them */
  async #begin(systems: readonly System[]): Promise<Clients> {
    this.#end.signal.throwIfAborted();
    this.#listener.onStep(`starting ${systems.map(({ name }) => name).join(", ")}`);
    for (const system of systems) this.#running.add(system);
    const starting = Clients.start(this.#question.clients).then((clients) => {
      this.#running.add(clients);
      return clients;
    });
    const addresses = systems.map((system) => system.start());
    // What is half-way up cannot be stopped, also if something else has failed by then.
    this.#busy = Promise.allSettled([starting, ...addresses]);
    await this.#busy;
    this.#end.signal.throwIfAborted();
    const clients = await starting;
    for (const address of addresses) await clients.connect(await address);
    return clients;
  }

  async #stopAll(): Promise<void> {
    const running = [...this.#running];
    this.#running.clear();
    const stopping = Promise.allSettled(running.map((one) => one.stop()));
    this.#busy = stopping;
    for (const each of await stopping) if (each.status === "rejected") throw each.reason;
  }

  #cluster(isProxied: boolean): CoterieSystem {
    const { nodes, settings, workloads, records, injected, seed } = this.#question;
    const names = settings.map((setting) => [setting, bucketName(setting, this.#tag)] as const);
    const buckets = names.flatMap(([{ n }, bucket]) =>
      workloads.flatMap((workload) =>
        bucketNames(bucketOf(workload, bucket), records).map((name) => [name, { n }] as const),
      ),
    );
    return new CoterieSystem({ nodes, buckets: Object.fromEntries(buckets), isProxied, injected, seed });
  }

  get #plan(): Plan {
    const { clients, records, valueBytes, rounds, durationMs, injected } = this.#question;
    return { clients, records, valueBytes, rounds, durationMs, injected };
  }

  get #shape(): RunShape {
    const { records, valueBytes, durationMs } = this.#question;
    return { records, valueBytes, durationMs, warmUpMs: Math.min(warmUpMsMax, durationMs / 4) };
  }

  get #faultMs(): number {
    return faultStretches * stretchFactor * this.#question.durationMs + aroundFaultMs;
  }

  get #faultsMs(): number {
    return this.#question.faults.length * this.#question.settings.length * this.#faultMs;
  }

  get #stalenessMs(): number {
    const { settings, stalenessWrites } = this.#question;
    return stalenessWrites * differentIn(settings).length * stalenessWriteMs;
  }

  readonly #onStep = (what: string, expectedMs: number): void => {
    this.#pace.begin(expectedMs, performance.now());
    this.#listener.onStep(what);
  };
}

/** One of each that differ in what matters to how stale reads are, where there are as many copies as nodes in that measurement. */
function differentIn(settings: readonly Setting[]): readonly Setting[] {
  const three = settings.filter(({ n }) => n === stalenessNodes);
  return [...new Map(three.map((setting) => [`${setting.r} ${setting.w} ${setting.fanout}`, setting])).values()];
}

/** That of the open loops, if there were any: all could bear it. */
function faultRate(cells: readonly Cell[]): number {
  const own = cells.filter(({ system, workload }) => system === "coterie" && workload === cells[0]!.workload);
  const rates = own.flatMap(({ load }) => (load.kind === "open" ? [load.perSecond] : []));
  return rates.length > 0 ? Math.min(...rates) : halfOfPeak(own);
}

function describeFault(fault: Fault): string {
  return fault.kind === "kill" ? "a node is killed and returns" : `a link is ${fault.delayMs} ms slower`;
}
