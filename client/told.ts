/**
 * What has been told of a bucket's siblings, so that nobody hears the same twice: two generations of a few thousand, as in `seen.ts`,
 * the older of which is forgotten when the younger is full.
 */
const siblingsPerGeneration = 5000;

export class Told {
  /** A broken law is told once: the next read would show it again. */
  isLawTold = false;
  #young = new Set<string>();
  #old = new Set<string>();

  /** Whether these siblings of the key have not been told of. From now on they have. */
  isNew(key: string, dots: string): boolean {
    const name = `${key} ${dots}`;
    if (this.#young.has(name) || this.#old.has(name)) return false;
    if (this.#young.size >= siblingsPerGeneration) {
      this.#old = this.#young;
      this.#young = new Set();
    }
    this.#young.add(name);
    return true;
  }
}
