/**
 * What has been collected: the dots that some tombstone had seen when it was removed. They are legitimately forgotten, so checkers
 * that look for every acknowledged write look here as well.
 */
import { emptyContext, joinContexts, type CausalContext } from "../src/causal-context.ts";
import type { NodeId } from "../src/ring.ts";
import type { KeyName, Observation } from "./observation.ts";

export class Burials {
  readonly #byPlace = new Map<string, CausalContext>();

  observe(observation: Observation): void {
    if (observation.kind !== "collected" || observation.before === undefined) return;
    const { node, key, before } = observation;
    for (const place of [key, `${node} ${key}`])
      this.#byPlace.set(place, joinContexts(this.#byPlace.get(place) ?? emptyContext, before.context));
  }

  /** What was removed of the key, by anybody or by one node. */
  of(key: KeyName, node?: NodeId): CausalContext {
    return this.#byPlace.get(node === undefined ? key : `${node} ${key}`) ?? emptyContext;
  }
}
