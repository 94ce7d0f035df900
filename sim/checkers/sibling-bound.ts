/**
 * I10: siblings and actors stay few.
 *
 * - A key never has more siblings than there are chains of writes, each of which has seen the one before: two of one chain are never
 *   siblings. One client that reads and writes in turn makes one chain, and so one sibling. Chains are never joined again, so this is
 *   a bound for all times of a key; which siblings a state must have exactly, `exact-states.ts` says.
 * - A key that clients only ever read, merge and write, by strict quorums, has no more siblings than it has writers, and writes of
 *   which nobody knows whether they happened, and second dots of writes that were tried twice.
 * - A node takes a new actor for a key only for a reason: its first write there, an unclean start or an empty disk since its last
 *   one, or something that it notices to have forgotten, or that it gave away: a hint handed off, a tombstone collected.
 */
import { contains } from "../../src/causal-context.ts";
import { mergedKeys } from "../typed-work.ts";
import { plainPath, registerPath } from "../../src/crdt/path.ts";
import { formatActor, type Actor, type Dot } from "../../src/dot.ts";
import type { OpId } from "../../src/op-id.ts";
import type { NodeId } from "../../src/ring.ts";
import type { Accuse, Checker } from "../checker.ts";
import type { Operation } from "../history.ts";
import type { EndOfRun, Hinted, Issue, KeyName, Observation, Stored } from "../observation.ts";

export class SiblingBound implements Checker {
  readonly invariant = "I10";
  readonly #accuse: Accuse;
  /** Per key the last write of every chain. */
  readonly #chains = new Map<KeyName, Dot[]>();
  /** Of the keys that are merged. */
  readonly #merges = new Map<KeyName, Merges>();
  #isDamaged = false;
  /** Per node and key its actors, under all its replica ids, and the reasons to take another. */
  readonly #actors = new Map<string, Set<Actor>>();
  readonly #starts = new Map<NodeId, number>();
  readonly #losses = new Map<string, number>();

  /** What a node has forgotten, or removed as a tombstone, may be remembered piece by piece by others, and each piece is a reason. */
  readonly #damaged = new Set<string>();

  /** Per node and key whom it has ever kept hints for. */
  readonly #targets = new Map<string, Set<NodeId>>();

  constructor(accuse: Accuse) {
    this.#accuse = accuse;
  }

  observe(observation: Observation): void {
    switch (observation.kind) {
      case "returned":
        return this.#returned(observation.operation);
      case "issue":
        this.#countDot(observation);
        this.#extendChain(observation);
        return this.#checkActor(observation);
      case "stored":
        return this.#checkSiblings(observation);
      case "hinted":
        return this.#hint(observation);
      case "crashed":
        return increase(this.#starts, observation.node);
      case "collected":
      case "damaged":
        this.#isDamaged ||= observation.kind === "damaged";
        if (observation.key === undefined) return increase(this.#starts, observation.node);
        this.#damaged.add(`${observation.node} ${observation.key}`);
        return;
      default:
        return;
    }
  }

  finish(_end: EndOfRun): void {}

  /**
   * A stand-in mints on what it keeps for one primary. When that has gone to whom it belongs, or it keeps something for another one
   * too, it does not know what it has forgotten, and each write is a reason.
   */
  #hint({ node, key, target, after }: Hinted): void {
    const place = `${node} ${key}`;
    const targets = (this.#targets.get(place) ?? new Set()).add(target);
    this.#targets.set(place, targets);
    if (after === undefined || targets.size > 1) this.#damaged.add(place);
  }

  #extendChain({ key, dot, op, seen, node, path }: Issue): void {
    if (op === undefined) return increase(this.#losses, `${node} ${key}`);
    if (!isValue(path)) return;
    const chains = this.#chains.get(key) ?? [];
    this.#chains.set(key, chains);
    const extended = chains.findIndex((last) => contains(seen, last));
    if (extended < 0) chains.push(dot);
    else chains[extended] = dot;
  }

  #checkSiblings(stored: Stored): void {
    const { node, key, after } = stored;
    const siblings = after?.siblings.filter(({ path }) => isValue(path)).length ?? 0;
    this.#checkMerges(stored, siblings);
    const bound = this.#chains.get(key)?.length ?? 0;
    if (siblings > bound)
      this.#accuse(`${node} has ${siblings} siblings of ${key}, where at most ${bound} writes had not seen each other`);
  }

  #returned({ key, kind, outcome }: Operation): void {
    if (kind === "put" && outcome === "unknown") this.#mergesOf(key).doubtful++;
  }

  #countDot({ key, op }: Issue): void {
    if (op === undefined || !isMerged(key)) return;
    const merges = this.#mergesOf(key);
    if (merges.ops.has(op)) merges.repeated++;
    merges.ops.add(op);
    merges.writers.add(op.slice(0, 8));
  }

  #mergesOf(key: KeyName): Merges {
    let merges = this.#merges.get(key);
    if (merges === undefined)
      this.#merges.set(key, (merges = { ops: new Set(), writers: new Set(), doubtful: 0, repeated: 0 }));
    return merges;
  }

  /** A disk that has lost records may have made any quorum a lie. */
  #checkMerges({ node, key }: Stored, siblings: number): void {
    if (!isMerged(key) || this.#isDamaged) return;
    const { writers, doubtful, repeated } = this.#mergesOf(key);
    if (siblings > writers.size + doubtful + repeated)
      this.#accuse(
        `${node} has ${siblings} siblings of ${key}, which ${writers.size} clients merge, ${doubtful} writes in doubt and ${repeated} tried twice`,
      );
  }

  #checkActor({ key, dot, node }: Issue): void {
    const place = `${node} ${key}`;
    const actors = (this.#actors.get(place) ?? new Set()).add(dot.actor);
    this.#actors.set(place, actors);
    if (this.#damaged.has(place)) return;
    const bound = 1 + (this.#starts.get(node) ?? 0) + (this.#losses.get(place) ?? 0);
    if (actors.size > bound)
      this.#accuse(
        `${node} takes ${formatActor(dot.actor)} as actor number ${actors.size} for ${key}, with reasons for ${bound}`,
      );
  }
}

interface Merges {
  readonly ops: Set<OpId>;
  /** By client id: who leaves and comes again is another one. */
  readonly writers: Set<string>;
  doubtful: number;
  repeated: number;
}

function isMerged(key: KeyName): boolean {
  return key.split("/").at(-1)!.startsWith(mergedKeys);
}

/** What stands side by side; the elements of a set are no siblings. */
function isValue(path: string = plainPath): boolean {
  return path === plainPath || path === registerPath;
}

function increase<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
