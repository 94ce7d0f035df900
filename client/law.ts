/**
 * The laws of a merge, each tried on three values. Readers merge the same siblings in groups and orders of their own, some of them twice;
 * that they come to the same value is what these five say.
 *
 * - Every value takes the way through the store, before the merge and after it: a merge is given copies, and what it makes must be
 *   storable.
 * - Idempotence looks past what tidying up may do: a merge may sort, drop repetitions and fill in fields. Merged with itself a value
 *   must keep all that it says, and what has been merged must not change when one of its parts is merged in again. The first is not
 *   asked of values that were only guessed: an application might never have them, such as an item both there and removed.
 *
 * Source: Shapiro et al.: Conflict-free Replicated Data Types (2011), the semilattice of states.
 */
import { CoterieError, mergeFailed } from "../src/errors.ts";
import { formatField } from "../src/literal.ts";
import { decodeValue, encodeValue } from "../src/value.ts";
import { applyMerge, type MergeFunction } from "./merge-function.ts";
import { deviations, isKept, isSame } from "./same-value.ts";

export const laws = ["totality", "determinism", "idempotence", "commutativity", "associativity"] as const;

export type Law = (typeof laws)[number];

/** An expression and what it came to. */
export interface Side {
  readonly expression: string;
  readonly value: unknown;
}

/** A law that does not hold, with the values that show it. */
export interface Breach {
  readonly law: Law;
  readonly sentence: string;
  /** By the names that the expressions use: `a`, `b`, `c`. */
  readonly values: Readonly<Record<string, unknown>>;
  /** What ought to be the same and is not. */
  readonly sides: readonly Side[];
}

export interface TrialOptions<T> {
  /** Default: the same in the store, but for the order of fields. */
  readonly equal?: ((a: T, b: T) => boolean) | undefined;
  /** The values may be none that the application would have. */
  readonly isGuessed?: boolean;
  /** Calls a second time, under other circumstances perhaps. */
  readonly again?: (call: () => T) => Again<T>;
}

export interface Again<T> {
  readonly value: T;
  /** What the merge has asked of the machine, as in `Date.now()`. */
  readonly asked: readonly string[];
}

/** A merge on trial. */
export class Trial<T> {
  readonly equal: (a: T, b: T) => boolean;
  readonly isGuessed: boolean;
  readonly #join: MergeFunction<T>;
  readonly #again: (call: () => T) => Again<T>;

  constructor(join: MergeFunction<T>, options: TrialOptions<T> = {}) {
    this.#join = join;
    this.equal = options.equal ?? isSame;
    this.isGuessed = options.isGuessed ?? false;
    this.#again = options.again ?? ((call) => ({ value: call(), asked: [] }));
  }

  /** @throws MERGE_FAILED */
  merge(a: T, b: T, name = "the merge"): T {
    return stored(applyMerge(this.#join, copied(a), copied(b), name), name, hasNan(a) || hasNan(b));
  }

  /** Once more, and what it asked of the machine. @throws MERGE_FAILED */
  mergeAgain(a: T, b: T): Again<T> {
    const copies = [copied(a), copied(b)] as const;
    const { value, asked } = this.#again(() => applyMerge(this.#join, ...copies));
    return { value: stored(value, "the merge", true), asked };
  }

  /** What is left of the arguments afterwards. @throws MERGE_FAILED */
  remains(a: T, b: T): readonly [T, T] {
    const copies = [copied(a), copied(b)] as const;
    applyMerge(this.#join, ...copies);
    return copies;
  }
}

/** @returns how the law is broken by these values; nothing if it holds. Where a merge fails, totality is broken and no other law. */
export function breachOf<T>(law: Law, trial: Trial<T>, a: T, b: T, c: T): Breach | undefined {
  try {
    return checks[law](trial as Trial<unknown>, a, b, c);
  } catch (error) {
    if (error instanceof CoterieError && error.code === "MERGE_FAILED") return undefined;
    throw error;
  }
}

const secondTime = "second merge(a, b)";

/** Whether the merge is a game of chance: then other laws seem broken, too, and nothing is learnt from it. */
export function isChance({ sides }: Breach): boolean {
  return sides.some(({ expression }) => expression === secondTime);
}

type Check = (trial: Trial<unknown>, a: unknown, b: unknown, c: unknown) => Breach | undefined;

const checks: Readonly<Record<Law, Check>> = {
  totality(trial, a, b, c) {
    return (
      failure(() => trial.merge(a, a, "merge(a, a)"), { a }) ??
      failure(() => trial.merge(a, b, "merge(a, b)"), { a, b }) ??
      failure(() => trial.merge(b, a, "merge(b, a)"), { a, b }) ??
      failure(() => trial.merge(trial.merge(a, b), c, "merge(merge(a, b), c)"), { a, b, c })
    );
  },

  determinism(trial, a, b) {
    const [aAfter, bAfter] = trial.remains(a, b);
    if (!isSame(a, aAfter)) return changes("a", a, aAfter, { a, b });
    if (!isSame(b, bAfter)) return changes("b", b, bAfter, { a, b });
    const first = trial.merge(a, b);
    const { value, asked } = trial.mergeAgain(a, b);
    const because = asked.length === 0 ? "" : `: it asks ${asked.join(" and ")}, and every reader gets another answer`;
    return unlessEqual(trial, {
      law: "determinism",
      sentence: `merge(a, b) comes to another value the second time${because}`,
      values: { a, b },
      sides: [
        { expression: "first merge(a, b)", value: first },
        { expression: secondTime, value },
      ],
    });
  },

  idempotence(trial, a, b) {
    const twice = trial.merge(a, a);
    const itself = { expression: "merge(a, a)", value: twice };
    if (!trial.isGuessed && !trial.equal(twice, a) && !isKept(a, twice))
      return {
        law: "idempotence",
        sentence: "a value merged with itself does not stay what it is",
        values: { a },
        sides: [itself, { expression: "a", value: a }],
      };
    const both = { expression: "merge(a, b)", value: trial.merge(a, b) };
    return (
      mergedIn(trial, itself, "a", a, { a }) ??
      mergedIn(trial, both, "a", a, { a, b }) ??
      mergedIn(trial, both, "b", b, { a, b })
    );
  },

  commutativity(trial, a, b) {
    return unlessEqual(trial, {
      law: "commutativity",
      sentence: "it matters which value comes first",
      values: { a, b },
      sides: [
        { expression: "merge(a, b)", value: trial.merge(a, b) },
        { expression: "merge(b, a)", value: trial.merge(b, a) },
      ],
    });
  },

  associativity(trial, a, b, c) {
    return unlessEqual(trial, {
      law: "associativity",
      sentence: "it matters which two of three values are merged first",
      values: { a, b, c },
      sides: [
        { expression: "merge(merge(a, b), c)", value: trial.merge(trial.merge(a, b), c) },
        { expression: "merge(a, merge(b, c))", value: trial.merge(a, trial.merge(b, c)) },
      ],
    });
  },
};

/** A part that is merged in once more: a retry, a second reader who writes back what he has merged. */
function mergedIn(
  trial: Trial<unknown>,
  whole: Side,
  name: string,
  part: unknown,
  values: Breach["values"],
): Breach | undefined {
  return unlessEqual(trial, {
    law: "idempotence",
    sentence: `${whole.expression} changes when ${name} is merged in again`,
    values,
    sides: [{ expression: `merge(${whole.expression}, ${name})`, value: trial.merge(whole.value, part) }, whole],
  });
}

function unlessEqual(trial: Trial<unknown>, breach: Breach): Breach | undefined {
  const [left, right] = breach.sides;
  return trial.equal(left!.value, right!.value) ? undefined : breach;
}

function failure(call: () => unknown, values: Breach["values"]): Breach | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    if (!(error instanceof CoterieError) || error.code !== "MERGE_FAILED") throw error;
    return { law: "totality", sentence: error.message, values, sides: [] };
  }
}

function changes(name: string, before: unknown, after: unknown, values: Breach["values"]): Breach {
  const path = deviations(before, after)[0]?.path ?? "";
  return {
    law: "determinism",
    sentence: `the merge changes ${name}${path}, which does not belong to it: copy first, as in [...list] or { ...object }`,
    values,
    sides: [
      { expression: `${name} before`, value: before },
      { expression: `${name} afterwards`, value: after },
    ],
  };
}

function copied<T>(value: T): T {
  return decodeValue(encodeValue(value)) as T;
}

/** As it would be read again. @throws MERGE_FAILED */
function stored<T>(value: T, name: string, mayHaveNan: boolean): T {
  const path = mayHaveNan ? undefined : nanIn(value, "");
  if (path !== undefined)
    throw mergeFailed(`${name} has NaN${path && ` at ${path}`}: a number is missing on one side, or was none`);
  try {
    return copied(value);
  } catch (error) {
    if (!(error instanceof CoterieError)) throw error;
    throw mergeFailed(`${name} made something else than a value: ${error.message}`, { cause: error });
  }
}

function hasNan(value: unknown): boolean {
  return nanIn(value, "") !== undefined;
}

/** Where the first one is. A value that leads back to itself is not ours to find: the store refuses it. */
function nanIn(value: unknown, path: string, depth = 0): string | undefined {
  if (Number.isNaN(value)) return path;
  if (typeof value !== "object" || value === null || value instanceof Uint8Array || depth > 100) return undefined;
  for (const [name, field] of Object.entries(value)) {
    const found = nanIn(field, path + (Array.isArray(value) ? `[${name}]` : formatField(name)), depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}
