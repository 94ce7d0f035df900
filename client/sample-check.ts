/** The laws on an application's own samples, once, when its merge is made. */
import { invalidArgument } from "../src/errors.ts";
import { encodeValue } from "../src/value.ts";
import { breachText } from "./breach-text.ts";
import { isDevelopment } from "./development.ts";
import { breachOf, laws, Trial, type Breach } from "./law.ts";
import type { MergeFunction } from "./merge-function.ts";
import type { MergeOptions } from "./merge-options.ts";

/** What may be read of samples while an application starts. */
const bytesMax = 50_000;
const triplesMax = 2000;
const triplesLeast = 30;

/** @throws INVALID_ARGUMENT with the values that break a law */
export function checkSamples<T>(join: MergeFunction<T>, { samples, checkLaws }: MergeOptions<T>): void {
  if (samples === undefined || !(checkLaws ?? isDevelopment())) return;
  const breach = breachAmong(new Trial(join), samples, bytesMax);
  if (breach !== undefined) throw invalidArgument(`this merge breaks a law.\n${breachText(breach)}`);
}

/**
 * Tries triples of the samples, in any order and with repetition: all of them, or so many that are spread over all.
 * @param bytes large samples cost as many encodings as small ones: about so much is read of them for each law
 */
export function breachAmong<T>(
  trial: Trial<T>,
  samples: readonly T[],
  bytes: number,
  among: readonly Breach["law"][] = laws,
): Breach | undefined {
  const count = samples.length;
  const all = count ** 3;
  const bytesOfOne = samples.reduce((sum, sample) => sum + encodeValue(sample).length, 0) / count;
  const most = Math.min(Math.max(Math.floor(bytes / bytesOfOne), triplesLeast), triplesMax);
  const step = all <= most ? 1 : Math.floor(all / most) + 1;
  for (let at = 0; at < all; at += step) {
    const places = [Math.floor(at / count ** 2), Math.floor(at / count) % count, at % count];
    const [a, b, c] = places.map((place) => samples[place]) as [T, T, T];
    for (const law of among) {
      const breach = breachOf(law, trial, a, b, c);
      if (breach !== undefined) return breach;
    }
  }
  return undefined;
}
