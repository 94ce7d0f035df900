// What touches a window is found, also what began long before it: compared with looking at everything.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Intervals } from "../../../sim/page/intervals.ts";

const interval = fc
  .tuple(fc.nat(100), fc.nat(30))
  .map(([begin, length]) => ({ begin, end: begin + length, thing: `${begin}` }));

test("finds what looking at all finds", () => {
  fc.assert(
    fc.property(fc.array(interval), fc.nat(110), fc.nat(20), (all, first, length) => {
      const last = first + length;
      const expected = all
        .toSorted((a, b) => a.begin - b.begin)
        .filter(({ begin, end }) => begin <= last && end >= first);
      expect(new Intervals(all).within(first, last)).toEqual(expected);
    }),
  );
});
