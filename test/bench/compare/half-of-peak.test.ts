// bench/compare/half-of-peak.ts: an arrival rate that the slowest setting can bear.
import { expect, test } from "vitest";
import { halfOfPeak } from "../../../bench/compare/half-of-peak.ts";
import type { Cell, LoadKind } from "../../../bench/compare/results.ts";
import { parseSetting } from "../../../bench/compare/setting.ts";
import { plausibleResults } from "./plausible-results.ts";

const some = plausibleResults().cells[0]!;

test("half of the slowest one's best, with two digits", () => {
  const cells = [
    cell("r1 w1", { kind: "closed", inFlight: 64 }, 90_000),
    cell("r3 w3", { kind: "closed", inFlight: 64 }, 3000),
    cell("r3 w3", { kind: "closed", inFlight: 256 }, 12_345),
    cell("r3 w3", { kind: "open", perSecond: 10 }, 10),
  ];
  expect(halfOfPeak(cells)).toBe(6100);
  expect(halfOfPeak(cells.slice(0, 2))).toBe(1500);
});

test("a rate, whatever was measured", () => {
  expect(halfOfPeak([])).toBe(1);
  expect(halfOfPeak([cell("", { kind: "closed", inFlight: 1 }, 0)])).toBe(1);
  expect(halfOfPeak([cell("", { kind: "closed", inFlight: 1 }, 15)])).toBe(7);
});

function cell(setting: string, load: LoadKind, perSecond: number): Cell {
  return { ...some, setting: parseSetting(setting), load, figures: { ...some.figures, perSecond } };
}
