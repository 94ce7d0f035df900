/**
 * Of which operations another try is not recognised, within the limits of the store: one that stands under a second dot rises again.
 *
 * - A coordinator that lags replaces or removes for a writer what this one had seen and it has never had: it knows the dot and not the
 *   operation, and tells the others so.
 * - Of a key on which more than `spentMax` operations are kept for their ids the oldest are forgotten.
 *
 * Counters are not among them: nothing is taken from a counter unseen.
 */
import { emptyContext, joinContexts, type CausalContext } from "../src/causal-context.ts";
import { limits } from "../src/limits.ts";
import type { KeyName, Observation } from "./observation.ts";

export class Unrecognised {
  readonly #keys = new Map<KeyName, CausalContext>();

  observe(observation: Observation): void {
    switch (observation.kind) {
      case "issue":
      case "dropped":
        if (observation.unheld !== undefined) this.#add(observation.key, observation.unheld);
        return;
      case "stored":
      case "hinted": {
        const { key, after } = observation;
        if (after !== undefined && after.spent.length >= limits.spentMax) this.#add(key, after.context);
        return;
      }
      default:
        return;
    }
  }

  /** The dots under which they stood. */
  of(key: KeyName): CausalContext {
    return this.#keys.get(key) ?? emptyContext;
  }

  #add(key: KeyName, dots: CausalContext): void {
    this.#keys.set(key, joinContexts(this.of(key), dots));
  }
}
