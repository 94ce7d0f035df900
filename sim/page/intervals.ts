/** Things that last, by when they begin, and quickly those of them that touch a window. */
import type { Step } from "../recorded.ts";
import { firstPast } from "./first-past.ts";

export interface Interval<Thing> {
  readonly begin: Step;
  readonly end: Step;
  readonly thing: Thing;
}

export class Intervals<Thing> {
  readonly #intervals: readonly Interval<Thing>[];
  /** The latest end among an interval and all before it. */
  readonly #ends: readonly Step[];

  constructor(intervals: readonly Interval<Thing>[]) {
    this.#intervals = intervals.toSorted((a, b) => a.begin - b.begin);
    let latest = -1;
    this.#ends = this.#intervals.map(({ end }) => (latest = Math.max(latest, end)));
  }

  within(first: Step, last: Step): Interval<Thing>[] {
    const found: Interval<Thing>[] = [];
    const begin = firstPast(this.#ends.length, (place) => this.#ends[place]! >= first);
    for (let at = begin; at < this.#intervals.length; at++) {
      const interval = this.#intervals[at]!;
      if (interval.begin > last) break;
      if (interval.end >= first) found.push(interval);
    }
    return found;
  }
}
