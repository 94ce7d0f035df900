/**
 * I7: what a node has acknowledged as durable survives its crash. Looked at twice: when it says so, its disk must have it; and
 * after every start, before any message, everything that it ever said is there or replaced, or was collected since.
 */
import { includes } from "../../src/causal-context.ts";
import { emptyObject, isIncluded, sync, type StoredObject } from "../../src/object.ts";
import type { NodeId } from "../../src/ring.ts";
import { Burials } from "../burials.ts";
import type { Accuse, Checker } from "../checker.ts";
import type { Acknowledged, EndOfRun, HandedOff, KeyName, Observation, Restarted } from "../observation.ts";

export class CrashDurability implements Checker {
  readonly invariant = "I7";
  readonly #accuse: Accuse;
  readonly #handedOff = new Map<NodeId, Map<KeyName, StoredObject>>();
  readonly #acknowledged = new Map<NodeId, Map<KeyName, StoredObject>>();
  readonly #burials = new Burials();

  constructor(accuse: Accuse) {
    this.#accuse = accuse;
  }

  observe(observation: Observation): void {
    this.#burials.observe(observation);
    switch (observation.kind) {
      case "acknowledged":
        return this.#acknowledge(observation);
      case "handedOff":
        return this.#handOff(observation);
      case "damaged":
      case "collected":
        return this.#forgive(observation.node, observation.key);
      case "restarted":
        return this.#checkDisk(observation);
      default:
        return;
    }
  }

  finish(_end: EndOfRun): void {}

  #handOff({ node, key, object }: HandedOff): void {
    const keys = this.#handedOff.get(node) ?? new Map<KeyName, StoredObject>();
    this.#handedOff.set(node, keys.set(key, sync(keys.get(key) ?? emptyObject, object)));
  }

  /** What it has, and what it has given into other hands. */
  #answersFor(node: NodeId, key: KeyName, held: StoredObject | undefined): StoredObject | undefined {
    const handedOff = this.#handedOff.get(node)?.get(key);
    return handedOff === undefined || held === undefined ? (held ?? handedOff) : sync(held, handedOff);
  }

  #acknowledge({ node, key, isDurable, said, held }: Acknowledged): void {
    // A barrier for what is there already may be answered together with the removal that follows it.
    if (includes(this.#burials.of(key, node), said.context)) return;
    if (held === undefined || !isIncluded(said, held))
      this.#accuse(`${node} acknowledges a write to ${key} that is not ${isDurable ? "on its disk" : "in its memory"}`);
    if (!isDurable) return;
    const keys = this.#acknowledged.get(node) ?? new Map<KeyName, StoredObject>();
    this.#acknowledged.set(node, keys.set(key, sync(keys.get(key) ?? emptyObject, said)));
  }

  #forgive(node: NodeId, key: KeyName | undefined): void {
    if (key === undefined) this.#acknowledged.delete(node);
    else this.#acknowledged.get(node)?.delete(key);
  }

  #checkDisk({ node, read }: Restarted): void {
    for (const [key, said] of this.#acknowledged.get(node) ?? []) {
      const held = this.#answersFor(node, key, read(key));
      if (held === undefined || !isIncluded(said, held))
        this.#accuse(`after its start ${node} has lost of ${key} what it had acknowledged`);
    }
  }
}
