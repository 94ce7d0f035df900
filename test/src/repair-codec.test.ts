/** src/repair-codec.ts: what nodes say when they compare what they hold, as foreign bytes (design §13). */
import { expect, test } from "vitest";
import { outcome } from "./outcome.ts";
import { frameOf } from "./sealed.ts";

const key = Uint8Array.of(98, 0, 107);

test.each<[string, unknown[], string]>([
  ["half of a tree's name", [16, 1, [1], new Uint8Array(0), []], "half of a tree's name"],
  ["digests for fewer trees", [16, 1, [0, 3, 1, 3], new Uint8Array(8), []], "digests has 8 bytes instead of 16"],
  ["digests for more trees", [16, 1, [0, 3], new Uint8Array(16), []], "digests has 16 bytes, the limit is 8"],
  ["a tree that is a number", [18, 1, 7, null, null], "a tree's name is no array"],
  ["a tree without its n", [20, 1, [7], null, null], "n is no whole number"],
  ["leaves that are no numbers", [20, 1, [7, 3], ["leaf"], null], "leaves is no whole number"],
  ["a state that is no array", [21, 1, [key], null], "a key's state is no array"],
  ["a state without a digest", [22, 1, false, [[key]]], "digest is no byte string"],
  ["states that are none", [24, 1], "states is no array"],
])("%s condemns its frame", (_, fields, reason) => {
  // Design §13: a frame that does not decode closes that link only, with a reason.
  expect(outcome(frameOf([fields]))).toBe(reason);
});
