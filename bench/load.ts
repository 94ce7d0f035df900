import { build, type Histogram } from "hdr-histogram-js";

/** Called once per request, never before `Issue` has returned. */
export type Done = (error?: Error) => void;

export type RequestKind = "put" | "get";

/** Starts one request on the key of this number and calls `done` when it is answered. */
export type Issue = (kind: RequestKind, keyNumber: number, done: Done) => void;

export interface LoadOptions {
  readonly kind: RequestKind;
  /** Requests kept under way all the time: the next one starts when one is answered. */
  readonly inFlight: number;
  /** Time before measuring starts, so that queues are full and code is compiled. */
  readonly warmUpMs: number;
  readonly durationMs: number;
  /** Keys 0 to `keys` - 1 are drawn uniformly. */
  readonly keys: number;
  readonly seed: number;
}

export interface LoadResult {
  readonly perSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** Requests that failed; they stand neither in the rate nor in the latencies. */
  readonly errors: number;
}

/**
 * A closed loop: as many requests as `inFlight` wait for an answer at any time. It measures what a system can carry,
 * not how it behaves at a given arrival rate: a slow answer holds its successor back (coordinated omission).
 * Resolves when the last request that it issued is answered.
 */
export function runLoad(issue: Issue, options: LoadOptions): Promise<LoadResult> {
  return new Promise((resolve) => new Load(issue, options, resolve).start());
}

/** Puts every key once, so that gets find something. Rejects when a put fails. */
export function fill(issue: Issue, keys: number, inFlight: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let next = 0;
    let answered = 0;
    const done = (error?: Error): void => {
      if (error) return reject(error);
      answered += 1;
      if (answered === keys) return resolve();
      if (next < keys) issue("put", next++, done);
    };
    while (next < Math.min(inFlight, keys)) issue("put", next++, done);
  });
}

class Load {
  private readonly issue: Issue;
  private readonly options: LoadOptions;
  private readonly resolve: (result: LoadResult) => void;
  private readonly latencyUs: Histogram = build({
    highestTrackableValue: 60_000_000,
    numberOfSignificantValueDigits: 3,
  });
  private readonly startedAtMs: Float64Array;
  private random: number;
  private measureFromMs = 0;
  private measureToMs = 0;
  private underWay: number;
  private errors = 0;

  constructor(issue: Issue, options: LoadOptions, resolve: (result: LoadResult) => void) {
    this.issue = issue;
    this.options = options;
    this.resolve = resolve;
    this.startedAtMs = new Float64Array(options.inFlight);
    this.underWay = options.inFlight;
    this.random = options.seed | 1;
  }

  start(): void {
    const now = performance.now();
    this.measureFromMs = now + this.options.warmUpMs;
    this.measureToMs = this.measureFromMs + this.options.durationMs;
    for (let lane = 0; lane < this.options.inFlight; lane++) this.run(lane);
  }

  /** One request after the other, with one `done` for all of them: the loop must not cost more than it measures. */
  private run(lane: number): void {
    const { kind } = this.options;
    const next = (now: number): void => {
      this.startedAtMs[lane] = now;
      this.issue(kind, this.drawKey(), done);
    };
    const done = (error?: Error): void => {
      const now = performance.now();
      this.record(lane, now, error);
      if (now < this.measureToMs) next(now);
      else this.finishLane();
    };
    next(performance.now());
  }

  private record(lane: number, now: number, error: Error | undefined): void {
    if (now < this.measureFromMs || now >= this.measureToMs) return;
    if (error) this.errors += 1;
    else this.latencyUs.recordValue(Math.ceil((now - this.startedAtMs[lane]!) * 1000));
  }

  private finishLane(): void {
    this.underWay -= 1;
    if (this.underWay > 0) return;
    this.resolve({
      perSecond: (this.latencyUs.totalCount * 1000) / this.options.durationMs,
      p50Us: this.latencyUs.getValueAtPercentile(50),
      p99Us: this.latencyUs.getValueAtPercentile(99),
      errors: this.errors,
    });
  }

  /** xorshift32: two runs with one seed ask for the same keys. */
  private drawKey(): number {
    let x = this.random;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.random = x;
    return (x >>> 0) % this.options.keys;
  }
}
