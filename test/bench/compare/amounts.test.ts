// Figures are rounded so that nothing becomes none, nearly all does not become all, and what is not known stays so.
import { expect, it } from "vitest";
import { listed, showAmount, showBytes, showCount, showDuration, showShare } from "../../../bench/compare/amounts.ts";

it.each([
  [0, "0"],
  [1, "100 %"],
  [0.99996, "99.99 %"],
  [0.9942, "99.42 %"],
  [0.1234, "12 %"],
  [0.001, "0.1 %"],
  [0.000_012_3, "0.0012 %"],
  [1e-9, "<0.0001 %"],
  [undefined, "–"],
  [Number.NaN, "–"],
])("share %d is %s", (share, shown) => expect(showShare(share)).toBe(shown));

it.each([
  [0, "0"],
  [0.0421, "0.042"],
  [4.205, "4.21"],
  [12.34, "12.3"],
  [1204.4, "1,204"],
  [undefined, "–"],
  [Infinity, "–"],
])("amount %d is %s", (amount, shown) => expect(showAmount(amount)).toBe(shown));

it.each([
  [850, "850 ms"],
  [12_500, "12.5 s"],
  [59_700, "1 min"],
  [250_000, "4 min 10 s"],
])("%d ms are %s", (ms, shown) => expect(showDuration(ms)).toBe(shown));

it.each([
  [100, "100 B"],
  [8_335_785_984, "7.8 GB"],
  [0, "0 B"],
])("%d bytes are %s", (bytes, shown) => expect(showBytes(bytes)).toBe(shown));

it("counts have no fractions", () => {
  expect([showCount(78_119.6), showCount(undefined)]).toEqual(["78,120", "–"]);
});

it("lists read like a sentence", () => {
  expect([[], ["A"], ["A", "B"], ["A", "B", "C"]].map(listed)).toEqual(["", "A", "A and B", "A, B and C"]);
});
