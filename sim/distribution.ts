/** Numbers that were drawn or measured, in order: which share of them lies up to a value, and up to which value a share of them lies. */
export class Distribution {
  readonly #ascending: Float64Array;

  /** @param values become the distribution's own; at least one */
  constructor(values: Float64Array) {
    this.#ascending = values.sort();
  }

  /** 0 to 1 */
  shareUpTo(value: number): number {
    let low = 0;
    for (let high = this.#ascending.length; low < high;) {
      const middle = (low + high) >> 1;
      if (this.#ascending[middle]! <= value) low = middle + 1;
      else high = middle;
    }
    return low / this.#ascending.length;
  }

  /** The least value up to which this share lies. @param share 0 to 1 */
  at(share: number): number {
    // A little less: 0.999 × 1000 is 999.0000000000001.
    const place = Math.ceil(share * this.#ascending.length - 1e-9) - 1;
    return this.#ascending[Math.min(Math.max(place, 0), this.#ascending.length - 1)]!;
  }
}
