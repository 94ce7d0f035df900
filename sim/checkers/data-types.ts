/**
 * I6: replicated data types are what the operations on them amount to, each of them once. Looked at from inside, by operation ids and
 * dots, in every state that is stored, that a client is shown, and that is left in the end:
 *
 * - A state knows no dot that was never issued, has under each what was written there, and has lost none that nobody replaced or
 *   removed by its dot. (Which ones a state must have lost its context alone does not say: a removal leaves no dot.)
 * - A counter is the sum of the increments that the state knows, each operation once under however many dots, without those that a
 *   reset had seen which the state knows.
 * - Of everything else a reader is shown what is live and was not replaced under another dot of the same operation; of a register the
 *   latest of it, of a remove-wins set and a disable-wins flag what nothing hides. No operation shows twice.
 * - In the end nothing is live that an acknowledged operation had removed, and what was acknowledged as added to a grow-only set is
 *   in it.
 */
import { contains, emptyContext, joinContexts, type CausalContext } from "../../src/causal-context.ts";
import { counterValue, decodeMarks } from "../../src/crdt/counter.ts";
import { typeAt } from "../../src/crdt/path.ts";
import { compareDots, formatDot, type Actor, type Dot } from "../../src/dot.ts";
import { emptyObject, has, type Sibling, type StoredObject } from "../../src/object.ts";
import type { OpId } from "../../src/op-id.ts";
import { elementsAt, registerWinner } from "../../src/shown.ts";
import { compareTimestamps } from "../../src/timestamp.ts";
import type { Accuse, Checker } from "../checker.ts";
import { formatOperation, type Operation } from "../history.ts";
import type { EndOfRun, Hinted, Issue, KeyName, Observation } from "../observation.ts";
import { dotsBeyond, isOfType, isSameValue } from "../states.ts";
import { formatOp } from "../trace.ts";
import { Unrecognised } from "../unrecognised.ts";
import { isCounter } from "../wish.ts";

/** Of the states that are stored so many are held to what a reader would be shown: it costs a look at every operation of the key. */
const shownEvery = 8;

export class DataTypes implements Checker {
  readonly invariant = "I6";
  readonly #accuse: Accuse;
  readonly #keys = new Map<KeyName, TypedKey>();
  readonly #unrecognised = new Unrecognised();
  #states = 0;

  constructor(accuse: Accuse) {
    this.#accuse = accuse;
  }

  observe(observation: Observation): void {
    this.#unrecognised.observe(observation);
    switch (observation.kind) {
      case "issue":
        return this.#key(observation.key).add(observation);
      case "dropped":
        return this.#key(observation.key).replace(observation.observed);
      case "stored":
        return this.#check(observation.key, observation.node, observation.before, observation.after);
      case "hinted":
        return this.#hinted(observation);
      case "returned":
        return this.#returned(observation.operation);
      default:
        return;
    }
  }

  finish({ keys, operations }: EndOfRun): void {
    for (const [name, { joined, states, reads }] of keys) {
      this.#check(name, "the join of all replicas", undefined, joined);
      for (const [node, state] of [...states, ...reads]) this.#checkShown(name, node, state);
      this.#checkShown(name, "the join of all replicas", joined);
    }
    for (const operation of operations) this.#checkEnd(operation, keys.get(operation.key)?.joined);
  }

  #key(name: KeyName): TypedKey {
    let key = this.#keys.get(name);
    if (key === undefined) this.#keys.set(name, (key = new TypedKey()));
    return key;
  }

  #hinted({ key, node, target, before, after, ageMs, ageMsMax }: Hinted): void {
    if (after === undefined && ageMs >= ageMsMax) this.#key(key).isExpired = true;
    this.#check(key, `${node}'s hint for ${target}`, before, after);
  }

  #check(name: KeyName, whose: string, before: StoredObject = emptyObject, after: StoredObject = before): void {
    const key = this.#key(name);
    if (!key.isTyped && !isOfType(after)) return;
    const problem = key.problemOf(before, after);
    if (problem !== undefined) this.#accuse(`${name}: ${whose} ${problem}`);
    if (++this.#states % shownEvery === 0) this.#checkShown(name, whose, after);
  }

  #checkShown(name: KeyName, whose: string, state: StoredObject): void {
    const key = this.#key(name);
    const problem = key.isTyped ? key.problemOfShown(state, this.#unrecognised.of(name)) : undefined;
    if (problem !== undefined) this.#accuse(`${name}: ${whose} ${problem}`);
  }

  #returned(read: Operation): void {
    if (read.object !== undefined) this.#checkShown(read.key, formatOperation(read), read.object);
  }

  /** What it removed under no dot of its own; what it replaced with one: `no-resurrection.ts`. */
  #checkEnd(operation: Operation, object: StoredObject | undefined): void {
    const { changes, outcome, key, contextIn } = operation;
    if (changes === undefined || outcome !== "ok" || object === undefined) return;
    // Removed for its age before its target had it: by the store's own rule.
    if (this.#key(key).isExpired) return;
    const risen = object.siblings.find(({ dot }) => contains(contextIn, dot));
    if (risen !== undefined)
      this.#accuse(`${formatDot(risen.dot)} of ${key} is alive, which ${formatOperation(operation)} had removed`);
    for (const change of changes)
      if (change.kind === "write" && typeAt(change.path) === "gSet" && !this.#key(key).isIn(object, change))
        this.#accuse(`${formatOperation(operation)} added an element to ${change.path}, which is not there in the end`);
  }
}

/** What was ever done to one key. */
class TypedKey {
  isTyped = false;
  /** A hint of it was given up. */
  isExpired = false;
  readonly #dots = new Map<string, Issue>();
  readonly #ops = new Map<OpId, Issue[]>();
  readonly #increments = new Map<string, Map<OpId, Issue[]>>();
  readonly #resets = new Map<string, Issue[]>();
  /** All that somebody has replaced, or removed. */
  #replaced: CausalContext = emptyContext;

  add(issue: Issue): void {
    if (issue.path !== undefined) this.isTyped = true;
    if (this.#dots.has(nameOf(issue.dot))) return;
    this.#dots.set(nameOf(issue.dot), issue);
    if (issue.op === undefined) return;
    this.replace(issue.seen);
    append(this.#ops, issue.op, issue);
    const { path = "", op, amount } = issue;
    if (!isCounter(path)) return;
    if (amount === undefined) return append(this.#resets, path, issue);
    const ops = this.#increments.get(path) ?? new Map<OpId, Issue[]>();
    this.#increments.set(path, ops);
    append(ops, op, issue);
  }

  replace(dots: CausalContext): void {
    this.#replaced = joinContexts(this.#replaced, dots);
  }

  problemOf(before: StoredObject, after: StoredObject): string | undefined {
    const isLost = (dot: Dot): boolean => !has(after, dot) && !contains(this.#replaced, dot);
    for (const dot of dotsBeyond(before.context, after.context)) {
      const issued = this.#dots.get(nameOf(dot));
      if (issued === undefined) return `knows dot ${formatDot(dot)}, which was never issued`;
      if (issued.op !== undefined && isLost(dot)) return `has lost ${formatDot(dot)}, which nobody removed`;
    }
    const lost = before.siblings.find(({ dot }) => isLost(dot));
    if (lost !== undefined) return `has lost ${formatDot(lost.dot)}, which nobody removed`;
    const wrong = after.siblings.find((sibling) => !has(before, sibling.dot) && !this.#isWritten(sibling));
    return wrong && `has something else under ${formatDot(wrong.dot)} than was written`;
  }

  #isWritten({ dot, path, value, op, timestamp }: Sibling): boolean {
    const issued = this.#dots.get(nameOf(dot));
    if (issued?.timestamp === undefined || issued.op !== op || (issued.path ?? "") !== path) return false;
    return compareTimestamps(timestamp, issued.timestamp) === 0 && isSameValue(value, issued.value);
  }

  /** @param unrecognised may rise again */
  problemOfShown(state: StoredObject, unrecognised: CausalContext): string | undefined {
    for (const path of new Set([...this.#increments.keys(), ...this.#resets.keys()])) {
      const [value, expected] = [counterValue(state, path), this.#sum(state.context, path)];
      if (value !== expected) return `has ${value} at ${path}, where the increments that it knows are ${expected}`;
    }
    for (const path of new Set(state.siblings.map((sibling) => sibling.path)))
      if (path !== "" && !isCounter(path)) {
        const shown = shownAt(state, path);
        const expected = this.#expectedAt(state, path, emptyContext);
        if (shown === expected || shown === this.#expectedAt(state, path, unrecognised)) continue;
        if (shown !== this.#expectedAt(state, path, emptyContext, crossedAt(state, path)))
          return `shows ${shown} at ${path}, and not ${expected}`;
      }
    return undefined;
  }

  /** Every operation of which the context has a dot, but for those of which a reset that it has had seen one. */
  #sum(context: CausalContext, path: string): number {
    const marked = new Map<Actor, number>();
    for (const { dot, value } of this.#resets.get(path) ?? [])
      if (contains(context, dot))
        for (const mark of decodeMarks(value!))
          marked.set(mark.dot.actor, Math.max(marked.get(mark.dot.actor) ?? 0, mark.dot.counter));
    let sum = 0;
    for (const instances of this.#increments.get(path)?.values() ?? []) {
      const known = instances.filter(({ dot }) => contains(context, dot));
      const isReset = known.some(({ dot }) => dot.counter <= (marked.get(dot.actor) ?? 0));
      if (known.length > 0 && !isReset) sum += known[0]!.amount!;
    }
    return sum;
  }

  /** Elements by their operations: which dot stands for one makes no difference. */
  #expectedAt(
    state: StoredObject,
    path: string,
    unrecognised: CausalContext,
    crossed: ReadonlySet<OpId> = new Set(),
  ): string {
    const here = state.siblings.filter(
      ({ path: at, op }) => at === path && (crossed.has(op) || this.#mayShow(state, op, unrecognised)),
    );
    return textOf(path, typeAt(path) === "lwwRegister" ? latestOf(here) : unhidden(path, here));
  }

  /** None of its dots that are known here is dead, but for those that nobody recognises. */
  #mayShow({ context, ...state }: StoredObject, op: OpId, unrecognised: CausalContext): boolean {
    const isDead = (dot: Dot): boolean => contains(context, dot) && !has({ context, ...state }, dot);
    return (this.#ops.get(op) ?? []).every(({ dot }) => !isDead(dot) || contains(unrecognised, dot));
  }

  /** Whether a grow-only set has an element, or had it and somebody dropped it. */
  isIn(object: StoredObject, { path, value }: { readonly path: string; readonly value: Uint8Array }): boolean {
    const isOne = (one: { readonly path?: string; readonly value: Uint8Array | undefined }): boolean =>
      one.path === path && isSameValue(one.value, value);
    if (object.siblings.some(isOne)) return true;
    return [...this.#dots.values()].some((issue) => isOne(issue) && contains(this.#replaced, issue.dot));
  }
}

/** Operations that were tried at two coordinators in two orders, and may have replaced each other: all that is alive there is a second try. */
function crossedAt({ siblings, spent }: StoredObject, path: string): ReadonlySet<OpId> {
  const spentOps = new Set(spent.map(({ op }) => op));
  const here = siblings.filter((sibling) => sibling.path === path);
  const isBeside = (one: Sibling, other: Sibling): boolean => isOnePlace(path) || isSameValue(one.value, other.value);
  const isCrossed = (one: Sibling): boolean => {
    const beside = here.filter((other) => isBeside(one, other));
    return beside.every(({ op }) => spentOps.has(op)) && beside.some(({ op }) => op !== one.op);
  };
  return new Set(here.filter(isCrossed).map(({ op }) => op));
}

function isOnePlace(path: string): boolean {
  const type = typeAt(path);
  return type === "lwwRegister" || type === "ewFlag" || type === "dwFlag";
}

function shownAt(state: StoredObject, path: string): string {
  if (typeAt(path) !== "lwwRegister") return textOf(path, elementsAt(state, path));
  const winner = registerWinner(state, path);
  return textOf(path, winner === undefined ? [] : [winner]);
}

function latestOf(siblings: readonly Sibling[]): readonly Sibling[] {
  const order = (a: Sibling, b: Sibling): number =>
    compareTimestamps(a.timestamp, b.timestamp) || compareDots(a.dot, b.dot);
  return [...siblings].sort(order).slice(-1);
}

function unhidden(path: string, siblings: readonly Sibling[]): readonly Sibling[] {
  const type = typeAt(path);
  if (type !== "rwSet" && type !== "dwFlag") return siblings;
  const nameOfElement = ({ value }: Sibling): string => value!.subarray(1).join();
  const removed = new Set(siblings.filter(({ value }) => value![0] === 0).map(nameOfElement));
  return siblings.filter((sibling) => sibling.value![0] === 1 && !removed.has(nameOfElement(sibling)));
}

function textOf(path: string, siblings: readonly Sibling[]): string {
  const type = typeAt(path);
  const names = siblings.map(({ op, value }) =>
    type === "mvRegister" || type === "lwwRegister" ? `operation ${formatOp(op)}` : `element ${value?.join(" ")}`,
  );
  return [...new Set(names)].sort().join(", ") || "nothing";
}

function append<Key, Value>(lists: Map<Key, Value[]>, key: Key, value: Value): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

function nameOf({ actor, counter }: Dot): string {
  return `${actor} ${counter}`;
}
