/**
 * I2c: what was deleted stays dead. As soon as the first replica removes a tombstone, every write that the tombstone had seen is dead
 * for good: no replica stores a state in which one is live again, and none has one in the end. The tombstone itself may come back,
 * from a replica that missed the order to remove it.
 *
 * Only tombstones are ever removed: `monotone-state.ts` accuses the rest.
 */
import { formatDot, type Dot } from "../../src/dot.ts";
import { dotsOf } from "../../src/causal-context.ts";
import { has, type StoredObject } from "../../src/object.ts";
import type { Accuse, Checker } from "../checker.ts";
import type { EndOfRun, KeyName, Observation } from "../observation.ts";

export class BuriedDots implements Checker {
  readonly invariant = "I2c";
  readonly #accuse: Accuse;
  readonly #dead = new Map<KeyName, Set<string>>();

  constructor(accuse: Accuse) {
    this.#accuse = accuse;
  }

  observe(observation: Observation): void {
    if (observation.kind === "collected" && observation.before !== undefined)
      this.#bury(observation.key, observation.before);
    if (observation.kind === "stored" && observation.after !== undefined)
      this.#check(observation.key, `${observation.node} stores`, observation.after);
  }

  finish({ keys }: EndOfRun): void {
    for (const [key, { states, reads }] of keys) {
      for (const [node, state] of states) this.#check(key, `in the end ${node} has`, state);
      for (const [node, read] of reads) this.#check(key, `in the end ${node} reads`, read);
    }
  }

  #bury(key: KeyName, before: StoredObject): void {
    const dead = this.#dead.get(key) ?? new Set<string>();
    for (const dot of dotsOf(before.context)) if (!has(before, dot)) dead.add(nameOf(dot));
    this.#dead.set(key, dead);
  }

  #check(key: KeyName, whoDoes: string, state: StoredObject): void {
    const dead = this.#dead.get(key);
    if (dead === undefined) return;
    for (const { dot } of state.siblings)
      if (dead.has(nameOf(dot)))
        this.#accuse(`${whoDoes} ${formatDot(dot)} of ${key}, which was deleted and collected`);
  }
}

function nameOf({ actor, counter }: Dot): string {
  return `${actor} ${counter}`;
}
