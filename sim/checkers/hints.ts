/**
 * I8: what a node keeps for another one it removes only when that one has acknowledged as durable something that covers it, or
 * when it has become too old. All that it keeps stays within its bound. (That hints survive the restart of their holder is I7;
 * that none is left in the end, I3.)
 */
import { isIncluded, type StoredObject } from "../../src/object.ts";
import type { NodeId } from "../../src/ring.ts";
import type { Accuse, Checker } from "../checker.ts";
import type { Acknowledged, EndOfRun, Hinted, KeyName, Observation } from "../observation.ts";
import { joined } from "../states.ts";

export class HintsKept implements Checker {
  readonly invariant = "I8";
  readonly #accuse: Accuse;
  /** What a node has ever acknowledged of a key as its own: whether it still has it is not the holder's business. */
  readonly #delivered = new Map<string, StoredObject>();

  constructor(accuse: Accuse) {
    this.#accuse = accuse;
  }

  observe(observation: Observation): void {
    if (observation.kind === "acknowledged") this.#deliver(observation);
    if (observation.kind === "hinted") this.#check(observation);
  }

  finish(_end: EndOfRun): void {}

  #deliver({ node, key, said, isDurable, standsFor }: Acknowledged): void {
    if (!isDurable || standsFor !== undefined) return;
    const name = nameOf(node, key);
    this.#delivered.set(name, joined(this.#delivered.get(name), said));
  }

  #check({ node, target, key, before, after, ageMs, ageMsMax, bytes, bytesMax }: Hinted): void {
    const hint = `${node}, hint of ${key} for ${target}`;
    if (bytes > bytesMax && after !== undefined) this.#accuse(`${hint}: makes ${bytes} bytes of at most ${bytesMax}`);
    if (before === undefined) return;
    if (after !== undefined) {
      if (!isIncluded(before, after)) this.#accuse(`${hint}: becomes less than it was`);
      return;
    }
    const delivered = this.#delivered.get(nameOf(target, key));
    const isDelivered = delivered !== undefined && isIncluded(before, delivered);
    if (!isDelivered && ageMs < ageMsMax)
      this.#accuse(`${hint}: removed at an age of ${ageMs} ms, and ${target} has never acknowledged it`);
  }
}

function nameOf(node: NodeId, key: KeyName): string {
  return `${node} ${key}`;
}
