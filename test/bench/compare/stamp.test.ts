// A vector comes back as it was written, joined with what was known, and foreign bytes are not taken for one.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { joinStamp, stampBytes, writeBlindStamp, writeStamp } from "../../../bench/compare/stamp.ts";

const numbers = fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { minLength: 3, maxLength: 3 });

test("joins the largest of each entry, and leaves the others' rows alone", () => {
  fc.assert(
    fc.property(numbers, numbers, (written, known) => {
      const value = new Uint8Array(stampBytes(3) + 1);
      writeStamp(value, 1, 3, Uint32Array.from([9, 9, 9, ...written, 9]), 3);
      const rows = Uint32Array.from([5, ...known, 5]);
      expect(joinStamp(value, 3, rows, 1)).toBe(true);
      expect([...rows]).toEqual([5, ...known.map((one, at) => Math.max(one, written[at]!)), 5]);
    }),
  );
});

test("a blind write has seen nothing but itself", () => {
  const value = new Uint8Array(stampBytes(3));
  writeBlindStamp(value, 1, 3, 70_000);
  const row = new Uint32Array(3);
  joinStamp(value, 3, row, 0);
  expect([...row]).toEqual([0, 70_000, 0]);
});

test("values of another number of processes, and short ones, tell nothing", () => {
  const value = new Uint8Array(stampBytes(2));
  writeStamp(value, 0, 2, Uint32Array.of(1, 2), 0);
  const row = new Uint32Array(3);
  expect(joinStamp(value, 3, row, 0)).toBe(false);
  expect(joinStamp(value.subarray(1), 2, row, 0)).toBe(false);
  expect([...row]).toEqual([0, 0, 0]);
});
