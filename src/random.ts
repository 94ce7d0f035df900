/**
 * Chance as a value: a seeded generator of 32-bit integers, handed to whoever needs to draw. The same seed gives the same
 * draws on every machine. Source: sfc32 of PractRand, by Chris Doty-Humphrey.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;
  readonly #seed: number;

  /** Two words of seed; streams with different second words are independent of each other. */
  constructor(seed: number, stream = 0) {
    this.#seed = seed ^ stream;
    this.#a = seed | 0;
    this.#b = stream | 0;
    this.#c = 0x9e37_79b9 | 0;
    for (let round = 0; round < 12; round++) this.next();
  }

  /** 0 … 2^32 − 1 */
  next(): number {
    const drawn = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + drawn;
    this.#c |= 0;
    return drawn >>> 0;
  }

  /** 0 ≤ x < 1 */
  fraction(): number {
    return this.next() / 2 ** 32;
  }

  /** from ≤ x ≤ to, whole numbers */
  between(from: number, to: number): number {
    return from + Math.floor(this.fraction() * (to - from + 1));
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.between(0, items.length - 1)];
    if (item === undefined) throw new Error("picked from nothing");
    return item;
  }

  /** Exponentially distributed around a mean, as waiting times are. */
  exponential(mean: number): number {
    return -mean * Math.log(1 - this.fraction());
  }

  /** `length` characters of binary string: an id. */
  binary(length: number): string {
    let text = "";
    for (let at = 0; at < length; at++) text += String.fromCharCode(this.next() >>> 24);
    return text;
  }

  /** An independent generator for one moment, or whatever a whole number of 53 bits tells apart. */
  at(moment: number): Random {
    return new Random(this.#seed ^ Math.floor(moment / 2 ** 32), moment | 0);
  }

  /**
   * An independent generator for one purpose, so that a new draw in one place does not reshuffle the others: it depends on the
   * seed and the purpose, not on what was drawn before.
   */
  stream(purpose: string): Random {
    let hash = 0x811c_9dc5;
    for (let at = 0; at < purpose.length; at++) hash = Math.imul(hash ^ purpose.charCodeAt(at), 0x0100_0193);
    return new Random(this.#seed, hash);
  }
}
