/**
 * I0: no dot is issued twice. A dot that names two writes makes each of them look like the other one's past: whichever replica
 * learns of the second takes it for something that it has seen, and drops it.
 */
import { formatActor, formatDot } from "../../src/dot.ts";
import type { Accuse, Checker } from "../checker.ts";
import type { EndOfRun, Issue, Observation } from "../observation.ts";

export class DotUniqueness implements Checker {
  readonly invariant = "I0";
  readonly #accuse: Accuse;
  readonly #issues = new Map<string, Issue>();
  /** An actor belongs to one disk of one node. */
  readonly #owners = new Map<string, string>();

  constructor(accuse: Accuse) {
    this.#accuse = accuse;
  }

  observe(observation: Observation): void {
    if (observation.kind !== "issue") return;
    this.#checkDot(observation);
    this.#checkActor(observation);
  }

  finish(_end: EndOfRun): void {}

  #checkDot(issue: Issue): void {
    const name = `${issue.key} ${issue.dot.actor} ${issue.dot.counter}`;
    const first = this.#issues.get(name);
    if (first === undefined) this.#issues.set(name, issue);
    else
      this.#accuse(
        `dot ${formatDot(issue.dot)} of ${issue.key} was issued by ${describe(first)} and again by ${describe(issue)}`,
      );
  }

  #checkActor({ dot, node, disk }: Issue): void {
    const owner = `${node}, disk ${disk}`;
    const first = this.#owners.get(dot.actor);
    if (first === undefined) this.#owners.set(dot.actor, owner);
    else if (first !== owner) this.#accuse(`actor ${formatActor(dot.actor)} is used by ${first} and by ${owner}`);
  }
}

function describe({ node, incarnation }: Issue): string {
  return `${node} in its start ${incarnation}`;
}
