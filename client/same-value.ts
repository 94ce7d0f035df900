/**
 * When two values are the same, and where they are not. The order of fields does not matter, a field that is undefined is not there,
 * −0 is 0, and NaN is itself: as in the store. The order of an array matters, unless it is asked to be looked past.
 */
import { formatField, formatLiteral } from "../src/literal.ts";

export type Fields = Readonly<Record<string, unknown>>;

export interface Deviation {
  /** As it would be written behind the value: `.items[2]`; empty for the value itself. */
  readonly path: string;
  readonly left: unknown;
  readonly right: unknown;
  /** Both have the same items, each as often, in another order. */
  readonly isOrderOnly: boolean;
}

export function isSame(a: unknown, b: unknown): boolean {
  return canonical(a, false) === canonical(b, false);
}

/** Looking past the order of all arrays. */
export function isSameInAnyOrder(a: unknown, b: unknown): boolean {
  return canonical(a, true) === canonical(b, true);
}

/** Whether all of `part` is in `whole`, which may have more fields, and each array's items in another order and without repetition. */
export function isKept(part: unknown, whole: unknown): boolean {
  if (Array.isArray(part) && Array.isArray(whole))
    return (
      whole.length <= part.length &&
      part.every((item) => whole.some((other) => isKept(item, other))) &&
      whole.every((other) => part.some((item) => isKept(item, other)))
    );
  if (isFields(part) && isFields(whole)) return namesOf(part).every((name) => isKept(part[name], whole[name]));
  return isSame(part, whole);
}

/** Without those that are the same as an earlier one. */
export function distinct<T>(values: readonly T[]): T[] {
  const seen = new Set<string>();
  return values.filter((value) => {
    const text = canonical(value, false);
    const isNew = !seen.has(text);
    seen.add(text);
    return isNew;
  });
}

/** Where two values deviate from each other, as deep down as can be said. */
export function deviations(left: unknown, right: unknown, path = ""): readonly Deviation[] {
  if (isSame(left, right)) return [];
  if (isSameInAnyOrder(left, right) && Array.isArray(left) && Array.isArray(right) && !isSameByPlace(left, right))
    return [{ path, left, right, isOrderOnly: true }];
  if (Array.isArray(left) && Array.isArray(right))
    return range(Math.max(left.length, right.length)).flatMap((at) =>
      deviations(left[at], right[at], `${path}[${at}]`),
    );
  if (isFields(left) && isFields(right))
    return [...new Set([...namesOf(left), ...namesOf(right)])].flatMap((name) =>
      deviations(left[name], right[name], path + formatField(name)),
    );
  return [{ path, left, right, isOrderOnly: false }];
}

/** A text that is the same for values that are. */
function canonical(value: unknown, anyOrder: boolean): string {
  if (typeof value === "number") return String(value === 0 ? 0 : value);
  if (Array.isArray(value)) {
    const items = value.map((item) => canonical(item, anyOrder));
    return `[${(anyOrder ? items.sort() : items).join(",")}]`;
  }
  if (!isFields(value)) return formatLiteral(value);
  const names = namesOf(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name], anyOrder)}`).join(",")}}`;
}

/** Item by item but for an order further down. */
function isSameByPlace(left: readonly unknown[], right: readonly unknown[]): boolean {
  return left.every((item, at) => isSameInAnyOrder(item, right[at]));
}

export function isFields(value: unknown): value is Fields {
  return Object.prototype.toString.call(value) === "[object Object]";
}

function namesOf(value: Fields): string[] {
  return Object.keys(value).filter((name) => value[name] !== undefined);
}

function range(length: number): readonly number[] {
  return Array.from({ length }, (_, at) => at);
}
