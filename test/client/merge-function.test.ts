// One call of an application's merge: what is no value is a failure with a sentence (design §8).
import { expect, test } from "vitest";
import { applyMerge, checkMergeFunction } from "../../client/merge-function.ts";

test("a value is a value, null, false and nothing in them too", () => {
  for (const value of [null, false, 0, "", [], { then: 1 }]) expect(applyMerge<unknown>(() => value, 1, 2)).toBe(value);
});

test.each<[string, () => unknown, string]>([
  ["undefined", () => undefined, "shadow returned undefined"],
  ["a promise", async () => 1, "shadow returned a promise"],
  ["something with a then", () => ({ then: () => undefined }), "shadow returned a promise"],
])("%s is none", (_, join, sentence) => {
  expect(() => applyMerge(join, 1, 2, "shadow")).toThrow(
    expect.objectContaining({ code: "MERGE_FAILED", outcome: "none", message: expect.stringContaining(sentence) }),
  );
});

test("what is thrown is told, whatever it is", () => {
  const throwing = (thrown: unknown) => (): number => {
    throw thrown;
  };
  expect(() => applyMerge(throwing("a text"), 1, 2)).toThrow('the merge threw "a text"');
  expect(() => applyMerge(throwing(undefined), 1, 2)).toThrow("the merge threw undefined");
  expect(() => applyMerge(throwing(new RangeError("far")), 1, 2)).toThrow("the merge threw RangeError: far");
});

test("a plain function is one, of any number of parameters", () => {
  for (const join of [Math.max, (a: number) => a, (...all: number[]) => all[0]])
    expect(checkMergeFunction(join, "a merge")).toBeUndefined();
});

test.each([null, 1, "max", {}])("%o is none", (given) => {
  expect(() => checkMergeFunction(given, "shadow")).toThrow("shadow is a function of two values");
});
