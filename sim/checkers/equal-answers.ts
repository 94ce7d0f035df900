/**
 * I3, as far as it goes without repair: when everything is healed, a read at r = n says the same at every node, and what it says
 * is the join of what all replicas hold.
 */
import { emptyContext, includes, joinContexts, type CausalContext } from "../../src/causal-context.ts";
import { emptyObject, isIncluded, type StoredObject } from "../../src/object.ts";
import type { Accuse, Checker } from "../checker.ts";
import type { EndOfKey, EndOfRun, KeyName, Observation } from "../observation.ts";
import { isDead } from "../states.ts";

export class EqualAnswers implements Checker {
  readonly invariant = "I3";
  readonly #accuse: Accuse;
  /** A tombstone that is going may be in one answer and no longer in the next. */
  readonly #collected = new Map<KeyName, CausalContext>();

  constructor(accuse: Accuse) {
    this.#accuse = accuse;
  }

  observe(observation: Observation): void {
    if (observation.kind !== "collected") return;
    const { key, before } = observation;
    this.#collected.set(key, joinContexts(this.#collected.get(key) ?? emptyContext, before.context));
  }

  finish({ keys }: EndOfRun): void {
    for (const [key, end] of keys) this.#checkKey(key, end);
  }

  #checkKey(key: KeyName, { reads, joined }: EndOfKey): void {
    for (const [node, read] of reads)
      if (!isSame(this.#withoutGone(key, read), this.#withoutGone(key, joined)))
        this.#accuse(`a read of ${key} at ${node} from all replicas is not the join of what they hold`);
  }

  #withoutGone(key: KeyName, object: StoredObject): StoredObject {
    const isGone = isDead(object) && includes(this.#collected.get(key) ?? emptyContext, object.context);
    return isGone ? emptyObject : object;
  }
}

function isSame(a: StoredObject, b: StoredObject): boolean {
  return isIncluded(a, b) && isIncluded(b, a);
}
