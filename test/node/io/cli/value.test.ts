// What people type is what they get back: nothing of it is lost on the way to a value and out again.
import { assert, jsonValue, property } from "fast-check";
import { describe, expect, it, test } from "vitest";
import { looksLikeBrokenJson, parseValue, showValue, toJson, valueOf } from "../../../../node/io/cli/value.ts";

describe("a value as it is typed", () => {
  test.each<readonly [text: string, value: unknown]>([
    ['{"items":["tea"]}', { items: ["tea"] }],
    ["tea", "tea"],
    ['"5"', "5"],
    ["5", 5],
    [" -1.5e3 ", -1500],
    ["007", "007"],
    ["", ""],
    ["null", null],
    ["true", true],
    ["True", "True"],
    ["{tea}", "{tea}"],
    ["9007199254740991", 9_007_199_254_740_991],
    ["9007199254740993", "9007199254740993"],
    ["100000000000000000000", 1e20],
    ["1e999", "1e999"],
    ["NaN", "NaN"],
    ['{"id":9007199254740991,"text":"9007199254740993"}', { id: 9_007_199_254_740_991, text: "9007199254740993" }],
    ['["\\"9007199254740993",0.1234567890123456789]', ['"9007199254740993', 0.123_456_789_012_345_68]],
  ])("%s", (text, value) => {
    expect(parseValue(text)).toStrictEqual(value);
  });

  it.each([
    ['{"order":{"id":9007199254740993}}', "9007199254740993"],
    ["[1,-12345678901234567890]", "-12345678901234567890"],
    ['{"far":1e999}', "1e999"],
    [`[${"7".repeat(200)}]`, `${"7".repeat(40)}… in this value`],
  ])("with a number inside that would lose digits is refused: %s", (text, number) => {
    expect(() => parseValue(text)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringContaining(number) as string }),
    );
  });

  it("comes from standard input only for a lonely dash", async () => {
    expect(await valueOf("-5")).toBe(-5);
    expect(await valueOf("- 5")).toBe("- 5");
  });

  it("is the JSON that it shows", () => {
    assert(
      property(
        jsonValue().filter((value) => typeof value !== "number"),
        (value) => {
          expect(parseValue(toJson(value))).toStrictEqual(JSON.parse(JSON.stringify(value)));
        },
      ),
    );
  });
});

describe("a value as it is shown", () => {
  it("is the text itself, or JSON over several lines", () => {
    expect(showValue("tea\n")).toBe("tea\n");
    expect(showValue({ items: ["tea"] })).toBe('{\n  "items": [\n    "tea"\n  ]\n}');
  });

  it("has a form for what JSON cannot say", () => {
    const value = { bytes: Uint8Array.of(0, 255), buffer: Buffer.of(1), large: 2n ** 64n, map: new Map([["a", [1n]]]) };
    expect(JSON.parse(toJson(value))).toEqual({
      bytes: { base64: "AP8=" },
      buffer: { base64: "AQ==" },
      large: "18446744073709551616",
      map: { a: ["1"] },
    });
    expect(toJson(Uint8Array.of(7))).toBe('{"base64":"Bw=="}');
    expect(toJson(undefined)).toBe("null");
    expect(toJson(new Date(0))).toBe('"1970-01-01T00:00:00.000Z"');
  });
});

test("what was meant as JSON and is none is noticed: the commonest slip of the shell's quotes", () => {
  for (const text of ["{items:[tea]}", '{"items":["tea"', " [1,"])
    expect(looksLikeBrokenJson(text, parseValue(text))).toBe(true);
  for (const text of ['{"items":[]}', "[1]", "tea", "12345678901234567890"])
    expect(looksLikeBrokenJson(text, parseValue(text))).toBe(false);
});
