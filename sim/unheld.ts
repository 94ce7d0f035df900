/**
 * What a coordinator has replaced or removed for a writer who had seen it, without having it itself: it may lag. It then knows the dot
 * and not the operation, and tells the others so; nobody recognises another try of that operation any more, and one that stands under
 * a second dot already rises again.
 */
import { emptyContext, joinContexts, type CausalContext } from "../src/causal-context.ts";
import type { KeyName, Observation } from "./observation.ts";

export class Unheld {
  readonly #keys = new Map<KeyName, CausalContext>();

  observe(observation: Observation): void {
    if (observation.kind !== "issue" && observation.kind !== "dropped") return;
    const { key, unheld } = observation;
    if (unheld !== undefined) this.#keys.set(key, joinContexts(this.of(key), unheld));
  }

  of(key: KeyName): CausalContext {
    return this.#keys.get(key) ?? emptyContext;
  }
}
