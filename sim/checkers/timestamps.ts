/**
 * I11: whatever the clocks, a write is later than all that it replaces. So the latest of several siblings, which is what "last writer
 * wins" means, is never one that somebody had already seen and replaced. (That a write has the same timestamp wherever it is:
 * `exact-states.ts`.)
 *
 * Source: Kulkarni et al.: Logical Physical Clocks (2014).
 */
import type { CausalContext } from "../../src/causal-context.ts";
import { formatDot, type Actor } from "../../src/dot.ts";
import { compareTimestamps, earliest, laterOf, type Timestamp } from "../../src/timestamp.ts";
import type { Accuse, Checker } from "../checker.ts";
import type { EndOfRun, Issue, KeyName, Observation } from "../observation.ts";

/** Of one actor and one key, by counter. */
interface Stamps {
  readonly own: Map<number, Timestamp>;
  /** The latest up to there. */
  readonly latest: Map<number, Timestamp>;
}

export class LaterThanReplaced implements Checker {
  readonly invariant = "I11";
  readonly #accuse: Accuse;
  readonly #keys = new Map<KeyName, Map<Actor, Stamps>>();

  constructor(accuse: Accuse) {
    this.#accuse = accuse;
  }

  observe(observation: Observation): void {
    if (observation.kind === "issue") this.#issue(observation);
  }

  finish(_end: EndOfRun): void {}

  #issue({ key, dot, node, seen, timestamp = earliest, op }: Issue): void {
    const replaced = this.#latestOf(key, seen);
    if (op !== undefined && compareTimestamps(timestamp, replaced) <= 0)
      this.#accuse(
        `${node} stamps ${formatDot(dot)} of ${key} with ${format(timestamp)}, though it replaces one of ${format(replaced)}`,
      );
    const actors = this.#keys.get(key) ?? new Map<Actor, Stamps>();
    this.#keys.set(key, actors);
    const stamps = actors.get(dot.actor) ?? { own: new Map(), latest: new Map() };
    actors.set(dot.actor, stamps);
    stamps.own.set(dot.counter, timestamp);
    stamps.latest.set(dot.counter, laterOf(timestamp, stamps.latest.get(dot.counter - 1) ?? earliest));
  }

  #latestOf(key: KeyName, seen: CausalContext): Timestamp {
    let latest = earliest;
    for (const { actor, base, cloud } of seen) {
      const stamps = this.#keys.get(key)?.get(actor);
      latest = laterOf(latest, stamps?.latest.get(base) ?? earliest);
      for (const counter of cloud) latest = laterOf(latest, stamps?.own.get(counter) ?? earliest);
    }
    return latest;
  }
}

function format({ ms, counter }: Timestamp): string {
  return `${ms}.${counter}`;
}
