/**
 * From steps to heights and back. Only steps in which something is shown have a place of their own.
 *
 * Even: one step below the other, a little further apart the longer it took, so that a burst can be read and a pause does not fill the
 * window. True: as far apart as they are in time.
 */
import type { Step } from "../recorded.ts";
import { firstPast } from "./first-past.ts";

export type Spacing = "even" | "true";

/** Above the first step and below the last one. */
export const endPixels = 48;
/** Browsers know no higher pages. */
const heightMax = 8_000_000;
const rowPixels = 26;
const pixelsPerMs = 4;

export class Timeline {
  readonly height: number;
  /** Those with a place of their own, in order. */
  readonly steps: readonly Step[];
  readonly #heights: Float64Array;

  /** @param zoom 1: as it is read best */
  constructor(momentsUs: readonly number[], steps: readonly Step[], spacing: Spacing, zoom: number) {
    this.steps = steps;
    this.#heights = new Float64Array(steps.length);
    let at = 0;
    for (let place = 1; place < steps.length; place++) {
      const apartMs = (momentsUs[steps[place]!]! - momentsUs[steps[place - 1]!]!) / 1000;
      at += spacing === "true" ? apartMs * pixelsPerMs * zoom : rowPixels * zoom * rowsFor(apartMs);
      this.#heights[place] = at;
    }
    const squeeze = Math.min(1, heightMax / Math.max(1, at));
    for (let place = 0; place < steps.length; place++)
      this.#heights[place] = endPixels + this.#heights[place]! * squeeze;
    this.height = 2 * endPixels + at * squeeze;
  }

  /** Of one without a place of its own: that of the last one before it. */
  heightOf(step: Step): number {
    return this.#heights[this.placeOf(step)] ?? endPixels;
  }

  /** The place of the last one up to this step. */
  placeOf(step: Step): number {
    return Math.max(0, firstPast(this.steps.length, (place) => this.steps[place]! > step) - 1);
  }

  stepAfter(step: Step): Step | undefined {
    return this.steps[firstPast(this.steps.length, (place) => this.steps[place]! > step)];
  }

  stepBefore(step: Step): Step | undefined {
    return this.steps[firstPast(this.steps.length, (place) => this.steps[place]! >= step) - 1];
  }

  /** The one that is drawn nearest. */
  stepAt(height: number): Step | undefined {
    const below = firstPast(this.steps.length, (place) => this.#heights[place]! >= height);
    const isAboveNearer =
      below >= this.steps.length || (below > 0 && height - this.#heights[below - 1]! < this.#heights[below]! - height);
    return this.steps[isAboveNearer ? below - 1 : below];
  }

  /** The places of those that are drawn between two heights, and one more at each end. */
  placesBetween(top: number, bottom: number): readonly [first: number, last: number] {
    const first = firstPast(this.steps.length, (place) => this.#heights[place]! >= top) - 1;
    const last = firstPast(this.steps.length, (place) => this.#heights[place]! > bottom);
    return [Math.max(0, first), Math.min(this.steps.length - 1, last)];
  }

  heightAtPlace(place: number): number {
    return this.#heights[place] ?? endPixels;
  }
}

/** Rows between two steps: half a one at the same moment, two of a second. */
function rowsFor(apartMs: number): number {
  return 0.5 + 0.375 * Math.log10(1 + 10 * apartMs);
}
