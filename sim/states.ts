/** What checkers ask of objects. */
import { equalBytes } from "../src/bytes.ts";
import { contains, eventsOf, type CausalContext } from "../src/causal-context.ts";
import { plainPath } from "../src/crdt/path.ts";
import type { Dot } from "../src/dot.ts";
import { emptyObject, isIncluded, sync, type StoredObject } from "../src/object.ts";
import { isDeleted } from "../src/shown.ts";

export function joinOf(states: Iterable<StoredObject | undefined>): StoredObject | undefined {
  let joined: StoredObject | undefined;
  for (const state of states) if (state !== undefined) joined = joined === undefined ? state : sync(joined, state);
  return joined;
}

/** The dots of `context` that are not in `known`, without a look at those that are: a base of a million is a million dots. */
export function* dotsBeyond(known: CausalContext, context: CausalContext): Generator<Dot> {
  for (const { actor, base, cloud } of context) {
    for (let counter = 1 + (eventsOf(known, actor)?.base ?? 0); counter <= base; counter++)
      if (!contains(known, { actor, counter })) yield { actor, counter };
    for (const counter of cloud) if (!contains(known, { actor, counter })) yield { actor, counter };
  }
}

/**
 * Nothing in it is to be shown: tombstones, or not even those; late retries of what was replaced; of a replicated data type only what
 * hides everything.
 */
export function isDead(object: StoredObject): boolean {
  return object.siblings.every(({ value }) => value === undefined) || isDeleted(object);
}

/** Of a replicated data type: it holds elements, not values. */
export function isOfType({ siblings, spent }: StoredObject): boolean {
  return [...siblings, ...spent].some(({ path }) => path !== plainPath);
}

/** The same but for what is spent, of which one may have forgotten more: all members agree to that together, and do it one by one. */
export function hasForgotten(before: StoredObject, after: StoredObject): boolean {
  const isSame = isIncluded(before, after) && isIncluded({ ...after, spent: before.spent }, before);
  return isSame && after.spent.length < before.spent.length;
}

export function joined(a: StoredObject | undefined, b: StoredObject): StoredObject {
  return sync(a ?? emptyObject, b);
}

/** `undefined`: a deletion. */
export function isSameValue(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : equalBytes(a, b);
}
