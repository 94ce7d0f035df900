/**
 * The work that is drawn for a seed: gets, puts and deletes of a few keys, with contexts that are fresh, old, somebody else's,
 * remembered by the client itself, or missing.
 */
import type { RequestOptions } from "../src/options.ts";
import type { Random } from "../src/random.ts";
import type { Call, Seen, Workload } from "./call.ts";
import type { Bucket, WorkMix } from "./profile.ts";

export class DrawnWork {
  readonly #random: Random;
  readonly #mix: WorkMix;
  readonly #name: string;
  readonly #nowMs: () => number;
  #values = 0;

  /** @param name of the client: it stands in the values, which so are unique */
  constructor(random: Random, mix: WorkMix, name: string, nowMs: () => number) {
    this.#random = random;
    this.#mix = mix;
    this.#name = name;
    this.#nowMs = nowMs;
  }

  /** Without end. */
  *steps(): Workload {
    for (;;) {
      yield { kind: "think", lastsMs: this.#drawPauseMs() };
      yield* this.#operate();
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
    const where = { bucket: bucket.name, key, seen, options: this.#putOptions(bucket) };
    yield drawn < puts ? { kind: "put", value: this.#newValue(), ...where } : { kind: "delete", ...where };
  }

  /** The work moves on to other keys, so that some are left behind for good, deleted or not. */
  #drawKey(): string {
    const { keys, hotKeys, keyLifeMs } = this.#mix;
    const life = Math.floor(this.#nowMs() / keyLifeMs);
    const among = hotKeys > 0 && this.#random.chance(0.5) ? Math.min(hotKeys, keys) : keys;
    return `k${life * keys + this.#random.between(1, among)}`;
  }

  #drawSeen(): Seen {
    const { fresh, blind, stale } = this.#mix;
    const drawn = this.#random.fraction();
    if (drawn < fresh) return "last read";
    if (drawn < fresh + blind) return "nothing";
    return drawn < fresh + blind + stale ? this.#random.between(0, 99) : "remembered";
  }

  #read({ name, n: most }: Bucket, key: string): Call {
    const mix = this.#mix;
    const random = this.#random;
    const n = this.#drawN(most);
    const r = Math.min(random.pick(mix.r), n);
    const options: RequestOptions = {
      n,
      r,
      w: Math.min(random.pick(mix.w), n),
      pr: random.chance(mix.primary) ? random.between(1, r) : 0,
      sloppy: random.chance(mix.sloppy),
      readRepair: random.pick(mix.readRepair),
      fanout: random.pick(["quorum", "all"] as const),
      timeoutMs: mix.timeoutMs,
    };
    return { kind: "get", bucket: name, key, options };
  }

  #putOptions({ n: most }: Bucket): RequestOptions {
    const mix = this.#mix;
    const random = this.#random;
    const n = this.#drawN(most);
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
  #drawN(most: number): number {
    const { narrow, dwMin } = this.#mix;
    return this.#random.chance(narrow) ? this.#random.between(dwMin, most) : most;
  }

  #newValue(): string {
    const padding = "x".repeat(this.#random.between(0, this.#mix.valueBytesMax));
    return `${this.#name}#${++this.#values}${padding}`;
  }
}
