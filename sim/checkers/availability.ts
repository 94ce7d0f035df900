/**
 * I13: a store that refuses everything is safe, and of no use. In a run where nothing strikes no call of a client fails; and
 * in any run, once everything is healed and has settled, none fails any more.
 */
import type { Accuse, Checker } from "../checker.ts";
import { formatOperation } from "../history.ts";
import type { EndOfRun, Observation } from "../observation.ts";

export class Availability implements Checker {
  readonly invariant = "I13";
  readonly #accuse: Accuse;
  #phase: "faultless" | "faulty" | "healed" = "faulty";

  constructor(accuse: Accuse) {
    this.#accuse = accuse;
  }

  observe(observation: Observation): void {
    if (observation.kind === "phase") this.#phase = observation.phase === "faultless" ? "faultless" : "healed";
    if (observation.kind === "refused") this.#accuse(`${observation.sentence}, when everything is healed`);
    if (observation.kind !== "returned" || this.#phase !== "faultless") return;
    const { operation } = observation;
    if (operation.outcome !== "ok") this.#accuse(`${formatOperation(operation)} fails in a run without faults`);
  }

  finish(_end: EndOfRun): void {}
}
