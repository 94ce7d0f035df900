// Heights and steps lead to each other, however a run is spaced; nothing that comes later stands higher.
import { expect, test } from "vitest";
import { Timeline, type Spacing } from "../../../sim/page/timeline.ts";

const momentsUs = [0, 0, 1000, 1000, 1001, 900_000, 60_000_000];
const steps = [0, 2, 3, 4, 6];
const spacings: readonly Spacing[] = ["even", "true"];

test.each(spacings)("%s: later is lower, and what stands at a height is found there", (spacing) => {
  const timeline = new Timeline(momentsUs, steps, spacing, 1);
  const heights = steps.map((step) => timeline.heightOf(step));
  expect(heights).toEqual(heights.toSorted((a, b) => a - b));
  for (const [place, step] of steps.entries()) {
    expect(timeline.placeOf(step)).toBe(place);
    // Several steps of one moment may share a height.
    expect(timeline.heightOf(timeline.stepAt(heights[place]!)!)).toBe(heights[place]);
  }
  expect(timeline.height).toBeGreaterThan(heights.at(-1)!);
});

test("even: steps of one moment stand apart; true: they do not", () => {
  const [even, truly] = spacings.map((spacing) => new Timeline(momentsUs, steps, spacing, 1)) as [Timeline, Timeline];
  expect(even.heightOf(3) - even.heightOf(2)).toBeGreaterThan(10);
  expect(truly.heightOf(3) - truly.heightOf(2)).toBe(0);
  expect(truly.heightOf(6) - truly.heightOf(4)).toBeGreaterThan(100 * (even.heightOf(6) - even.heightOf(4)));
});

test("a step without a place of its own is where the last one before it is", () => {
  const timeline = new Timeline(momentsUs, steps, "even", 1);
  expect(timeline.heightOf(5)).toBe(timeline.heightOf(4));
  expect([timeline.stepBefore(5), timeline.stepAfter(5)]).toEqual([4, 6]);
  expect([timeline.stepBefore(0), timeline.stepAfter(6)]).toEqual([undefined, undefined]);
});

test("the places in a window are those inside, and one more at each end", () => {
  const timeline = new Timeline(momentsUs, steps, "even", 1);
  const [top, bottom] = [timeline.heightOf(2) + 1, timeline.heightOf(3) + 1];
  expect(timeline.placesBetween(top, bottom)).toEqual([1, 3]);
  expect(timeline.placesBetween(-1000, 1e9)).toEqual([0, 4]);
});

test("nothing at all has a height too", () => {
  const timeline = new Timeline(momentsUs, [], "even", 1);
  expect(timeline.height).toBeGreaterThan(0);
  expect([timeline.stepAt(10), timeline.stepAfter(0)]).toEqual([undefined, undefined]);
});
