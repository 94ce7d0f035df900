// A value in a sentence reads as it would be written in a program.
import { expect, test } from "vitest";
import { formatField, formatLiteral } from "../../src/literal.ts";

test.each([
  [null, "null"],
  [-1.5, "-1.5"],
  [12n, "12n"],
  ['a "b"', '"a \\"b\\""'],
  [[1, [true]], "[1, [true]]"],
  [{}, "{}"],
  [{ a: 1, "two words": undefined, "3": [] }, '{ "3": [], a: 1 }'],
  [Uint8Array.of(0, 255), "Uint8Array.of(0, 255)"],
  [new Date(5), 'new Date("1970-01-01T00:00:00.005Z")'],
] as const)("%o reads %s", (value, text) => {
  expect(formatLiteral(value)).toBe(text);
});

test("fields are named as they are reached", () => {
  expect([formatField("items"), formatField("two words")]).toEqual([".items", '["two words"]']);
});
