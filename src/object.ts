/**
 * What one key holds: siblings under a causal context (a multi-value register, `DotFun<Sibling>`).
 *
 * - Every sibling's dot is in the context.
 * - `write` is a client's update: it replaces what the client has seen, and nothing else.
 * - `sync` merges two replicas' objects: the join, never skipped, never pruned, never choosing.
 * - A delete is a write of a tombstone: it wins over what it has seen and stands beside what it has not.
 *
 * Source: Preguiça et al.: Dotted Version Vectors (2010), and the join of `dot-store.ts`.
 */
import { addDot, contains, emptyContext, includes, joinContexts, type CausalContext } from "./causal-context.ts";
import { compareDots, type Dot } from "./dot.ts";
import { joinDotted } from "./dot-store.ts";
import type { OpId } from "./op-id.ts";
import { compareTimestamps, earliest, laterOf, type Timestamp } from "./timestamp.ts";

export interface Sibling {
  readonly dot: Dot;
  /** `undefined` is a tombstone. The store never looks into the bytes. */
  readonly value: Uint8Array | undefined;
  readonly timestamp: Timestamp;
  readonly op: OpId;
}

export interface StoredObject {
  /** Sorted by dot. */
  readonly siblings: readonly Sibling[];
  readonly context: CausalContext;
}

export const emptyObject: StoredObject = { siblings: [], context: emptyContext };

/** Puts `sibling` in the place of everything that `seen` covers. */
export function write(object: StoredObject, seen: CausalContext, sibling: Sibling): StoredObject {
  const kept = object.siblings.filter((other) => !contains(seen, other.dot));
  return {
    siblings: [...kept, sibling].sort((a, b) => compareDots(a.dot, b.dot)),
    context: addDot(joinContexts(object.context, seen), sibling.dot),
  };
}

/** Gives back `a` itself where `b` brings nothing new. */
export function sync(a: StoredObject, b: StoredObject): StoredObject {
  const siblings = joinDotted(a.siblings, a.context, b.siblings, b.context);
  const context = joinContexts(a.context, b.context);
  return siblings === a.siblings && context === a.context ? a : { siblings, context };
}

/** Records an event that wrote nothing: the dot is seen and never live (design §4.3, amnesia). */
export function addEvent(object: StoredObject, dot: Dot): StoredObject {
  return { siblings: object.siblings, context: addDot(object.context, dot) };
}

/** a ⊑ b: joining `a` into `b` would change nothing. */
export function isIncluded(a: StoredObject, b: StoredObject): boolean {
  return includes(b.context, a.context) && b.siblings.every((s) => has(a, s.dot) || !contains(a.context, s.dot));
}

export function has(object: StoredObject, dot: Dot): boolean {
  return object.siblings.some((sibling) => compareDots(sibling.dot, dot) === 0);
}

/** Nothing but tombstones: as far as this replica knows the key is deleted. */
export function isDeleted(object: StoredObject): boolean {
  return object.siblings.every((sibling) => sibling.value === undefined);
}

export function latest(object: StoredObject): Timestamp {
  let t = earliest;
  for (const sibling of object.siblings) t = laterOf(t, sibling.timestamp);
  return t;
}

/** The latest write of those that stand side by side, deletes among them: by timestamp, then by dot, so the same one everywhere. */
export function latestSibling(object: StoredObject): Sibling | undefined {
  return object.siblings.reduce<Sibling | undefined>(
    (winner, one) => (winner === undefined || isShownInstead(one, winner) ? one : winner),
    undefined,
  );
}

/**
 * What a reader is shown: no tombstones, and of siblings that are one operation stored twice (a retry at another
 * coordinator) the later one. The context still covers both.
 */
export function visibleSiblings(object: StoredObject): readonly Sibling[] {
  const shown = object.siblings.filter((sibling) => sibling.value !== undefined);
  if (shown.length < 2) return shown;
  return shown.filter((one) => !shown.some((other) => other.op === one.op && isShownInstead(other, one)));
}

function isShownInstead(other: Sibling, one: Sibling): boolean {
  return (compareTimestamps(other.timestamp, one.timestamp) || compareDots(other.dot, one.dot)) > 0;
}
