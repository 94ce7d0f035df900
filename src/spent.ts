/**
 * What is kept of elements that were replaced: their operation ids, so that a late retry is recognised and counts once, until it is
 * certain that the operation is never tried again.
 *
 * - An increment keeps its amount, without the sum; of anything else no value is left.
 * - How much is kept is bounded (`boundSpent`), and what nobody needs any more goes by proof (`forgetSpent`).
 */
import { isIncrement, spentIncrement, surplusOps } from "./crdt/counter.ts";
import { overloaded } from "./errors.ts";
import { limits } from "./limits.ts";
import type { Sibling, Spend, StoredObject } from "./object.ts";
import type { OpId } from "./op-id.ts";

/** @param isSettled whether an operation is certainly never tried again, and stands under one dot */
export function spendUnless(isSettled: (op: OpId) => boolean): Spend {
  return (sibling) => {
    if (isSettled(sibling.op)) return undefined;
    if (isIncrement(sibling)) return spentIncrement(sibling);
    return sibling.value === undefined ? sibling : { ...sibling, value: undefined };
  };
}

/**
 * Keeps what is spent within its limits. What counts for something is forgotten only when it is old: a retry of it is refused by
 * then; but not what is in too many sums, since it would count twice for ever. What counts for nothing is forgotten oldest first: a
 * retry of it would rise as a sibling, and lose nothing; but not what hides one that has risen already.
 * @param retryEndsMs of operations before that time no retry is let in
 * @throws OVERLOADED if more increments are kept than may be, and all of them are young
 */
export function boundSpent(object: StoredObject, retryEndsMs: number): StoredObject {
  const { spent } = object;
  if (spent.length <= Math.min(limits.spentMax, limits.spentIncrementsMax)) return object;
  const isNeeded = neededIn(object);
  const increments = spent.filter(isIncrement);
  const others = spent.filter((sibling) => !isIncrement(sibling) && !isNeeded(sibling));
  const tooMany = increments.length - limits.spentIncrementsMax;
  const old = increments.filter((sibling) => sibling.timestamp.ms < retryEndsMs && !isNeeded(sibling)).sort(byAge);
  if (tooMany > old.length)
    throw overloaded(
      `${increments.length} increments of this counter may still be tried again, the limit is ${limits.spentIncrementsMax}`,
    );
  const forgotten = new Set([
    ...old.slice(0, Math.max(0, tooMany)),
    ...others.sort(byAge).slice(0, Math.max(0, others.length - limits.spentMax)),
  ]);
  return forgotten.size === 0 ? object : { ...object, spent: spent.filter((sibling) => !forgotten.has(sibling)) };
}

/**
 * Without what is spent, when all members agree that no operation in it is tried again: but for operations that are still in too many
 * sums, or live under another dot, where what is spent hides them.
 */
export function forgetSpent(object: StoredObject): StoredObject {
  if (object.spent.length === 0) return object;
  const spent = object.spent.filter(neededIn(object));
  return spent.length === object.spent.length ? object : { ...object, spent };
}

/** Whether something spent is needed whatever its age: the operation is in too many sums, or it hides another dot of its own. */
function neededIn(object: StoredObject): (sibling: Sibling) => boolean {
  const live = new Set(object.siblings.map(({ op }) => op));
  const surplus = new Map<string, ReadonlySet<OpId>>();
  return (sibling) => {
    const { op, path } = sibling;
    if (!isIncrement(sibling)) return live.has(op);
    if (!surplus.has(path)) surplus.set(path, surplusOps(object, path));
    return surplus.get(path)!.has(op);
  };
}

function byAge(a: Sibling, b: Sibling): number {
  return a.timestamp.ms - b.timestamp.ms;
}
