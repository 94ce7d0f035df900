import { build, type Histogram } from "hdr-histogram-js";
import { CoterieError } from "../client/index.ts";
import { Random } from "../src/random.ts";
import type { Issue } from "./load.ts";

/** What fails at once must not be asked again at once: nothing else would get a turn of the event loop. */
const pauseAfterErrorMs = 10;

export interface SteadyLoadOptions {
  readonly inFlight: number;
  readonly keys: number;
  readonly seed: number;
}

/** What was answered in a stretch of time; latencies are those of requests that succeeded. */
export interface Stretch {
  readonly succeeded: number;
  readonly p99Us: number;
  readonly maxUs: number;
  /** Certainly did not happen. */
  readonly failed: number;
  /** May have happened. */
  readonly unknown: number;
}

/** A closed loop that goes on until it is stopped, puts and gets by turns of chance, and can be asked at any time how it went. */
export class SteadyLoad {
  readonly #issue: Issue;
  readonly #options: SteadyLoadOptions;
  readonly #random: Random;
  #meter: Meter = new Meter();
  #underWay = 0;
  #onEnd: (() => void) | undefined;

  constructor(issue: Issue, options: SteadyLoadOptions) {
    this.#issue = issue;
    this.#options = options;
    this.#random = new Random(options.seed);
  }

  start(): void {
    for (; this.#underWay < this.#options.inFlight; this.#underWay++) this.#run();
  }

  /** The stretch since this was asked the last time. */
  take(): Meter {
    const meter = this.#meter;
    this.#meter = new Meter();
    return meter;
  }

  /** Resolves when the last request that it issued is answered. */
  stop(): Promise<void> {
    return new Promise((resolve) => (this.#onEnd = resolve));
  }

  /** One request after the other. */
  #run(): void {
    let startedAtMs = 0;
    const next = (nowMs: number): void => {
      startedAtMs = nowMs;
      const kind = this.#random.chance(0.5) ? "put" : "get";
      this.#issue(kind, this.#random.between(0, this.#options.keys - 1), done);
    };
    const done = (error?: Error): void => {
      const nowMs = performance.now();
      this.#meter.record(nowMs - startedAtMs, error);
      if (this.#onEnd !== undefined) this.#endLane(this.#onEnd);
      else if (error === undefined) next(nowMs);
      else setTimeout(() => next(performance.now()), pauseAfterErrorMs);
    };
    next(performance.now());
  }

  #endLane(onEnd: () => void): void {
    if (--this.#underWay === 0) onEnd();
  }
}

export class Meter {
  readonly #latencyUs: Histogram = build({ highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: 3 });
  #failed = 0;
  #unknown = 0;

  record(latencyMs: number, error: Error | undefined): void {
    if (error === undefined) this.#latencyUs.recordValue(Math.ceil(latencyMs * 1000));
    else if (error instanceof CoterieError && error.outcome === "none") this.#failed++;
    else this.#unknown++;
  }

  add(other: Meter): void {
    this.#latencyUs.add(other.#latencyUs);
    this.#failed += other.#failed;
    this.#unknown += other.#unknown;
  }

  get stretch(): Stretch {
    const { totalCount, maxValue } = this.#latencyUs;
    const p99Us = this.#latencyUs.getValueAtPercentile(99);
    return { succeeded: totalCount, p99Us, maxUs: maxValue, failed: this.#failed, unknown: this.#unknown };
  }
}
