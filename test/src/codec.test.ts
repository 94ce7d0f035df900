/** src/codec.ts: foreign bytes become messages here and nowhere else (design §13). */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeFrame, encodeFrame, roughSize } from "../../src/codec.ts";
import { openFrame } from "../../src/frame.ts";
import { limits } from "../../src/limits.ts";
import { plainPut, type Message } from "../../src/messages.ts";
import { unpack } from "../../src/msgpack.ts";
import { kinds, message, plain } from "./any-message.ts";
import { outcome } from "./outcome.ts";
import { frameOf, sealed } from "./sealed.ts";

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
});

describe("condemned are", () => {
  const wrong: readonly [string, unknown, string][] = [
    ["what is no array", { a: 1 }, "a frame is no array"],
    ["a message that is no array", [7], "a message is no array"],
    ["a message without a kind", [[]], "kind is no whole number"],
    ["a message without an id", [[7]], "id is no whole number"],
    ["a negative id", [[7, -1]], "id is no whole number"],
    ["an id beyond 53 bits", [[7, 2 ** 53]], "id is no whole number"],
    ["an id of 64 bits", [[7, 2n ** 63n]], "id is no whole number"],
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
