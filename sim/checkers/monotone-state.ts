/**
 * I2a: what a replica stores of a key only goes up the lattice: no dot is forgotten, and none that was overwritten comes back.
 * The one way down is the removal of a tombstone (design §7); what it has seen is watched by `no-resurrection.ts` from then on.
 * Between crashes, that is: what was not synced may be lost with one, and the next comparison is with what is there then.
 */
import { formatDot, type Dot } from "../../src/dot.ts";
import { contains, dotsOf } from "../../src/causal-context.ts";
import { has, isIncluded, type StoredObject } from "../../src/object.ts";
import type { Accuse, Checker } from "../checker.ts";
import type { Collected, EndOfRun, Observation } from "../observation.ts";
import { isDead } from "../states.ts";

export class MonotoneState implements Checker {
  readonly invariant = "I2a";
  readonly #accuse: Accuse;

  constructor(accuse: Accuse) {
    this.#accuse = accuse;
  }

  observe(observation: Observation): void {
    if (observation.kind === "collected") return this.#checkRemoval(observation);
    if (observation.kind !== "stored") return;
    const { node, key, before, after } = observation;
    if (after === undefined) this.#accuse(`${node} writes what is no record of ${key}`);
    else if (before !== undefined && !isIncluded(before, after))
      this.#accuse(`${node} stores less of ${key} than it had: ${differenceOf(before, after)}`);
  }

  finish(_end: EndOfRun): void {}

  #checkRemoval({ node, key, before }: Collected): void {
    if (before === undefined || !isDead(before))
      this.#accuse(`${node} removes its record of ${key}, which is no tombstone`);
  }
}

function differenceOf(before: StoredObject, after: StoredObject): string {
  const forgotten = [...dotsOf(before.context)].filter((dot) => !contains(after.context, dot));
  const risen = after.siblings.filter(({ dot }) => !has(before, dot) && contains(before.context, dot));
  return `forgotten dots: ${list(forgotten)}; risen ones: ${list(risen.map(({ dot }) => dot))}`;
}

function list(dots: readonly Dot[]): string {
  return dots.map(formatDot).join(", ") || "none";
}
