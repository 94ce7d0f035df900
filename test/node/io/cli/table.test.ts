// What `coterie status` lays out fits a terminal: in width where it can, in height with --watch.
import { expect, test } from "vitest";
import { fitRows, layOut, layOutEitherWay } from "../../../../node/io/cli/table.ts";

test("columns stand below each other, and no line ends in blanks", () => {
  expect(
    layOut([
      ["a", "bb", ""],
      ["aaa", "b"],
    ]),
  ).toEqual(["a    bb", "aaa  b"]);
});

test("a table is turned if it is too wide and narrower that way", () => {
  const wide = [Array.from({ length: 12 }, (_, at) => `column ${at}`), Array.from({ length: 12 }, () => "1")];
  expect(layOutEitherWay(wide)[0]).toBe("column 0   1");
  const narrow = [
    ["node", "count"],
    ["n1", "1"],
  ];
  expect(layOutEitherWay(narrow)).toEqual(layOut(narrow));
  const square = Array.from({ length: 3 }, () => Array.from({ length: 3 }, () => "x".repeat(40)));
  expect(layOutEitherWay(square)).toEqual(layOut(square));
});

test("of a text that is too high its beginning is shown, and how much is left out", () => {
  expect(fitRows("1\n2\n3\n", 4, 80)).toBe("1\n2\n3\n");
  expect(fitRows("1\n2\n3\n4\n", 4, 80)).toMatch(/^1\n2\n… 2 more lines/);
  // A line that is wider than the terminal takes two rows.
  expect(fitRows(`1\n${"x".repeat(81)}\n3\n`, 4, 80)).toMatch(/^1\n… 2 more lines/);
});
