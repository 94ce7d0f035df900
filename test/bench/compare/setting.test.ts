// bench/compare/setting.ts: a setting and its name are the same thing, and what cannot be a setting is refused with its word.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { defaultSetting, gridOf, nameOf, parseSetting, type Setting } from "../../../bench/compare/setting.ts";

const settings: fc.Arbitrary<Setting> = fc.integer({ min: 1, max: 7 }).chain((n) =>
  fc.integer({ min: 1, max: n }).chain((w) =>
    fc.record({
      n: fc.constant(n),
      r: fc.integer({ min: 1, max: n }),
      w: fc.constant(w),
      dw: fc.integer({ min: 0, max: w }),
      sloppy: fc.boolean(),
      fanout: fc.constantFrom("quorum" as const, "all" as const),
      readRepair: fc.constantFrom("async" as const, "blocking" as const, "off" as const),
      resolver: fc.constantFrom("siblings" as const, "lww" as const),
    }),
  ),
);

test("a setting's name says all of it", () => {
  fc.assert(
    fc.property(settings, (setting) => {
      expect(parseSetting(nameOf(setting))).toEqual(setting);
    }),
  );
});

test("what is not said is a quorum of n, on disk where it is acknowledged, and else as the store has it", () => {
  expect(parseSetting("")).toEqual(defaultSetting);
  expect(parseSetting("n5")).toMatchObject({ n: 5, r: 3, w: 3, dw: 3 });
  expect(parseSetting("r1,w3  strict")).toEqual({ ...defaultSetting, r: 1, w: 3, dw: 3, sloppy: false });
});

test.each([
  ["w2 fast", /"w2 fast" has the word "fast": its words are n3 r2 w2/],
  ["r-1", /has the word "r-1"/],
  ["n3 r4", /"n3 r4" cannot be: r is 4, more than n, which is 3/],
  ["n0", /cannot be: n is a number of nodes from 1, not 0/],
  ["r0", /cannot be: r is 0/],
  ["w2 dw3", /cannot be: dw is 3, more than w, which is 2/],
  ["r1 r2", /says twice what r is/],
  ["strict sloppy", /says twice what sloppy is/],
])("%s is refused", (text, sentence) => {
  expect(() => parseSetting(text)).toThrow(sentence);
});

test("a grid has every r with every w", () => {
  const grid = gridOf(parseSetting("n3 strict"));
  expect(grid.map(nameOf)).toEqual([1, 2, 3].flatMap((r) => [1, 2, 3].map((w) => `n3 r${r} w${w} strict`)));
});
