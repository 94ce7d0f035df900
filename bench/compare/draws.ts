/**
 * Which key a request is for, as YCSB draws it (Cooper et al., "Benchmarking Cloud Serving Systems with YCSB", SoCC 2010): numbers from
 * 0 on. The zipfian one is that of Gray et al., "Quickly Generating Billion-Record Synthetic Databases", SIGMOD 1994, figure 5.
 */
import type { Random } from "../../src/random.ts";

export interface KeyDraw {
  next(): number;
}

const constant = 0.99;
const alpha = 1 / (1 - constant);
const zeta2 = 1 + 0.5 ** constant;

/** So many, with this sum of their weights, that the keys of any comparison are far fewer: both are YCSB's. */
const scrambledFrom = 10_000_000_000;
const scrambledZeta = 26.469_028_201_783_02;

/** The rank of an item among `count`, of which the first is drawn most often. @param zeta the sum of their weights */
export function drawRank(fraction: number, count: number, zeta: number): number {
  const weight = fraction * zeta;
  if (weight < 1) return 0;
  if (weight < zeta2) return Math.min(1, count - 1);
  const eta = (1 - (2 / count) ** (1 - constant)) / (1 - zeta2 / zeta);
  return Math.min(count - 1, Math.floor(count * (eta * fraction - eta + 1) ** alpha));
}

/** The sum of the weights of ranks `from` to `to` - 1: add it to that of the ranks below. */
export function zetaOf(from: number, to: number): number {
  let sum = 0;
  for (let rank = from; rank < to; rank++) sum += (rank + 1) ** -constant;
  return sum;
}

export class Uniform implements KeyDraw {
  readonly #random: Random;
  readonly #keys: number;

  constructor(random: Random, keys: number) {
    this.#random = random;
    this.#keys = keys;
  }

  next(): number {
    return Math.floor(this.#random.fraction() * this.#keys);
  }
}

/** Popular keys lie anywhere among the others: the rank is hashed over all keys. */
export class ScrambledZipfian implements KeyDraw {
  readonly #random: Random;
  readonly #keys: number;

  constructor(random: Random, keys: number) {
    this.#random = random;
    this.#keys = keys;
  }

  next(): number {
    const rank = drawRank(this.#random.fraction(), scrambledFrom, scrambledZeta);
    return Math.floor(hashFraction(rank) * this.#keys);
  }
}

/** The keys that were inserted last are the popular ones. */
export class Latest implements KeyDraw {
  readonly #random: Random;
  readonly #keys: () => number;
  #counted = 0;
  #zeta = 0;

  /** @param keys how many there are at the moment; never becomes less */
  constructor(random: Random, keys: () => number) {
    this.#random = random;
    this.#keys = keys;
  }

  next(): number {
    const keys = this.#keys();
    this.#zeta += zetaOf(this.#counted, keys);
    this.#counted = keys;
    return keys - 1 - drawRank(this.#random.fraction(), keys, this.#zeta);
  }
}

/** FNV-1a of the number's eight bytes, in halves of 32 bits, of which the upper 53 bits become a share from 0 to below 1. */
function hashFraction(number: number): number {
  let high = 0xcbf2_9ce4;
  let low = 0x8422_2325;
  let rest = number;
  for (let byte = 0; byte < 8; byte++) {
    low = (low ^ (rest & 0xff)) >>> 0;
    rest = Math.floor(rest / 256);
    const product = low * 0x1b3; // the prime is 2^40 + 0x1b3
    high = (high * 0x1b3 + Math.floor(product / 2 ** 32) + ((low << 8) >>> 0)) % 2 ** 32;
    low = product % 2 ** 32;
  }
  return (high * 2 ** 21 + Math.floor(low / 2 ** 11)) / 2 ** 53;
}
