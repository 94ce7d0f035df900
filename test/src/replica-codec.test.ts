/** src/replica-codec.ts: what nodes ask each other for requests, and for signs of life, as foreign bytes (design §13). */
import { expect, test } from "vitest";
import { outcome } from "./outcome.ts";
import { frameOf } from "./sealed.ts";

const key = Uint8Array.of(98, 0, 107);

test.each<[string, unknown[], string]>([
  ["a copy without a record", [10, 1, key, null, 100], "record is no byte string"],
  ["a digest of 7 bytes", [12, 1, key, new Uint8Array(7), 100], "have has 7 bytes instead of 8"],
  ["an answer that is none", [13, 1, 5, null], "answer is none of those known"],
  ["an answer `record` without one", [13, 1, 1, null], "record is no byte string"],
  ["a ping without news", [14, 1, null], "news is no array"],
  ["news that are no array", [14, 1, null, [7]], "a piece of news is no array"],
  ["news of a state that is none", [14, 1, null, [["n1", 3, 1, "n2"]]], "a member's state is none of those known"],
  ["news by nobody", [15, 1, true, [["n1", 0, 1]]], "by is no text"],
])("%s condemns its frame", (_, fields, reason) => {
  // Design §13: a frame that does not decode closes that link only, with a reason.
  expect(outcome(frameOf([fields]))).toBe(reason);
});

test("a record that comes with another answer is nobody's business", () => {
  // A reply that says `same` has none.
  expect(outcome(frameOf([[13, 1, 0, "record"]]))).toMatchObject([{ answer: "same", record: undefined }]);
});
