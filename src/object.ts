/**
 * What one key holds: siblings under a causal context. Of a plain key they are its concurrent values (a multi-value register); of a
 * replicated data type its elements, each with the path of where it belongs (`crdt/path.ts`): a `DotMap` laid out flat, under the
 * same join.
 *
 * - `write` is a client's update: it replaces what the client has seen, and nothing else.
 * - `sync` merges two replicas' objects: the join, never skipped, never pruned, never choosing.
 * - A delete is a write of a tombstone: it wins over what it has seen and stands beside what it has not.
 * - What was replaced is *spent*: without effect, and kept for its operation id, so that a late retry is recognised; until it is
 *   certain that the operation is never tried again.
 *
 * So a dot goes through a chain, unseen → live → spent → gone, and `sync` takes for each dot what is further along: what is not in
 * the context is unseen, what is in it and in neither list is gone. Spent has two steps, since readers must tell them apart where late
 * retries meet (`shown.ts`): what was replaced, and then what was dropped, taken away with nothing in its place.
 *
 * Source: Preguiça et al.: Dotted Version Vectors (2010), and the join of `dot-store.ts`.
 */
import { addDot, contains, emptyContext, includes, joinContexts, type CausalContext } from "./causal-context.ts";
import { compareDots, type Dot } from "./dot.ts";
import { joinDotted } from "./dot-store.ts";
import type { OpId } from "./op-id.ts";
import { earliest, laterOf, type Timestamp } from "./timestamp.ts";

export interface Sibling {
  readonly dot: Dot;
  /** Of a plain value "", else where in a replicated data type it belongs. */
  readonly path: string;
  /** `undefined` is a tombstone. The store never looks into the bytes of a plain value. */
  readonly value: Uint8Array | undefined;
  readonly timestamp: Timestamp;
  readonly op: OpId;
}

export interface StoredObject {
  /** Live; sorted by dot. */
  readonly siblings: readonly Sibling[];
  /** Sorted by dot; none of them is live. Values are kept only of what still counts for something: see `crdt/counter.ts`. */
  readonly spent: readonly Sibling[];
  readonly context: CausalContext;
}

const none: readonly Sibling[] = [];

export const emptyObject: StoredObject = { siblings: none, spent: none, context: emptyContext };

/** What becomes of a sibling that is replaced: its spent form, or nothing if its operation is never tried again. */
export type Spend = (sibling: Sibling) => Sibling | undefined;

/**
 * Puts `added` in the place of everything that `seen` covers.
 * @param added under fresh dots, in their order
 * @param spend is asked of each sibling that is replaced, and anew of each that is spent already
 * @param dropped what of `seen` is taken away, with nothing in its place
 */
export function write(
  object: StoredObject,
  seen: CausalContext,
  added: readonly Sibling[],
  spend: Spend,
  dropped: CausalContext = emptyContext,
): StoredObject {
  const siblings = object.siblings.filter((sibling) => !contains(seen, sibling.dot)).concat(added);
  const spent: Sibling[] = [];
  const keepSpent = (rest: Sibling | undefined): void => {
    if (rest !== undefined) spent.push(contains(dropped, rest.dot) ? asDropped(rest) : rest);
  };
  for (const sibling of object.spent) if (spend(sibling) !== undefined) keepSpent(sibling);
  for (const sibling of object.siblings) if (contains(seen, sibling.dot)) keepSpent(spend(sibling));
  let context = joinContexts(object.context, seen);
  for (const { dot } of added) context = addDot(context, dot);
  return { siblings: siblings.sort(byDot), spent: spent.length === 0 ? none : spent.sort(byDot), context };
}

const nothingLeft = new Uint8Array(0);

/** What still counts for something, an increment, is never dropped: it keeps its value. */
function asDropped(spent: Sibling): Sibling {
  return spent.value === undefined ? { ...spent, value: nothingLeft } : spent;
}

/** Of something spent: it was taken away, not replaced. */
export function isDropped({ value }: Sibling): boolean {
  return value?.length === 0;
}

function byDot(a: Sibling, b: Sibling): number {
  return compareDots(a.dot, b.dot);
}

/** Gives back `a` itself where `b` brings nothing new. */
export function sync(a: StoredObject, b: StoredObject): StoredObject {
  const siblings = joinDotted(a.siblings, a.context, b.siblings, b.context);
  const spent = joinSpent(a, b);
  const context = joinContexts(a.context, b.context);
  return siblings === a.siblings && spent === a.spent && context === a.context ? a : { siblings, spent, context };
}

/** What either has spent, but for what is gone at the other: seen there, and neither live nor spent. Dropped is further than replaced. */
function joinSpent(a: StoredObject, b: StoredObject): readonly Sibling[] {
  if (a.spent.length === 0 && b.spent.length === 0) return a.spent;
  const joined: Sibling[] = [];
  for (const sibling of a.spent) {
    const other = find(b.spent, sibling.dot);
    if (other !== undefined) joined.push(isDropped(other) && !isDropped(sibling) ? other : sibling);
    else if (!isGone(b, sibling.dot)) joined.push(sibling);
  }
  for (const sibling of b.spent)
    if (find(a.spent, sibling.dot) === undefined && !isGone(a, sibling.dot)) joined.push(sibling);
  const isSame = joined.length === a.spent.length && joined.every((sibling, at) => sibling === a.spent[at]);
  return isSame ? a.spent : joined.sort(byDot);
}

function isGone(object: StoredObject, dot: Dot): boolean {
  return contains(object.context, dot) && !has(object, dot) && find(object.spent, dot) === undefined;
}

/** Records an event that wrote nothing: the dot is seen and never live (design §4.3, amnesia). */
export function addEvent(object: StoredObject, dot: Dot): StoredObject {
  return { ...object, context: addDot(object.context, dot) };
}

/** a ⊑ b: joining `a` into `b` would change nothing. */
export function isIncluded(a: StoredObject, b: StoredObject): boolean {
  if (!includes(b.context, a.context)) return false;
  if (!b.siblings.every(({ dot }) => has(a, dot) || !contains(a.context, dot))) return false;
  return b.spent.every((spent) => !isGone(a, spent.dot) && (isDropped(spent) || !isDroppedIn(a, spent.dot)));
}

function isDroppedIn({ spent }: StoredObject, dot: Dot): boolean {
  const found = find(spent, dot);
  return found !== undefined && isDropped(found);
}

/** Whether it is live. */
export function has(object: StoredObject, dot: Dot): boolean {
  return find(object.siblings, dot) !== undefined;
}

/** In a list that is sorted by dot. */
function find(sorted: readonly Sibling[], dot: Dot): Sibling | undefined {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareDots(sorted[middle]!.dot, dot) < 0) low = middle + 1;
    else high = middle;
  }
  const found = sorted[low];
  return found !== undefined && compareDots(found.dot, dot) === 0 ? found : undefined;
}

export function latest(object: StoredObject): Timestamp {
  let t = earliest;
  for (const sibling of object.siblings) t = laterOf(t, sibling.timestamp);
  return t;
}

/** What of an object belongs to each of these paths, in one pass: an operation's instances all have the same. */
export function placesOf(object: StoredObject, paths: Iterable<string>): ReadonlyMap<string, StoredObject> {
  const { context } = object;
  const places = new Map<string, { siblings: Sibling[]; spent: Sibling[]; context: CausalContext }>();
  for (const path of paths) places.set(path, { siblings: [], spent: [], context });
  for (const sibling of object.siblings) places.get(sibling.path)?.siblings.push(sibling);
  for (const sibling of object.spent) places.get(sibling.path)?.spent.push(sibling);
  return places;
}
