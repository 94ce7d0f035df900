/**
 * I7: what a node has acknowledged as durable survives its crash. Looked at twice: when it says so, its disk must have it; and
 * after every start, before any message, everything that it ever said is there or replaced. What it keeps for others is looked at
 * in the same way, until it removes it (checkers/hints.ts says when it may).
 */
import { includes } from "../../src/causal-context.ts";
import { emptyObject, isIncluded, sync, type StoredObject } from "../../src/object.ts";
import type { NodeId } from "../../src/ring.ts";
import { Burials } from "../burials.ts";
import type { Accuse, Checker } from "../checker.ts";
import type { Acknowledged, EndOfRun, Hinted, KeyName, Observation, Restarted } from "../observation.ts";
import { joined, joinOf } from "../states.ts";

export class CrashDurability implements Checker {
  readonly invariant = "I7";
  readonly #accuse: Accuse;
  readonly #acknowledged = new Map<NodeId, Map<KeyName, StoredObject>>();
  readonly #burials = new Burials();
  /** By node, then by target and key. */
  readonly #hints = new Map<NodeId, Map<string, Acknowledged>>();
  /** What it no longer keeps, by node, target and key. */
  readonly #handedOff = new Map<string, StoredObject>();

  constructor(accuse: Accuse) {
    this.#accuse = accuse;
  }

  observe(observation: Observation): void {
    this.#burials.observe(observation);
    switch (observation.kind) {
      case "acknowledged":
        return this.#acknowledge(observation);
      case "damaged":
        return this.#forgive(observation.node, observation.key);
      case "collected":
        return void this.#acknowledged.get(observation.node)?.delete(observation.key);
      case "hinted":
        return this.#handOff(observation);
      case "restarted":
        return this.#checkDisk(observation);
      default:
        return;
    }
  }

  finish(_end: EndOfRun): void {}

  #acknowledge(acknowledged: Acknowledged): void {
    const { node, key, isDurable, said, held, standsFor } = acknowledged;
    // A barrier for what is there already may be answered together with the removal that follows it.
    if (includes(this.#burials.of(key, node), said.context)) return;
    const what = standsFor === undefined ? `a write to ${key}` : `a hint of ${key} for ${standsFor}`;
    if (held === undefined || !isIncluded(said, held))
      this.#accuse(`${node} acknowledges ${what} that is not ${isDurable ? "on its disk" : "in its memory"}`);
    if (!isDurable) return;
    if (standsFor !== undefined) return this.#acknowledgeHint(acknowledged, standsFor);
    const keys = this.#acknowledged.get(node) ?? new Map<KeyName, StoredObject>();
    this.#acknowledged.set(node, keys.set(key, sync(keys.get(key) ?? emptyObject, said)));
  }

  #acknowledgeHint(acknowledged: Acknowledged, target: NodeId): void {
    const { node, key, said } = acknowledged;
    const hints = this.#hints.get(node) ?? new Map<string, Acknowledged>();
    const name = `${target} ${key}`;
    hints.set(name, { ...acknowledged, said: sync(hints.get(name)?.said ?? emptyObject, said) });
    this.#hints.set(node, hints);
  }

  /** What it acknowledges later, it still has acknowledged: the word of its disk comes after the removal was submitted. */
  #handOff({ node, target, key, before, after }: Hinted): void {
    if (after !== undefined || before === undefined) return;
    const name = `${node} ${target} ${key}`;
    this.#handedOff.set(name, joined(this.#handedOff.get(name), before));
  }

  #forgive(node: NodeId, key: KeyName | undefined): void {
    if (key !== undefined) return void this.#acknowledged.get(node)?.delete(key);
    this.#acknowledged.delete(node);
    this.#hints.delete(node);
  }

  #checkDisk({ node, read, readHint }: Restarted): void {
    for (const { key, standsFor, said } of this.#hints.get(node)?.values() ?? []) {
      const held = joinOf([readHint(standsFor!, key), this.#handedOff.get(`${node} ${standsFor} ${key}`)]);
      if (held === undefined || !isIncluded(said, held))
        this.#accuse(`after its start ${node} has lost a hint of ${key} for ${standsFor} that it had acknowledged`);
    }
    for (const [key, said] of this.#acknowledged.get(node) ?? []) {
      const held = read(key);
      if (held === undefined || !isIncluded(said, held))
        this.#accuse(`after its start ${node} has lost of ${key} what it had acknowledged`);
    }
  }
}
