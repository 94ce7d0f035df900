/**
 * The client processes of a comparison, from the side of the process that compares. They put a load on one system at a time, and what
 * each of them has seen is put together here.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Found, Place } from "./client-messages.ts";
import { ValueHistory, type History, type Judgement } from "./consistency.ts";
import { CounterHistory } from "./counter-consistency.ts";
import type { LoadFigures } from "./figures.ts";
import { LatestHistory } from "./latest-consistency.ts";
import { ForkedClient } from "./forked-client.ts";
import { Distribution } from "./histogram.ts";
import { nowMs } from "./monotonic.ts";
import type { Observations } from "./observations.ts";
import type { Tally, Window } from "./recorder.ts";
import type { Instant, LoadKind, WorkloadName } from "./results.ts";
import type { Setting } from "./setting.ts";
import { processesMax, stampBytes } from "./stamp.ts";
import { stretchFigures, windowOf, type Stretch } from "./stretch.ts";
import type { Address, SystemName } from "./system.ts";
import { timelineOf } from "./timeline.ts";
import { bucketOf } from "./workloads.ts";

export interface Run {
  readonly system: SystemName;
  readonly setting: Setting;
  /** Must hold nothing from before these client processes: what others have written there cannot be told apart. */
  readonly bucket: string;
  readonly workload: WorkloadName;
  readonly load: LoadKind;
  readonly records: number;
  readonly valueBytes: number;
  readonly warmUpMs: number;
  readonly durationMs: number;
  readonly seed: number;
  /** A part of the measured time whose figures are wanted by themselves. */
  readonly stretch?: Stretch;
}

/** What all client processes together have seen; costs are for the caller to add. */
export interface Measured {
  readonly figures: LoadFigures;
  /** Answered in the measured time, whatever became of them. */
  readonly requests: number;
  /** Of `figures.failed` those that never left a client process, because too many were without an answer. Open loads only. */
  readonly unsent: number;
  /** Encoded, to be merged over rounds: microseconds, versions, microseconds. */
  readonly readHistogram: string;
  readonly writeHistogram: string;
  readonly versionsHistogram: string;
  readonly behindHistogram: string;
  /** In pieces of 250 ms, from the begin of the measured time. Empty for the floor, whose requests are only counted. */
  readonly timeline: readonly Instant[];
  /** Of the client processes in the measured time. */
  readonly cpuSeconds: number;
  /** Where the run asks for a part of its time. */
  readonly ofStretch?: LoadFigures | undefined;
}

/** Called when the measured time begins and ends: what the system has used between is what the requests have cost. */
export interface Moments {
  onBegin?(): void;
  onEnd?(): void;
}

/** A write that is not there may still be under way to its replicas: looked for again, so often, after a pause. */
const looksMax = 3;
const lookPauseMs = 300;

export class Clients {
  readonly #processes: readonly ForkedClient[];
  /** What the counters of each bucket are known to hold. */
  readonly #counted = new Map<string, ReadonlyMap<number, number>>();

  private constructor(processes: readonly ForkedClient[]) {
    this.#processes = processes;
  }

  /** @param count 1 to 255 */
  static async start(count: number): Promise<Clients> {
    if (!Number.isInteger(count) || count < 1 || count > processesMax)
      throw new Error(`there can be 1 to ${processesMax} client processes, not ${count}`);
    return new Clients(await Promise.all(Array.from({ length: count }, () => ForkedClient.start())));
  }

  /** Every client process connects to that system; systems are told apart by name, and of each the latest address holds. */
  async connect(address: Address): Promise<void> {
    await this.#all((client) => client.ask({ kind: "connect", address }));
  }

  /** Puts all records once. @param onProgress how many are done */
  async fill(run: Run, onProgress?: (done: number) => void): Promise<void> {
    this.#check(run);
    const done = this.#processes.map(() => 0);
    await this.#all((client, self) =>
      client.ask({ kind: "fill", run, place: this.#placeOf(self) }, (filled) => {
        done[self] = filled;
        onProgress?.(done.reduce((sum, one) => sum + one, 0));
      }),
    );
  }

  async measure(run: Run, moments: Moments = {}): Promise<Measured> {
    this.#check(run);
    const fromMs = nowMs() + run.warmUpMs;
    const window = { fromMs, toMs: fromMs + run.durationMs };
    const telling = new Telling(moments, run);
    try {
      const results = await this.#all((client, self) =>
        client.ask({ kind: "measure", run, place: this.#placeOf(self), fromMs }),
      );
      await telling.isOver;
      const tallies = results.map(({ tally }) => tally);
      const cpuSeconds = sumOf(results.map((result) => result.cpuSeconds));
      return { ...(await this.#judged(run, tallies, window)), cpuSeconds };
    } finally {
      telling.stop();
    }
  }

  async stop(): Promise<void> {
    await this.#all((client) => client.stop());
  }

  async #judged(run: Run, tallies: readonly Tally[], window: Window): Promise<Omit<Measured, "cpuSeconds">> {
    const observations = tallies.map((tally) => tally.observations);
    const judge = await this.#judge(run, observations);
    const judgement = judge(window);
    const unsent = tallies.map((tally) => tally.unsent);
    const reads = Distribution.merge(tallies.map(({ readHistogram }) => readHistogram));
    const writes = Distribution.merge(tallies.map(({ writeHistogram }) => writeHistogram));
    return {
      figures: {
        perSecond: (sumOf(tallies.map(({ succeeded }) => succeeded)) * 1000) / run.durationMs,
        reads: reads.latency(),
        writes: writes.latency(),
        consistency: judgement.consistency,
        failed: sumOf(tallies.map(({ failed }) => failed)),
        unknown: sumOf(tallies.map(({ unknown }) => unknown)),
      },
      requests: sumOf(tallies.map(({ answered }) => answered)),
      unsent: sumOf(unsent.map(sumOf)),
      readHistogram: reads.encode(),
      writeHistogram: writes.encode(),
      versionsHistogram: judgement.versionsBehind.encode(),
      behindHistogram: judgement.usBehind.encode(),
      ofStretch:
        run.stretch && stretchFigures(observations, judge(windowOf(run.stretch, window)), unsent, run.stretch, window),
      timeline: run.system === "floor" ? [] : timelineOf(observations, judgement.isStale, unsent, window),
    };
  }

  /** Reads all that was written from all replicas, and compares. */
  async #judge(run: Run, observations: readonly Observations[]): Promise<(window: Window) => Judgement> {
    const bucket = `${run.system}/${bucketOf(run.workload, run.bucket)}`;
    const counters: CounterHistory = new CounterHistory(observations, this.#counted.get(bucket) ?? new Map());
    const history = run.workload === "counter" ? counters : historyOf(run, observations);
    const found = await this.#readBack(run, history.keys);
    for (let look = 2; look <= looksMax; look++) {
      const missing = history.missing(found);
      if (missing.length === 0) break;
      await pause(lookPauseMs);
      found.push(...(await this.#readBack(run, missing)));
    }
    if (history === counters) this.#counted.set(bucket, counters.after(found));
    return (window) => history.judge(found, window);
  }

  /** Each process its part. */
  async #readBack(run: Run, keys: Uint32Array): Promise<Found[]> {
    const share = Math.ceil(keys.length / this.#processes.length);
    const results = await this.#all((client, self) => {
      const part = keys.slice(self * share, (self + 1) * share);
      return client.ask({ kind: "read-back", run, place: this.#placeOf(self), keys: part });
    });
    return results.map(({ found }) => found);
  }

  #all<Result>(ask: (client: ForkedClient, self: number) => Promise<Result>): Promise<Result[]> {
    return Promise.all(this.#processes.map(ask));
  }

  #placeOf(self: number): Place {
    return { self, processes: this.#processes.length };
  }

  /** @throws if the values have no room for their stamps */
  #check({ valueBytes }: Run): void {
    const least = stampBytes(this.#processes.length);
    if (valueBytes >= least) return;
    throw new Error(
      `values of ${this.#processes.length} client processes have at least ${least} bytes, not ${valueBytes}: ` +
        "each says which writes its writer had seen",
    );
  }
}

function historyOf({ system, setting }: Run, observations: readonly Observations[]): History {
  const keepsSiblings = system === "coterie" && setting.resolver === "siblings";
  return keepsSiblings ? new ValueHistory(observations) : new LatestHistory(observations);
}

class Telling {
  readonly isOver: Promise<void>;
  readonly #begin: NodeJS.Timeout;
  #end: NodeJS.Timeout | undefined;

  constructor(moments: Moments, { warmUpMs, durationMs }: Run) {
    this.#begin = setTimeout(() => moments.onBegin?.(), warmUpMs);
    this.isOver = new Promise((resolve) => {
      this.#end = setTimeout(() => {
        moments.onEnd?.();
        resolve();
      }, warmUpMs + durationMs);
    });
  }

  /** A run that has failed ends no measured time. */
  stop(): void {
    clearTimeout(this.#begin);
    clearTimeout(this.#end);
  }
}

function sumOf(numbers: Iterable<number>): number {
  let sum = 0;
  for (const one of numbers) sum += one;
  return sum;
}
