/** The moments after a write's commit at which a curve has values: close together at first, and as far as something may change. */
import type { Random } from "../../src/random.ts";
import type { LegLaws } from "../../sim/delay-laws.ts";
import { equalReplicas, Visibility } from "../../sim/pbs.ts";

const shape = [0, 0.25, 0.5, 1, 1.5, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50];
/** Moments of round numbers of milliseconds. */
const scales = [0.2, 0.5, 1, 2, 5, 10, 20, 50, 100];
/** By how much the scale is smaller than the time after which 99 % of the reads are fresh. */
const scaleShare = 1 / 25;
const draws = 10_000;

export class Moments {
  readonly atMs: readonly number[];
  /** Of each moment, from where to where reads are sent for it. */
  readonly edgesMs: readonly (readonly [fromMs: number, untilMs: number])[];

  /** @param atMs in ascending order, from 0 on */
  constructor(atMs: readonly number[]) {
    this.atMs = atMs;
    this.edgesMs = atMs.map((ms, at) => [
      at === 0 ? 0 : (atMs[at - 1]! + ms) / 2,
      at === atMs.length - 1 ? ms + (ms - atMs[at - 1]!) / 2 : (ms + atMs[at + 1]!) / 2,
    ]);
  }

  /** Whether reads that began so late, on average, may stand for a moment. @param at its place */
  isNear(at: number, meanMs: number): boolean {
    const [fromMs, untilMs] = this.edgesMs[at]!;
    return meanMs >= fromMs && meanMs < untilMs;
  }
}

/** @param legs the delays that are put on the links; `undefined`: none but the machine's own, which are short */
export function momentsFor(random: Random, legs: LegLaws | undefined): Moments {
  const scale = legs === undefined ? scales[0]! : scaleOf(random, legs);
  return new Moments(shape.map((ms) => Number((ms * scale).toPrecision(3))));
}

function scaleOf(random: Random, legs: LegLaws): number {
  const setting = { replicas: equalReplicas(3, legs), r: 1, w: 1 };
  const freshMs = new Visibility(random, setting, draws).tMsAt(0.99);
  return scales.find((scale) => scale >= freshMs * scaleShare) ?? scales.at(-1)!;
}
