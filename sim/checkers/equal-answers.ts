/**
 * I3, as far as it goes without repair: when everything is healed, a read at r = n says the same at every node, and what it says
 * is the join of what all replicas hold. Tombstones that were collected, and operations that were forgotten, before or after the
 * read, make no difference.
 */
import { emptyObject, isIncluded, sync, type StoredObject } from "../../src/object.ts";
import { Burials } from "../burials.ts";
import type { Accuse, Checker } from "../checker.ts";
import { hasForgotten } from "../states.ts";
import type { EndOfKey, EndOfRun, KeyName, Observation } from "../observation.ts";

export class EqualAnswers implements Checker {
  readonly invariant = "I3";
  readonly #accuse: Accuse;
  /** A tombstone that is going may be in one answer and no longer in the next. */
  readonly #burials = new Burials();

  constructor(accuse: Accuse) {
    this.#accuse = accuse;
  }

  observe(observation: Observation): void {
    this.#burials.observe(observation);
  }

  finish({ keys }: EndOfRun): void {
    for (const [key, end] of keys) this.#checkKey(key, end);
  }

  #checkKey(key: KeyName, { reads, joined }: EndOfKey): void {
    const buried: StoredObject = { ...emptyObject, context: this.#burials.of(key) };
    for (const [node, read] of reads)
      if (!isSame(sync(read, buried), sync(joined, buried)))
        this.#accuse(`a read of ${key} at ${node} from all replicas is not the join of what they hold`);
  }
}

function isSame(a: StoredObject, b: StoredObject): boolean {
  return (isIncluded(a, b) && isIncluded(b, a)) || hasForgotten(a, b) || hasForgotten(b, a);
}
