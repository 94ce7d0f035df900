/** What a tally lacks, in the words of a request's options: for the details and the sentence of its error. */
import type { ErrorDetails } from "../src/errors.ts";
import type { Needs, Tally } from "../src/quorum.ts";

export type Shortfall = ErrorDetails & { readonly need: number; readonly got: number; readonly of: string };

/** @param words the option behind each need: w, pw and dw of a put, r and pr of a get */
export function shortfallOf(tally: Tally, words: Readonly<Partial<Record<keyof Needs, string>>>): Shortfall {
  const shortfall = tally.shortfall(false);
  if (shortfall === undefined) throw new Error("asked for the shortfall of a tally that is met");
  const { of, need, got } = shortfall;
  return { need, got, of: words[of] ?? of, answered: tally.answered() };
}

/**
 * @param n of the request
 * @param primaries how many of the n there are
 * @param refusals what replicas said that refused
 */
export function sentenceOf(
  { need, got, of }: Shortfall,
  n: number,
  primaries: number,
  refusals: readonly string[],
): string {
  const few =
    primaries < n ? [`the cluster has no more than ${primaries === 1 ? "one node" : `${primaries} nodes`}`] : [];
  return [`${of} needs ${need} of the ${n} replicas, ${got} answered`, ...few, ...refusals].join("; ");
}
