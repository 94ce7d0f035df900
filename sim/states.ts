/** What checkers ask of objects. */
import { emptyObject, sync, type StoredObject } from "../src/object.ts";

export function joinOf(states: Iterable<StoredObject | undefined>): StoredObject | undefined {
  let joined: StoredObject | undefined;
  for (const state of states) if (state !== undefined) joined = joined === undefined ? state : sync(joined, state);
  return joined;
}

/** Nothing in it is alive: tombstones, or not even those. */
export function isDead(object: StoredObject): boolean {
  return object.siblings.every(({ value }) => value === undefined);
}

export function joined(a: StoredObject | undefined, b: StoredObject): StoredObject {
  return sync(a ?? emptyObject, b);
}
