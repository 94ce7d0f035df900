/**
 * I3, by itself: some time after the last fault all primaries hold the same bytes of every key, nobody else holds any, and
 * no hint is left. Then comes the fixpoint: nothing is left to mend, so nothing is written any more, whatever is read.
 *
 * Tombstones that are collected may go at any time: their removal is no write, and where one is left it may be missing elsewhere.
 */
import type { Accuse, Checker } from "../checker.ts";
import type { EndOfRun, Observation } from "../observation.ts";

export class Convergence implements Checker {
  readonly invariant = "I3";
  readonly #accuse: Accuse;
  #isConverged = false;

  constructor(accuse: Accuse) {
    this.#accuse = accuse;
  }

  observe(observation: Observation): void {
    if (observation.kind === "phase" && observation.phase === "converged") this.#isConverged = true;
    if (!this.#isConverged) return;
    if (observation.kind === "stored")
      this.#accuse(`${observation.node} writes its record of ${observation.key} when all replicas are the same`);
    if (observation.kind === "hinted" && observation.after !== undefined)
      this.#accuse(`${observation.node} keeps a hint of ${observation.key} when all replicas are the same`);
  }

  finish({ isConverged, differences }: EndOfRun): void {
    if (!isConverged) return;
    for (const difference of differences) this.#accuse(difference);
  }
}
