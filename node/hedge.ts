/**
 * How many gets may ask one replica more than they need because one that they asked is slow: at most a share of all gets, and none
 * while this node is overloaded. Without a bound a slow moment of the whole cluster would double its load.
 *
 * A bucket of tokens: each get brings `hedgeShare` of one, each hedge takes one.
 * Source: Dean, Barroso: The Tail at Scale (2013), hedged requests.
 */
import type { Self } from "./self.ts";

/** What quiet times may save up. */
const tokensMax = 10;

export class Hedges {
  readonly #self: Self;
  #tokens = 0;

  constructor(self: Self) {
    this.#self = self;
  }

  /** A get has begun. */
  earn(): void {
    this.#tokens = Math.min(tokensMax, this.#tokens + this.#self.tuning.hedgeShare);
  }

  /** @returns whether one more replica may be asked */
  take(): boolean {
    // A little below 1: twenty times 0.05 is 1.0000000000000002 in one order of additions, and 0.9999999999999999 in another.
    if (this.#self.isOverloaded || this.#tokens < 1 - 1e-9) return false;
    this.#tokens = Math.max(0, this.#tokens - 1);
    this.#self.counters.hedges++;
    return true;
  }
}
