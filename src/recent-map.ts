/**
 * A map that remembers what was set or used lately and forgets the rest, within a bound.
 *
 * - Two generations instead of a list in order of use: what is set goes to the young one, and when that is full the old one is
 *   forgotten. So a use costs one entry, and nothing has to be moved about.
 * - The latest `generationMax` keys are known, and never more than twice as many.
 */
export class RecentMap<Key, Value> {
  readonly #generationMax: number;
  #young = new Map<Key, Value>();
  #old = new Map<Key, Value>();

  /** @param generationMax keys of one generation */
  constructor(generationMax: number) {
    this.#generationMax = generationMax;
  }

  /** Does not count as a use. */
  get(key: Key): Value | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }

  /** The value of the key, which counts as set anew. Mostly one look. */
  use(key: Key): Value | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: Key, value: Value): void {
    if (this.#young.size >= this.#generationMax && !this.#young.has(key)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }
}
