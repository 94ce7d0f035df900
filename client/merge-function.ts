/**
 * One call of an application's merge. It may do anything: it throws, returns nothing, or a promise. Whatever is no value is a
 * failure with a sentence, and never becomes the value of a key.
 */
import { invalidArgument, mergeFailed } from "../src/errors.ts";
import { formatLiteral } from "../src/literal.ts";

/** Two values that did not know of each other, as one. */
export type MergeFunction<T> = (a: T, b: T) => T;

/** What can be seen of a function before it is called. @throws INVALID_ARGUMENT */
export function checkMergeFunction(join: unknown, name: string): void {
  if (typeof join !== "function")
    throw invalidArgument(`${name} is a function of two values, (a, b) => …, not ${formatLiteral(join)}`);
  const tag = Object.prototype.toString.call(join);
  if (tag === "[object AsyncFunction]" || tag === "[object AsyncGeneratorFunction]")
    throw invalidArgument(`${name} cannot be async: siblings are merged while they are read, from nothing but the two`);
  if (tag === "[object GeneratorFunction]") throw invalidArgument(`${name} cannot be a generator: it returns a value`);
}

/** @throws MERGE_FAILED */
export function applyMerge<T>(join: MergeFunction<T>, a: T, b: T, name = "the merge"): T {
  let merged: T;
  try {
    merged = join(a, b);
  } catch (cause) {
    throw mergeFailed(`${name} threw ${thrownText(cause)}`, { cause });
  }
  if (merged === undefined)
    throw mergeFailed(
      `${name} returned undefined: two values are there, so one must come of them (is a return missing?)`,
    );
  if (isThenable(merged)) {
    // Left alone, one that is rejected would end the process.
    merged.then(undefined, () => undefined);
    throw mergeFailed(`${name} returned a promise: it cannot be async`);
  }
  return merged;
}

function thrownText(thrown: unknown): string {
  return thrown instanceof Error ? String(thrown) : formatLiteral(thrown);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
