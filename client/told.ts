/** What has been told of a bucket's siblings and their merge, so that nobody hears the same twice, as far as memory reaches. */
import { RecentMap } from "../src/recent-map.ts";

const siblingsPerGeneration = 5000;

export class Told {
  /** A broken law is told once: the next read would show it again. */
  isLawTold = false;
  readonly #names = new RecentMap<string, true>(siblingsPerGeneration);

  /** Whether these siblings of the key have not been told of. From now on they have. */
  isNew(key: string, dots: string): boolean {
    const name = `${key} ${dots}`;
    if (this.#names.get(name) !== undefined) return false;
    this.#names.set(name, true);
    return true;
  }
}
