/** The laws on an application's own samples, once, when its merge is made. */
import { invalidArgument } from "../src/errors.ts";
import { breachText } from "./breach-text.ts";
import { isDevelopment } from "./development.ts";
import { breachOf, laws, Trial, type Breach } from "./law.ts";
import type { MergeFunction } from "./merge-function.ts";
import type { MergeOptions } from "./merge-options.ts";

/** Triples that are tried at most: this runs while an application starts. */
const triplesMax = 1000;

/** @throws INVALID_ARGUMENT with the values that break a law */
export function checkSamples<T>(join: MergeFunction<T>, { samples, checkLaws }: MergeOptions<T>): void {
  if (samples === undefined || !(checkLaws ?? isDevelopment())) return;
  const breach = breachAmong(new Trial(join), samples, triplesMax);
  if (breach !== undefined) throw invalidArgument(`this merge breaks a law.\n${breachText(breach)}`);
}

/** Tries all triples of the samples, in any order and with repetition, up to a number. */
export function breachAmong<T>(
  trial: Trial<T>,
  samples: readonly T[],
  most: number,
  among: readonly Breach["law"][] = laws,
): Breach | undefined {
  let tried = 0;
  for (const a of samples)
    for (const b of samples)
      for (const c of samples) {
        if (tried++ >= most) return undefined;
        for (const law of among) {
          const breach = breachOf(law, trial, a, b, c);
          if (breach !== undefined) return breach;
        }
      }
  return undefined;
}
