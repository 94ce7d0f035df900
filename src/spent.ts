/**
 * What is kept of elements that were replaced: their operation ids, so that a late retry is recognised and counts once, until it is
 * certain that the operation is never tried again. How much of it is bounded here.
 */
import { spentIncrement } from "./crdt/counter.ts";
import { plainPath, typeAt } from "./crdt/path.ts";
import { compareDots, type Dot } from "./dot.ts";
import { overloaded } from "./errors.ts";
import { limits } from "./limits.ts";
import type { Sibling, Spend, StoredObject } from "./object.ts";
import type { OpId } from "./op-id.ts";

/**
 * @param isSettled whether an operation is certainly never tried again
 * @param needless dots of which nothing needs to be kept
 */
export function spendUnless(isSettled: (op: OpId) => boolean, needless: readonly Dot[]): Spend {
  return (sibling) => {
    if (isSettled(sibling.op) || needless.some((dot) => compareDots(dot, sibling.dot) === 0)) return undefined;
    if (isIncrement(sibling)) return spentIncrement(sibling);
    return sibling.value === undefined ? sibling : { ...sibling, value: undefined };
  };
}

/**
 * Keeps what is spent within its limits. What counts for something is forgotten only when it is old: a retry of it is refused by
 * then. What counts for nothing is forgotten oldest first: a retry of it would rise as a sibling, and lose nothing; but not what
 * hides one that has risen already.
 * @param retryEndsMs of operations before that time no retry is let in
 * @throws OVERLOADED if more increments are kept than may be, and all of them are young
 */
export function boundSpent(object: StoredObject, retryEndsMs: number): StoredObject {
  const { spent } = object;
  if (spent.length <= Math.min(limits.spentMax, limits.spentIncrementsMax)) return object;
  const increments = spent.filter(isIncrement);
  const live = new Set(object.siblings.map(({ op }) => op));
  const others = spent.filter((sibling) => !isIncrement(sibling) && !live.has(sibling.op));
  const tooMany = increments.length - limits.spentIncrementsMax;
  const old = increments.filter(({ timestamp }) => timestamp.ms < retryEndsMs).sort(byAge);
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
 * Without what is spent, when all members agree that no operation in it is tried again; but for operations that stand under several
 * dots. Of increments one is too much until its actor takes it back; of anything else the spent one hides the other from readers as
 * long as that is live.
 */
export function forgetSpent(object: StoredObject): StoredObject {
  if (object.spent.length === 0) return object;
  const instances = new Map<OpId, number>();
  for (const { op } of [...object.siblings, ...object.spent]) instances.set(op, (instances.get(op) ?? 0) + 1);
  const live = new Set(object.siblings.map(({ op }) => op));
  const spent = object.spent.filter((one) => live.has(one.op) || (isIncrement(one) && instances.get(one.op)! > 1));
  return spent.length === object.spent.length ? object : { ...object, spent };
}

function isIncrement({ path, value }: Sibling): boolean {
  if (path === plainPath || value === undefined) return false;
  const type = typeAt(path);
  return (type === "gCounter" || type === "pnCounter") && value[0] === 0;
}

function byAge(a: Sibling, b: Sibling): number {
  return a.timestamp.ms - b.timestamp.ms;
}
