/**
 * Chance that belongs to a purpose and a moment: whatever else is drawn, before it or elsewhere, the same moment of the same run gives
 * the same draws. So a call or a fault more or less changes what it touches, and not the weather of everything after it: that is what
 * makes it possible to shrink a failing run.
 */
import type { Random } from "../src/random.ts";

export class Dice {
  readonly #purpose: Random;
  readonly #nowUs: () => number;
  #atUs = -1;
  #random: Random;

  constructor(purpose: Random, nowUs: () => number) {
    this.#purpose = purpose;
    this.#nowUs = nowUs;
    this.#random = purpose;
  }

  /** The dice of this moment: what was drawn of them in it stays drawn. */
  get now(): Random {
    const nowUs = this.#nowUs();
    if (nowUs !== this.#atUs) {
      this.#atUs = nowUs;
      this.#random = this.#purpose.at(nowUs);
    }
    return this.#random;
  }
}
