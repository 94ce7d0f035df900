/** src/codec.ts: foreign bytes become messages here and nowhere else (design §13). */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeFrame, encodeFrame, roughSize } from "../../src/codec.ts";
import { CoterieError } from "../../src/errors.ts";
import { openFrame } from "../../src/frame.ts";
import { limits } from "../../src/limits.ts";
import { plainPut, type Get, type Message } from "../../src/messages.ts";
import { pack, unpack } from "../../src/msgpack.ts";
import { kinds, message, plain } from "./any-message.ts";
import { frameOf, sealed } from "./sealed.ts";

function outcome(bytes: Uint8Array): Message[] | string {
  try {
    return decodeFrame(bytes);
  } catch (error) {
    if (!(error instanceof CoterieError) || error.code !== "PROTOCOL") throw error;
    return error.message.replace("not a frame of this protocol: ", "");
  }
}

describe("a frame", () => {
  test.each(Object.entries(kinds))("brings back every %s as it was", (_, one) => {
    // Design §13: clients and peers speak the same framing.
    fc.assert(
      fc.property(fc.array(one as fc.Arbitrary<Message>, { maxLength: 3 }), (messages) => {
        expect(plain(decodeFrame(encodeFrame(messages)))).toEqual(plain(messages));
      }),
    );
  });

  test("brings back messages of all kinds in their order", () => {
    // Design §13: everything that a turn produced for one link leaves as one frame.
    fc.assert(
      fc.property(fc.array(message, { maxLength: 10 }), (messages) => {
        expect(plain(decodeFrame(encodeFrame(messages)))).toEqual(plain(messages));
      }),
    );
  });

  test("of a newer sender: a further field is ignored, a kind that is not known comes out as Unknown", () => {
    // Design §13: unknown fields are ignored, unknown kinds answered with an error.
    fc.assert(
      fc.property(message, fc.jsonValue(), (one, extra) => {
        const [fields] = unpack(openFrame(encodeFrame([one]))) as unknown[][];
        expect(plain(decodeFrame(frameOf([[...fields!, extra, extra]])))).toEqual(plain([one]));
      }),
    );
    expect(decodeFrame(frameOf([[99, 7, "new"]]))).toEqual([{ kind: "Unknown", id: 7, number: 99 }]);
  });

  test("of an error code that a newer node invented is still an error", () => {
    // src/codec.ts: of ours, UNAVAILABLE promises least.
    expect(decodeFrame(frameOf([[9, 1, "NEW_CODE", "text", "unknown", true]]))).toMatchObject([
      { kind: "Failure", code: "UNAVAILABLE", outcome: "unknown" },
    ]);
  });

  test("of a time left that is too long is cut to the longest there is", () => {
    // limits.timeoutMsMax bounds how long a node remembers a request.
    const get = [3, 1, Uint8Array.of(1), 10 * limits.timeoutMsMax, null, false, false];
    expect(decodeFrame(frameOf([get]))).toMatchObject([{ timeoutMs: limits.timeoutMsMax }]);
  });
});

/** A Get with options in their places. */
function getWith(options: unknown): Uint8Array {
  return frameOf([[3, 1, Uint8Array.of(98, 0, 107), 1000, pack(options), false, false]]);
}

describe("options in a frame", () => {
  test("with a 64-bit integer make no other error than PROTOCOL", () => {
    // Design §13, §14: a frame that does not decode closes that link only. `JSON.stringify` would throw a TypeError on it.
    expect(outcome(getWith([2n ** 63n]))).toMatchObject([{ kind: "Get" }]);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])("of one client, n %d, do not become another client's", (wrong) => {
    // Design §13: what comes out of `decodeFrame` has been checked. JSON writes NaN and Infinity as null: under that text
    // they would be remembered for a client which chose nothing there.
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

describe("condemned are", () => {
  const key8 = Uint8Array.of(98, 0, 107);
  const wrong: readonly [string, unknown, string][] = [
    ["what is no array", { a: 1 }, "a frame is no array"],
    ["a message that is no array", [7], "a message is no array"],
    ["a message without a kind", [[]], "kind is no whole number"],
    ["a message without an id", [[7]], "id is no whole number"],
    ["a negative id", [[7, -1]], "id is no whole number"],
    ["an id beyond 53 bits", [[7, 2 ** 53]], "id is no whole number"],
    ["an id of 64 bits", [[7, 2n ** 63n]], "id is no whole number"],
    ["a key that is text", [[3, 1, "key", 100]], "key is no byte string"],
    [
      "an operation id of 13 bytes",
      [[5, 1, new Uint8Array(13), key8, null, null, 100]],
      "op has 13 bytes instead of 14",
    ],
    [
      "an operation id of 15 bytes",
      [[5, 1, new Uint8Array(15), key8, null, null, 100]],
      "op has 15 bytes, the limit is 14",
    ],
    ["a digest of 7 bytes", [[12, 1, key8, new Uint8Array(7), 100]], "have has 7 bytes instead of 8"],
    ["time left that is no number", [[3, 1, key8, "soon"]], "timeoutMs is no whole number"],
    ["options that are no bytes", [[3, 1, key8, 100, [1]]], "options is no byte string"],
    ["options that are no array", [[3, 1, key8, 100, pack({ r: 1 })]], "options are no array"],
    ["an answer that is none", [[13, 1, 5, null]], "answer is none of those known"],
    ["an answer `record` without one", [[13, 1, 1, null]], "record is no byte string"],
    ["a role that is none", [[1, 0, 1, [], "king", key8]], "role is none of client, node"],
    [
      "an identity that is too long",
      [[1, 0, 1, [], "node", new Uint8Array(65)]],
      "identity has 65 bytes, the limit is 64",
    ],
    ["a feature that is no text", [[1, 0, 1, [7], "node", key8]], "features is no text"],
    ["an outcome that is none", [[9, 1, "TIMEOUT", "text", "maybe", true]], "outcome is none of none, unknown"],
    ["an acknowledgement by nobody's name", [[4, 1, null, key8, [1]]], "answered is no text"],
    ["effective options that are no bytes", [[4, 1, null, [1], null]], "effective options is no byte string"],
    [
      "a ring that is none",
      [[2, 0, 1, [], "n1", [1, 3, 3, [], []], [null, []]]],
      "The ring table's partitions must be a power of two in 1..4096, not 3.",
    ],
    [
      "cluster options that are wrong",
      [[2, 0, 1, [], "n1", [1, 1, 3, [["n1", "u", "z", 1]], [0]], [pack([0]), []]]],
      "n is a number of nodes from 1, not 0",
    ],
  ];
  test.each(wrong)("%s", (_, frame, reason) => {
    // Design §13: a frame that does not decode closes that link only, with a reason.
    expect(outcome(frameOf(frame))).toBe(reason);
  });

  test("five bytes that claim four billion messages, before anything is allocated", () => {
    // Design §17: every length is bounded before allocation.
    expect(outcome(sealed(Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff)))).toBe(
      "a count larger than the bytes that are left",
    );
  });

  test("deep nesting, and extension types", () => {
    // Design §18: set limits before decoding.
    expect(outcome(sealed(new Uint8Array(100_000).fill(0x91)))).toBe(`nested deeper than ${limits.nestingMax}`);
    expect(outcome(sealed(Uint8Array.of(0x91, 0xd4, 0x72, 0x40)))).toBe("an extension that is not allowed here");
  });

  test("random bytes and damaged frames, with PROTOCOL and nothing else", () => {
    // Design §14: foreign bytes never crash a node. What still decodes must encode again.
    const damaged = fc
      .tuple(
        fc.array(message, { minLength: 1, maxLength: 3 }),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
        fc.nat(),
      )
      .map(([messages, changes, cut]) => {
        const bytes = Uint8Array.from(openFrame(encodeFrame(messages)));
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        return sealed(cut % 4 === 0 ? bytes.subarray(0, cut % bytes.length) : bytes);
      });
    fc.assert(
      fc.property(
        fc.oneof({ weight: 1, arbitrary: fc.uint8Array({ maxLength: 100 }) }, { weight: 4, arbitrary: damaged }),
        (bytes) => {
          const decoded = outcome(bytes);
          if (typeof decoded !== "string") expect(plain(decodeFrame(encodeFrame(decoded)))).toEqual(plain(decoded));
        },
      ),
      { numRuns: 5000 },
    );
  });
});

test("the rough size of a message is near the real one, where it is large", () => {
  // src/codec.ts: enough to close a frame in time (limits.frameBytesTarget).
  const large = new Uint8Array(100_000);
  const nothing = new Uint8Array();
  const messages: Message[] = [
    {
      kind: "ReplicaPut",
      id: 1,
      key: large.subarray(0, 10),
      record: large,
      timeoutMs: 1,
      early: false,
      standsFor: undefined,
    },
    { kind: "GetReply", id: 1, record: large, effective: nothing, answered: undefined },
    { kind: "GetReply", id: 1, record: large, effective: nothing, answered: undefined, merged: large },
    { kind: "PutReply", id: 1, context: large.subarray(0, 10), record: large, effective: nothing, answered: undefined },
    { kind: "ReplicaGetReply", id: 1, answer: "record", record: large },
    {
      kind: "Put",
      id: 1,
      op: large.subarray(0, 14),
      key: large.subarray(0, 10),
      value: large,
      context: undefined,
      timeoutMs: 1,
      options: undefined,
      returnValue: false,
      details: false,
      ...plainPut,
    },
    { kind: "Status", id: 1 },
  ];
  for (const one of messages) expect(Math.abs(roughSize(one) - encodeFrame([one]).length)).toBeLessThan(200);
});
