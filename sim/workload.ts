/**
 * The work that is drawn for a seed: gets, puts and deletes of a few keys, with contexts that are fresh, old, somebody else's,
 * remembered by the client itself, or missing.
 */
import type { RequestOptions } from "../src/options.ts";
import type { Random } from "../src/random.ts";
import type { Call, Seen, Workload } from "./call.ts";
import type { Bucket, WorkMix } from "./profile.ts";
import { DrawnTypedWork } from "./typed-work.ts";

export class DrawnWork {
  readonly #random: Random;
  readonly #mix: WorkMix;
  readonly #name: string;
  readonly #nowMs: () => number;
  readonly #typed: DrawnTypedWork | undefined;
  #values = 0;

  /**
   * @param name of the client: it stands in the values, which so are unique
   * @param typedRandom for the work on replicated data types: where there is none, everything else is as it would be without
   */
  constructor(random: Random, mix: WorkMix, name: string, nowMs: () => number, typedRandom: Random) {
    this.#random = random;
    this.#mix = mix;
    this.#name = name;
    this.#nowMs = nowMs;
    const options = (what: "get" | "put", n: number, dice: Random): RequestOptions =>
      what === "get" ? getOptions(mix, n, dice) : putOptions(mix, n, dice);
    // In a weather that asks for more disks than its bucket has replicas it would lose what nobody promised to keep.
    if (mix.typed !== undefined && mix.typed.bucket.n >= mix.dwMin)
      this.#typed = new DrawnTypedWork(typedRandom, { ...mix.typed, dwMin: mix.dwMin }, name, options);
  }

  /** Without end. */
  *steps(): Workload {
    for (;;) {
      yield { kind: "think", lastsMs: this.#drawPauseMs() };
      if (this.#typed?.isNext() === true) yield* this.#typed.operate(this.#life);
      else yield* this.#operate();
      if (this.#random.chance(this.#mix.clientRestarts)) yield { kind: "leave" };
    }
  }

  /** Where work comes in bursts, what would fall between two of them waits for the next one. */
  #drawPauseMs(): number {
    const { thinkMeanMs, burst } = this.#mix;
    const pauseMs = this.#random.exponential(thinkMeanMs);
    if (burst === undefined) return pauseMs;
    const periodMs = burst.busyMs + burst.idleMs;
    const inPeriodMs = (this.#nowMs() + pauseMs) % periodMs;
    return inPeriodMs < burst.busyMs ? pauseMs : pauseMs + periodMs - inPeriodMs;
  }

  *#operate(): Workload {
    const { puts, deletes } = this.#mix;
    const bucket = this.#random.pick(this.#mix.buckets);
    const key = this.#drawKey();
    const drawn = this.#random.fraction();
    if (drawn >= puts + deletes) return void (yield this.#read(bucket, key));
    const seen = this.#drawSeen();
    if (seen === "last read") yield this.#read(bucket, key);
    const where = { bucket: bucket.name, key, seen, options: putOptions(this.#mix, bucket.n, this.#random) };
    yield drawn < puts ? { kind: "put", value: this.#newValue(), ...where } : { kind: "delete", ...where };
  }

  /** The work moves on to other keys, so that some are left behind for good, deleted or not. */
  #drawKey(): string {
    const { keys, hotKeys } = this.#mix;
    const among = hotKeys > 0 && this.#random.chance(0.5) ? Math.min(hotKeys, keys) : keys;
    return `k${this.#life * keys + this.#random.between(1, among)}`;
  }

  get #life(): number {
    return Math.floor(this.#nowMs() / this.#mix.keyLifeMs);
  }

  #drawSeen(): Seen {
    const { fresh, blind, stale } = this.#mix;
    const drawn = this.#random.fraction();
    if (drawn < fresh) return "last read";
    if (drawn < fresh + blind) return "nothing";
    return drawn < fresh + blind + stale ? this.#random.between(0, 99) : "remembered";
  }

  #read({ name, n }: Bucket, key: string): Call {
    return { kind: "get", bucket: name, key, options: getOptions(this.#mix, n, this.#random) };
  }

  #newValue(): string {
    const padding = "x".repeat(this.#random.between(0, this.#mix.valueBytesMax));
    return `${this.#name}#${++this.#values}${padding}`;
  }
}

function getOptions(mix: WorkMix, most: number, random: Random): RequestOptions {
  const n = drawN(mix, most, random);
  const r = Math.min(random.pick(mix.r), n);
  return {
    n,
    r,
    w: Math.min(random.pick(mix.w), n),
    pr: random.chance(mix.primary) ? random.between(1, r) : 0,
    sloppy: random.chance(mix.sloppy),
    readRepair: random.pick(mix.readRepair),
    fanout: random.pick(["quorum", "all"] as const),
    timeoutMs: mix.timeoutMs,
  };
}

function putOptions(mix: WorkMix, most: number, random: Random): RequestOptions {
  const n = drawN(mix, most, random);
  const w = Math.min(random.pick(mix.w), n);
  return {
    n,
    w,
    dw: random.between(mix.dwMin, w),
    pw: random.chance(mix.primary) ? random.between(1, w) : 0,
    sloppy: random.chance(mix.sloppy),
    timeoutMs: mix.timeoutMs,
  };
}

/** Not fewer than disks must have it. */
function drawN({ narrow, dwMin }: WorkMix, most: number, random: Random): number {
  return random.chance(narrow) ? random.between(dwMin, most) : most;
}
