/**
 * What is kept of an object only because somebody may not know yet: a key of which nothing is left but tombstones, and operations that
 * are spent. It goes when all members agree that nothing older is left anywhere (`node/leftovers.ts`).
 */
import type { StoredObject } from "./object.ts";
import { isDeleted } from "./shown.ts";
import { forgetSpent } from "./spent.ts";

export type LeftoverKind = "tombstone" | "operations";

/** At a glance, for the path of every write: of operations that stand under several dots some may have to stay. */
export function leftoverAtAGlance(object: StoredObject): LeftoverKind | undefined {
  if (isDeleted(object)) return "tombstone";
  return object.spent.length > 0 ? "operations" : undefined;
}

/** For certain: what has to stay is none. */
export function leftoverOf(object: StoredObject): LeftoverKind | undefined {
  const kind = leftoverAtAGlance(object);
  return kind === "operations" && forgetSpent(object) === object ? undefined : kind;
}

/** What remains when the leftover goes; `undefined`: nothing, and the record with it. Every replica in the same state comes to the same. */
export function withoutLeftover(object: StoredObject): StoredObject | undefined {
  return isDeleted(object) ? undefined : forgetSpent(object);
}
