/**
 * The budget of all work that no client waits for: a token bucket of bytes, and a bound on things in flight. It is filled on
 * ticks, with `tuning.backgroundBytesPerSecond`, and with a tenth of that while the node is overloaded.
 *
 * - The order is repair, hints, anti-entropy, scrub: each kind leaves a part of the bucket to those before it. So a kind that
 *   never has enough starves those behind it, and never those before it.
 * - What is larger than what is left goes through and makes a debt: a large record must not wait for ever.
 * - A slot is taken with `begin` and given back with `end`, whatever became of the work: also when its link is lost.
 */
import type { Instant } from "./effects.ts";

/** Most important first. */
export const backgroundKinds = ["repair", "hints", "anti-entropy", "scrub"] as const;
export type BackgroundKind = (typeof backgroundKinds)[number];

/** Requests of background work that this node waits for: more would only queue at those who are slow. */
const inFlightMax = 64;
/** The bucket holds one second: a node whose ticks are that far apart loses nothing. */
const bucketMs = 1000;
const overloadedShare = 0.1;
/** Of the bucket and of the slots: what a kind leaves to those before it. */
const leftToOthers: Readonly<Record<BackgroundKind, number>> = {
  repair: 0,
  hints: 0.25,
  "anti-entropy": 0.5,
  scrub: 0.75,
};

export class Background {
  readonly #bytesPerSecond: number;
  readonly #bytesMax: number;
  #bytes: number;
  #filledAtMs: number;
  #inFlight = 0;

  constructor(bytesPerSecond: number, now: Instant) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#bytesMax = (bytesPerSecond * bucketMs) / 1000;
    this.#bytes = this.#bytesMax;
    this.#filledAtMs = now.monotonicMs;
  }

  /** Of all kinds together. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** At every tick. */
  refill(now: Instant, isOverloaded: boolean): void {
    const share = isOverloaded ? overloadedShare : 1;
    const more = ((now.monotonicMs - this.#filledAtMs) / 1000) * this.#bytesPerSecond * share;
    this.#bytes = Math.min(this.#bytesMax, this.#bytes + more);
    this.#filledAtMs = now.monotonicMs;
  }

  /** Whether so many bytes may be sent or read now. If not, try again at a later tick. */
  take(kind: BackgroundKind, bytes: number): boolean {
    if (this.#bytes <= this.#bytesMax * leftToOthers[kind]) return false;
    this.#bytes -= bytes;
    return true;
  }

  /** Of what turned out larger than it was taken for: must be paid, and nobody is asked. */
  spend(bytes: number): void {
    this.#bytes -= bytes;
  }

  /** `take` for what is answered later: takes a slot too, until `end`. */
  begin(kind: BackgroundKind, bytes: number): boolean {
    if (this.#inFlight >= inFlightMax * (1 - leftToOthers[kind])) return false;
    if (!this.take(kind, bytes)) return false;
    this.#inFlight++;
    return true;
  }

  end(): void {
    if (this.#inFlight === 0) throw new Error("more background work has ended than was begun");
    this.#inFlight--;
  }
}
