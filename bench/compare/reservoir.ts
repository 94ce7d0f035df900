/**
 * A fair sample of numbers without end, in bounded memory: each of them is in it with the same probability.
 * Source: Vitter: Random Sampling with a Reservoir (1985), algorithm R.
 */
import type { Random } from "../../src/random.ts";

export class Reservoir {
  readonly #random: Random;
  readonly #sizeMax: number;
  readonly #values: number[] = [];
  #count = 0;

  constructor(random: Random, sizeMax: number) {
    this.#random = random;
    this.#sizeMax = sizeMax;
  }

  /** What was drawn, in no order that means anything. */
  get values(): readonly number[] {
    return this.#values;
  }

  add(value: number): void {
    this.#count++;
    if (this.#values.length < this.#sizeMax) this.#values.push(value);
    else {
      const at = this.#random.between(0, this.#count - 1);
      if (at < this.#sizeMax) this.#values[at] = value;
    }
  }
}
