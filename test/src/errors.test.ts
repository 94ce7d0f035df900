/** src/errors.ts: one class, stable codes, honest outcomes (design §14). */
import { expect, test } from "vitest";
import {
  badContext,
  clockSkew,
  closed,
  CoterieError,
  errorCodes,
  invalidArgument,
  mergeFailed,
  overloaded,
  protocol,
  storage,
  timedOut,
  tooLarge,
  tooManySiblings,
  unauthenticated,
  unavailable,
} from "../../src/errors.ts";

const details = { need: 2, got: 1, of: "w", answered: ["n1"] };

test.each([
  [invalidArgument("m"), "INVALID_ARGUMENT", "none", false],
  [tooLarge("m"), "TOO_LARGE", "none", false],
  [badContext("m"), "BAD_CONTEXT", "none", false],
  [unavailable("m", "none"), "UNAVAILABLE", "none", true],
  [unavailable("m", "unknown", details), "UNAVAILABLE", "unknown", true],
  [timedOut("m", "unknown", details), "TIMEOUT", "unknown", true],
  [overloaded("m"), "OVERLOADED", "none", true],
  [clockSkew("m"), "CLOCK_SKEW", "none", true],
  [tooManySiblings("m"), "TOO_MANY_SIBLINGS", "none", false],
  [mergeFailed("m"), "MERGE_FAILED", "none", false],
  [unauthenticated("m"), "UNAUTHENTICATED", "none", false],
  [protocol("m"), "PROTOCOL", "none", false],
  [closed("m"), "CLOSED", "none", false],
  [closed("m", "unknown"), "CLOSED", "unknown", false],
  [storage("m"), "STORAGE", "none", false],
] as const)("%s is a CoterieError %s, outcome %s, retryable %s", (error, code, outcome, retryable) => {
  // Design §14: code, outcome and retryable are what programs act on; the text is for people.
  expect(error).toBeInstanceOf(CoterieError);
  expect(error).toMatchObject({ name: "CoterieError", message: "m", code, outcome, retryable });
  expect(errorCodes).toContain(error.code);
});

test("details and cause are carried", () => {
  // Design §14: details (need, got, who), cause.
  expect(unavailable("m", "none", details).details).toEqual(details);
  expect(unavailable("m", "none").details).toEqual({});
  const cause = new Error("disk");
  expect(storage("m", { cause }).cause).toBe(cause);
  expect("cause" in storage("m")).toBe(false);
});

test("no code stands twice", () => {
  // Style §1.13: codes are stable names.
  expect(new Set(errorCodes).size).toBe(errorCodes.length);
});
