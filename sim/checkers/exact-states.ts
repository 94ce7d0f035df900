/**
 * I1, exact: whatever a node has of a key, in a record or as a hint, is what the writes in its context amount to. Of every state that
 * is stored, of every tombstone that is collected, of what all nodes hold together in the end, and of what a client is shown:
 *
 * - (i), that no acknowledged write is missing, is `acknowledged-writes.ts`;
 * - (ii) its siblings are exactly those writes in its context that no other write in its context replaces;
 * - (iii) its context has no dot that was never issued, and with every write all that this write had seen;
 * - (iv) each sibling has the bytes, the operation and the timestamp that were written under its dot.
 *
 * Because of (iii) a write is replaced if one is there that replaced it *directly*: had seen it, and nothing that had seen it before. Of
 * a state that takes the place of another one only what is new is looked at.
 *
 * An operation that was tried at two coordinators may own two dots; each counts as a write of its own, and a client is shown one; or
 * none, if one of them was replaced: the operation had its time. Whether it shows again where nobody recognises it is not said.
 */
import { contains, dotsOf, emptyContext, includes, type CausalContext } from "../../src/causal-context.ts";
import { formatDot, type Actor, type Dot } from "../../src/dot.ts";
import { emptyObject, has, type Sibling, type StoredObject } from "../../src/object.ts";
import type { OpId } from "../../src/op-id.ts";
import { compareTimestamps } from "../../src/timestamp.ts";
import type { Accuse, Checker } from "../checker.ts";
import { formatOperation, type Operation } from "../history.ts";
import type { EndOfRun, Issue, KeyName, Observation } from "../observation.ts";
import { dotsBeyond, isOfType, isSameValue } from "../states.ts";
import { Unrecognised } from "../unrecognised.ts";

/** A dot that was issued, and the writes that replaced it directly. */
interface Issued extends Issue {
  readonly replacedBy: Issued[];
}

export class ExactStates implements Checker {
  readonly invariant = "I1";
  readonly #accuse: Accuse;
  readonly #keys = new Map<KeyName, IssuedDots>();
  /** What a replicated data type amounts to its contexts do not say alone: see `data-types.ts`. */
  readonly #typed = new Set<KeyName>();
  readonly #unrecognised = new Unrecognised();

  constructor(accuse: Accuse) {
    this.#accuse = accuse;
  }

  observe(observation: Observation): void {
    this.#unrecognised.observe(observation);
    switch (observation.kind) {
      case "issue":
        if (observation.path !== undefined) this.#typed.add(observation.key);
        return this.#dots(observation.key).add(observation);
      case "stored":
        return this.#check(observation.key, observation.node, observation.before, observation.after);
      case "hinted": {
        const { key, node, target, before, after } = observation;
        return this.#check(key, `${node}'s hint for ${target}`, before, after);
      }
      case "collected":
        return this.#check(
          observation.key,
          `the tombstone that ${observation.node} removes`,
          undefined,
          observation.before,
        );
      default:
        return;
    }
  }

  finish({ keys, operations }: EndOfRun): void {
    for (const [key, { joined, states }] of keys) {
      this.#check(key, "the join of all replicas", undefined, joined);
      for (const [node, state] of states) this.#check(key, node, undefined, state);
    }
    const values = new Map(operations.map(({ op, value }) => [op, value]));
    for (const operation of operations)
      if (operation.kind === "get" && operation.outcome === "ok") this.#checkShown(operation, values);
  }

  #dots(key: KeyName): IssuedDots {
    let dots = this.#keys.get(key);
    if (dots === undefined) this.#keys.set(key, (dots = new IssuedDots()));
    return dots;
  }

  #check(key: KeyName, whose: string, before: StoredObject = emptyObject, after: StoredObject = before): void {
    if (this.#typed.has(key) || isOfType(after)) return;
    const problem =
      this.#problemOfNews(key, before.context, after) ??
      this.#problemOfGone(key, before, after) ??
      this.#problemOfSiblings(key, before, after);
    if (problem !== undefined) this.#accuse(`${key}: ${whose} ${problem}`);
  }

  /** Of what its context has gained. */
  #problemOfNews(key: KeyName, before: CausalContext, after: StoredObject): string | undefined {
    const dots = this.#dots(key);
    for (const dot of dotsBeyond(before, after.context)) {
      const issued = dots.find(dot);
      if (issued === undefined) return `knows dot ${formatDot(dot)}, which was never issued`;
      if (!includes(after.context, issued.seen)) return `knows ${formatDot(dot)}, and not all that this had seen`;
      if (issued.op !== undefined && !has(after, dot) && !isReplaced(issued, after.context))
        return `has lost ${formatDot(dot)}, which nothing in its context replaces`;
    }
    return undefined;
  }

  #problemOfGone(key: KeyName, before: StoredObject, after: StoredObject): string | undefined {
    const lost = before.siblings.find(({ dot }) => {
      if (has(after, dot)) return false;
      const issued = this.#dots(key).find(dot);
      return issued !== undefined && !isReplaced(issued, after.context);
    });
    return lost && `has lost ${formatDot(lost.dot)}, which nothing in its context replaces`;
  }

  #problemOfSiblings(key: KeyName, before: StoredObject, after: StoredObject): string | undefined {
    for (const sibling of after.siblings) {
      const { dot } = sibling;
      const issued = this.#dots(key).find(dot);
      if (issued === undefined || !contains(after.context, dot))
        return `has ${formatDot(dot)}, which its context does not have`;
      if (isReplaced(issued, after.context))
        return `still has ${formatDot(dot)}, which something in its context replaces`;
      if (!has(before, dot) && !isWrittenSo(sibling, issued))
        return `has something else under ${formatDot(dot)} than was written`;
    }
    return undefined;
  }

  /** What its context covers and nothing in it replaces: whatever else it hides or shows, the next write with this context is false. */
  #checkShown(read: Operation, values: ReadonlyMap<OpId | undefined, string | undefined>): void {
    if (read.siblings === undefined) return;
    const context = read.context ?? emptyContext;
    const shown = new Set<OpId | undefined>();
    const replaced = new Set<OpId | undefined>();
    const mayRise = new Set<OpId | undefined>();
    for (const dot of dotsOf(context)) {
      const issued = this.#dots(read.key).find(dot);
      if (issued?.value === undefined) continue;
      if (isReplaced(issued, context)) {
        replaced.add(issued.op);
        if (contains(this.#unrecognised.of(read.key), dot)) mayRise.add(issued.op);
      } else shown.add(issued.op);
    }
    const risenOnes = new Set([...mayRise].filter((op) => shown.has(op)));
    for (const op of replaced) shown.delete(op);
    const expected = [...shown].map((op) => values.get(op) ?? "nobody's value").sort();
    const risen = [...risenOnes]
      .map((op) => values.get(op) ?? "nobody's value")
      .filter((one) => read.siblings!.includes(one));
    if ([...expected, ...risen].sort().join() !== [...read.siblings].sort().join())
      this.#accuse(
        `${formatOperation(read)} shows ${read.siblings.length} siblings, and not the ${expected.length} that its context covers`,
      );
  }
}

/** All dots that were issued for one key. */
class IssuedDots {
  readonly #actors = new Map<Actor, Map<number, Issued>>();

  /** Whether a dot may be issued twice, I0 says. */
  add(issue: Issue): void {
    if (this.find(issue.dot) !== undefined) return;
    const issued = { ...issue, replacedBy: [] };
    for (const { actor, base, cloud } of issue.seen)
      for (const [counter, seen] of this.#actors.get(actor) ?? [])
        if ((counter <= base || cloud.includes(counter)) && !isReplaced(seen, issue.seen)) seen.replacedBy.push(issued);
    const counters = this.#actors.get(issue.dot.actor) ?? new Map<number, Issued>();
    this.#actors.set(issue.dot.actor, counters.set(issue.dot.counter, issued));
  }

  find({ actor, counter }: Dot): Issued | undefined {
    return this.#actors.get(actor)?.get(counter);
  }
}

function isReplaced({ replacedBy }: Issued, context: CausalContext): boolean {
  return replacedBy.some(({ dot }) => contains(context, dot));
}

function isWrittenSo({ value, op, timestamp }: Sibling, issued: Issued): boolean {
  if (op !== issued.op || issued.timestamp === undefined) return false;
  return compareTimestamps(timestamp, issued.timestamp) === 0 && isSameValue(value, issued.value);
}
