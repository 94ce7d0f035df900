/** src/request-codec.ts: what clients ask, and what they are answered, as foreign bytes (design §13). */
import { describe, expect, test } from "vitest";
import { decodeFrame, encodeFrame } from "../../src/codec.ts";
import { limits } from "../../src/limits.ts";
import type { Get } from "../../src/messages.ts";
import { pack } from "../../src/msgpack.ts";
import { outcome } from "./outcome.ts";
import { frameOf } from "./sealed.ts";

const key = Uint8Array.of(98, 0, 107);

test.each<[string, unknown[], string]>([
  ["a key that is text", [3, 1, "key", 100], "key is no byte string"],
  ["time left that is no number", [3, 1, key, "soon"], "timeoutMs is no whole number"],
  ["options that are no bytes", [3, 1, key, 100, [1]], "options is no byte string"],
  ["options that are no array", [3, 1, key, 100, pack({ r: 1 })], "options are no array"],
  ["options that are no MessagePack", [3, 1, key, 100, new Uint8Array(0)], "bytes end too early"],
  ["an acknowledgement by nobody's name", [4, 1, null, key, [1]], "answered is no text"],
  ["effective options that are no bytes", [4, 1, null, [1], null], "effective options is no byte string"],
  ["an operation id of 13 bytes", [5, 1, new Uint8Array(13), key, null, null, 100], "op has 13 bytes instead of 14"],
  ["an operation id of 15 bytes", [5, 1, new Uint8Array(15), key, null, null, 100], "op has 15 bytes, the limit is 14"],
  ["an outcome that is none", [9, 1, "TIMEOUT", "text", "maybe", true], "outcome is none of none, unknown"],
  ["a place of 65 bytes", [27, 1, "b", null, new Uint8Array(65)], "from has 65 bytes, the limit is 64"],
  ["an entry that is text", [28, 1, ["entry"]], "entry is no byte string"],
])("%s condemns its frame", (_, fields, reason) => {
  // Design §13: a frame that does not decode closes that link only, with a reason.
  expect(outcome(frameOf([fields]))).toBe(reason);
});

test("what an older sender leaves out at the end of a put is what is usual", () => {
  // src/codec.ts: fields are told by their place, and were added at the end.
  const put = [5, 1, new Uint8Array(14), key, null, null, 100];
  expect(decodeFrame(frameOf([put]))).toMatchObject([
    { options: undefined, returnValue: false, details: false, ageMs: 0, settled: [], changes: undefined },
  ]);
});

test("an error code that a newer node invented is still an error", () => {
  // src/fields.ts: of ours, UNAVAILABLE promises least.
  expect(decodeFrame(frameOf([[9, 1, "NEW_CODE", "text", "unknown", true]]))).toMatchObject([
    { kind: "Failure", code: "UNAVAILABLE", outcome: "unknown" },
  ]);
});

test("a time left that is too long is cut to the longest there is", () => {
  // limits.timeoutMsMax bounds how long a node remembers a request.
  const get = [3, 1, Uint8Array.of(1), 10 * limits.timeoutMsMax, null, false, false];
  expect(decodeFrame(frameOf([get]))).toMatchObject([{ timeoutMs: limits.timeoutMsMax }]);
});

/** A Get with options in their places. */
function getWith(options: unknown): Uint8Array {
  return frameOf([[3, 1, Uint8Array.of(98, 0, 107), 1000, pack(options), false, false]]);
}

describe("options in a frame", () => {
  test("with a 64-bit integer make no other error than PROTOCOL", () => {
    // Design §13, §14: a frame that does not decode closes that link only. As a key of the combinations, JSON would throw a TypeError.
    expect(outcome(getWith([2n ** 63n]))).toMatchObject([{ kind: "Get" }]);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])("of one client, n %d, do not become another client's", (wrong) => {
    // Design §13: what comes out of `decodeFrame` has been checked. As a key of the combinations, JSON would write NaN and Infinity as
    // null: under that text they would be remembered for a client which chose nothing there.
    const r = 4 + (Number.isNaN(wrong) ? 0 : 1);
    decodeFrame(getWith([wrong, r, null, null, null, null, null, null]));
    const honest: Get = {
      kind: "Get",
      id: 1,
      key: Uint8Array.of(98, 0, 107),
      timeoutMs: 1000,
      options: { r },
      head: false,
      details: false,
    };
    expect(decodeFrame(encodeFrame([honest]))).toMatchObject([{ options: { r } }]);
    expect((decodeFrame(encodeFrame([honest]))[0] as Get).options).not.toHaveProperty("n");
  });
});
