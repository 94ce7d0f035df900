/**
 * I15: nothing grows without need. When nobody waits for anything, nodes keep no request open and say nothing to each other but what
 * they always say; and without faults no call needs a second request.
 */
import { isBackground } from "../background.ts";
import type { Accuse, Checker } from "../checker.ts";
import type { EndOfRun, Observation } from "../observation.ts";

/** Of background work that happens to be under way at the moment of looking. */
const openRequestsMax = 64;
const amplificationMax = 2;
/** A tombstone's time may come when nothing else is left to do. */
const orders: ReadonlySet<string> = new Set(["LeftoverDrop", "LeftoverDropReply"]);

export class ResourceBounds implements Checker {
  readonly invariant = "I15";
  readonly #accuse: Accuse;
  /** Of a record that went bad, and was found to be so when nothing else was left to do. */
  #isHealing = false;

  constructor(accuse: Accuse) {
    this.#accuse = accuse;
  }

  observe(observation: Observation): void {
    if (observation.kind === "phase") this.#isHealing = false;
    if (observation.kind === "stored" && observation.isHealing === true) this.#isHealing = true;
  }

  finish({ resources, isConverged }: EndOfRun): void {
    const { idleTraffic, calls, requests, openRequests, isFaultless } = resources;
    for (const [node, open] of openRequests)
      if (open > openRequestsMax) this.#accuse(`${node} has ${open} requests open though nobody waits for any`);
    if (isFaultless && requests > amplificationMax * calls)
      this.#accuse(`${calls} calls took ${requests} requests though nothing was wrong`);
    if (!isConverged || this.#isHealing) return;
    for (const [kind, count] of idleTraffic)
      if (!isBackground({ kind }) && !orders.has(kind))
        this.#accuse(`${count} ${kind} are sent though nothing is left to do`);
  }
}
