/**
 * `coterie/laws`: whether a merge keeps the laws, for test suites and `coterie check-resolver`. Not a part of `coterie/client`, so no
 * application carries fast-check to its users.
 */
import { check, property, type Arbitrary } from "fast-check";
import { CoterieError, invalidArgument } from "../src/errors.ts";
import { formatLiteral } from "../src/literal.ts";
import { encodeValue } from "../src/value.ts";
import { onAnotherDay } from "./another-day.ts";
import { breachText } from "./breach-text.ts";
import { breachOf, isChance, laws, Trial, type Breach, type Law } from "./law.ts";
import { valuesLike } from "./law-values.ts";
import { checkMergeFunction, type MergeFunction } from "./merge-function.ts";
import type { MergeResolver } from "./resolver.ts";
import { breachAmong } from "./sample-check.ts";

export type { Breach, Law, Side } from "./law.ts";
export type { MergeFunction } from "./merge-function.ts";

export interface CheckOptions<T> {
  /** Values as the application has them. Without `values`, more are drawn that are like them. */
  readonly samples?: readonly T[] | undefined;
  /** Draws values, instead of what can be guessed from the samples. */
  readonly values?: Arbitrary<T> | undefined;
  /** Triples of drawn values that each law is tried on. Default 1000. */
  readonly runs?: number | undefined;
  /** The same seed draws the same values. Default: another one every time, told in the report. */
  readonly seed?: number | undefined;
  /** When two values are the same. Default: as they are stored, in whatever order their fields are. */
  readonly equal?: ((a: T, b: T) => boolean) | undefined;
  /** Told again and again how many of all trials are done. */
  readonly onProgress?: ((done: number, of: number) => void) | undefined;
}

export interface LawReport {
  readonly law: Law;
  /** Triples of drawn values that it was tried on before it broke, or all. None if the merge turned out to be a game of chance. */
  readonly runs: number;
  /** How it is broken, in as small values as could be found. */
  readonly breach?: Breach;
}

export interface ResolverReport {
  /** All laws held. That is no proof: it is as good as the values. */
  readonly isLawful: boolean;
  readonly seed: number;
  readonly laws: readonly LawReport[];
  /** All of it, for people. */
  readonly text: string;
}

const runsDefault = 1000;
/** What may be read of the samples for each law. */
const sampleBytesMax = 1_000_000;
const optionNames = ["samples", "values", "runs", "seed", "equal", "onProgress"];

/**
 * Tests whether a merge is total, deterministic, idempotent, commutative and associative, on samples and on values drawn like them.
 * @param resolver the function, or what `merge` made of it, whose samples are taken if none are given here
 * @throws INVALID_ARGUMENT if there is nothing to test, or nothing to test it on
 */
export function checkResolver<T>(
  resolver: MergeFunction<T> | MergeResolver<T>,
  options: CheckOptions<T> = {},
): ResolverReport {
  const join = functionOf(resolver);
  checkOptions(options);
  const { runs = runsDefault, equal, values, onProgress } = options;
  const samples = options.samples ?? (typeof resolver === "function" ? undefined : resolver.options?.samples) ?? [];
  samples.forEach(checkSample);
  if (samples.length === 0 && values === undefined)
    throw invalidArgument(
      "there is nothing to test the laws on: give samples, an array of values, or values that draws them",
    );
  const drawn = values ?? (valuesLike(samples) as Arbitrary<T>);
  const given = new Trial(join, { equal, again: onAnotherDay });
  const trial = values === undefined ? new Trial(join, { equal, again: onAnotherDay, isGuessed: true }) : given;
  let { seed } = options;
  let isGame = false;
  const reports = laws.map((law, at): LawReport => {
    if (isGame) return { law, runs: 0 };
    const tell = (done: number): void => onProgress?.(at * runs + done, laws.length * runs);
    const found = search(law, trial, drawn, { runs, seed, tell });
    seed = found.seed;
    const breach = found.breach ?? breachAmong(given, samples, sampleBytesMax, [law]);
    isGame = breach !== undefined && isChance(breach);
    return { law, runs: found.runs, ...(breach && { breach }) };
  });
  const isLawful = reports.every(({ breach }) => breach === undefined);
  const report = { isLawful, seed: seed!, laws: reports };
  return { ...report, text: reportText(report) };
}

/**
 * The same for a test: it fails with the report's text if a law is broken.
 * @throws INVALID_ARGUMENT
 */
export function assertResolver<T>(given: MergeFunction<T> | MergeResolver<T>, options: CheckOptions<T> = {}): void {
  const { isLawful, text } = checkResolver(given, options);
  if (!isLawful) throw invalidArgument(text);
}

interface Search {
  readonly runs: number;
  readonly seed: number | undefined;
  readonly tell: (done: number) => void;
}

interface Found {
  readonly seed: number;
  readonly runs: number;
  readonly breach: Breach | undefined;
}

/** Tries a law on drawn values, and shrinks those that break it. */
function search<T>(law: Law, trial: Trial<T>, values: Arbitrary<T>, { runs, seed, tell }: Search): Found {
  let done = 0;
  // The last that was found broken is the smallest. It is kept, because one that depends on chance may not break again.
  let breach: Breach | undefined;
  const holds = property(values, values, values, (a, b, c) => {
    tell(Math.min(++done, runs));
    const broken = breachOf(law, trial, a, b, c);
    breach = broken ?? breach;
    return broken === undefined;
  });
  const details = check(holds, { numRuns: runs, ...(seed !== undefined && { seed }) });
  if (details.failed && breach === undefined) throw unusable(details.errorInstance);
  return { seed: details.seed, runs: details.numRuns, breach };
}

function unusable(error: unknown): unknown {
  if (!(error instanceof CoterieError)) return error;
  return new CoterieError(error.code, `values drew what is no value: ${error.message}`, { cause: error });
}

function functionOf<T>(given: MergeFunction<T> | MergeResolver<T>): MergeFunction<T> {
  const join = typeof given === "object" && given !== null ? given.merge : given;
  checkMergeFunction(join, "a merge");
  const { length } = join;
  const text = String(join);
  const takesAny = /\.\.\.|=(?!>)/.test(text.slice(0, text.indexOf(")"))) || /\barguments\b/.test(text);
  if (length > 2 || (length < 2 && !takesAny))
    throw invalidArgument(`a merge takes two values, (a, b) => …, and this function takes ${length}`);
  return join;
}

function checkSample(sample: unknown, at: number): void {
  try {
    encodeValue(sample);
  } catch (error) {
    if (!(error instanceof CoterieError)) throw error;
    throw new CoterieError(error.code, `samples[${at}]: ${error.message}`, { cause: error });
  }
}

function checkOptions<T>(options: CheckOptions<T>): void {
  if (options === null || typeof options !== "object")
    throw invalidArgument(`options are an object, not ${String(options)}`);
  for (const name of Object.keys(options))
    if (!optionNames.includes(name))
      throw invalidArgument(`${name} is no option of checkResolver; there are ${optionNames.join(", ")}`);
  const { samples, runs, seed } = options;
  if (samples !== undefined && !Array.isArray(samples))
    throw invalidArgument(`samples are an array of values, not ${formatLiteral(samples)}`);
  if (runs !== undefined && !(Number.isInteger(runs) && runs >= 1))
    throw invalidArgument(`runs is a whole number from 1, not ${formatLiteral(runs)}`);
  if (seed !== undefined && !Number.isInteger(seed))
    throw invalidArgument(`seed is a whole number, not ${formatLiteral(seed)}`);
}

function reportText({ isLawful, seed, laws: reports }: Omit<ResolverReport, "text">): string {
  const names = reports.map(({ law }) => law).join(", ");
  if (isLawful) return `all laws hold: ${names} (${reports[0]!.runs} trials each, seed ${seed})`;
  const broken = reports.flatMap(({ breach }) => breach ?? []);
  const namesOf = (some: readonly LawReport[]): string => some.map(({ law }) => law).join(", ") || "none";
  const held = reports.filter(({ breach, runs }) => breach === undefined && runs > 0);
  const untried = reports.filter(({ runs }) => runs === 0);
  const rest = untried.length === 0 ? "" : `; not tried, because of that: ${namesOf(untried)}`;
  return [
    ...broken.map((breach) => `${breachText(breach)}\n`),
    `${broken.length} of ${reports.length} laws broken; held: ${namesOf(held)}${rest} (seed ${seed})`,
  ].join("\n");
}
