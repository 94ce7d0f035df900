/** What may be asked of a merge besides merging. */
import { invalidArgument } from "../src/errors.ts";
import type { CoterieError } from "../src/errors.ts";
import type { Breach } from "./law.ts";
import { checkMergeFunction, type MergeFunction } from "./merge-function.ts";

export interface MergeOptions<T> {
  /** Values as the application has them: in development the laws are tested on them when the merge is made. */
  readonly samples?: readonly T[] | undefined;
  /** Test the laws on `samples` and on the siblings that reads meet. Default: in development, where `NODE_ENV` is not `production`. */
  readonly checkLaws?: boolean | undefined;
  /** Told of a law that siblings of a read have shown broken, once per bucket and client. Default: a warning on the console. */
  readonly onBrokenLaw?: ((broken: BrokenLaw) => void) | undefined;
  /** Another merge, perhaps the next one: it is tried on all siblings that a read merges, and its results go nowhere but `onDifference`. */
  readonly shadow?: MergeFunction<T> | undefined;
  /** Told where the shadow comes to another value or fails, once per key and siblings as far as memory reaches. */
  readonly onDifference?: ((difference: Difference<T>) => void) | undefined;
}

export interface BrokenLaw extends Breach {
  readonly bucket: string;
  readonly key: string;
  /** All of it, for people. */
  readonly text: string;
}

export interface Difference<T> {
  readonly bucket: string;
  readonly key: string;
  readonly siblings: readonly T[];
  /** What the merge made of them; `undefined` if it failed. */
  readonly value: T | undefined;
  readonly unresolved?: CoterieError;
  /** What the shadow made of them; `undefined` if it failed. */
  readonly shadowValue: T | undefined;
  readonly shadowFailure?: CoterieError;
}

const names = ["samples", "checkLaws", "onBrokenLaw", "shadow", "onDifference"];

/** @throws INVALID_ARGUMENT */
export function checkMergeOptions<T>(options: MergeOptions<T>): void {
  if (options === null || typeof options !== "object")
    throw invalidArgument(`options of a merge are an object, not ${String(options)}`);
  for (const name of Object.keys(options))
    if (!names.includes(name)) throw invalidArgument(`${name} is no option of merge; there are ${names.join(", ")}`);
  const { samples, checkLaws, onBrokenLaw, shadow, onDifference } = options;
  if (samples !== undefined && !Array.isArray(samples)) throw invalidArgument("samples are an array of values");
  if (checkLaws !== undefined && typeof checkLaws !== "boolean")
    throw invalidArgument(`checkLaws is true or false, not ${String(checkLaws)}`);
  if (onBrokenLaw !== undefined && typeof onBrokenLaw !== "function")
    throw invalidArgument("onBrokenLaw is a function, which is given the broken law");
  if (shadow !== undefined) checkMergeFunction(shadow, "shadow");
  if (
    (shadow === undefined) !== (onDifference === undefined) ||
    !["function", "undefined"].includes(typeof onDifference)
  )
    throw invalidArgument(
      "shadow and onDifference belong together: a merge, and a function that is told where they differ",
    );
}
