/**
 * I3, by itself: some time after the last fault all primaries hold the same bytes of every key, nobody else holds any, and
 * no hint is left. Then comes the fixpoint: nothing is left to mend, so nothing is written any more, whatever is read.
 *
 * A record that went bad may be mended whenever it is found. Tombstones that are collected may go at any time: their removal is no
 * write, and where the order to remove one was lost it may spread once more. So may operations that are spent.
 */
import { includes } from "../../src/causal-context.ts";
import { Burials } from "../burials.ts";
import type { Accuse, Checker } from "../checker.ts";
import type { EndOfRun, KeyName, Observation, Stored } from "../observation.ts";
import { hasForgotten, isDead } from "../states.ts";

export class Convergence implements Checker {
  readonly invariant = "I3";
  readonly #accuse: Accuse;
  #isConverged = false;
  readonly #healed = new Set<KeyName>();
  readonly #burials = new Burials();

  constructor(accuse: Accuse) {
    this.#accuse = accuse;
  }

  observe(observation: Observation): void {
    this.#burials.observe(observation);
    if (observation.kind === "phase" && observation.phase === "converged") this.#isConverged = true;
    if (!this.#isConverged) return;
    if (observation.kind === "stored" && !this.#isHealing(observation) && !this.#isLeftover(observation))
      this.#accuse(`${observation.node} writes its record of ${observation.key} when all replicas are the same`);
    if (observation.kind === "hinted" && observation.after !== undefined)
      this.#accuse(`${observation.node} keeps a hint of ${observation.key} when all replicas are the same`);
  }

  /** What comes of it too: a node that had lost a record may note so in it, and that is news to the others. */
  #isHealing({ key, isHealing }: Stored): boolean {
    if (isHealing === true) this.#healed.add(key);
    return this.#healed.has(key);
  }

  #isLeftover({ key, before, after }: Stored): boolean {
    if (before !== undefined && after !== undefined && hasForgotten(before, after)) return true;
    return after !== undefined && isDead(after) && includes(this.#burials.of(key), after.context);
  }

  finish({ isConverged, differences }: EndOfRun): void {
    if (!isConverged) return;
    for (const difference of differences) this.#accuse(difference);
  }
}
