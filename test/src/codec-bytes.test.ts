/** src/codec.ts: the bytes of a frame, compared with what msgpackr makes of the same fields. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeFrame, encodeFrame } from "../../src/codec.ts";
import { openFrame } from "../../src/frame.ts";
import type { Message } from "../../src/messages.ts";
import { pack } from "../../src/msgpack.ts";
import { kinds, message, plain } from "./any-message.ts";
import { fieldsOf } from "./message-fields.ts";
import { outcome } from "./outcome.ts";
import { frameOf, sealed } from "./sealed.ts";

describe("of every message of kind", () => {
  test.each(Object.entries(kinds))("%s the bytes are those that msgpackr writes, and are read as such", (_, one) => {
    // Design §13: MessagePack, which other programs write and read too.
    fc.assert(
      fc.property(fc.array(one as fc.Arbitrary<Message>, { maxLength: 3 }), (messages) => {
        const packed = pack(messages.map(fieldsOf));
        expect([...openFrame(encodeFrame(messages))]).toEqual([...packed]);
        expect(plain(decodeFrame(sealed(packed)))).toEqual(plain(messages));
      }),
    );
  });
});

test("a frame is not written again when further ones are", () => {
  // A socket sends it later, while the next ones are being written.
  const frames = Array.from({ length: 500 }, (_, id) => {
    const frame = encodeFrame([
      {
        kind: "ReplicaPut",
        id,
        key: new Uint8Array(id),
        record: new Uint8Array(1000),
        timeoutMs: 1,
        early: true,
        standsFor: "n1",
      },
    ]);
    return { id, frame, copy: Uint8Array.from(frame) };
  });
  for (const { id, frame, copy } of frames) {
    expect(Buffer.compare(frame, copy)).toBe(0);
    expect(decodeFrame(frame)).toMatchObject([{ id, standsFor: "n1" }]);
  }
});

test("a frame is read from the middle of a buffer of Node's, and its byte strings are plain views into it", () => {
  // Sockets cut their messages from larger blocks.
  fc.assert(
    fc.property(fc.array(message, { maxLength: 5 }), fc.nat(20), (messages, before) => {
      const frame = encodeFrame(messages);
      const block = Buffer.alloc(before + frame.length + 7, 0xff);
      block.set(frame, before);
      const decoded = decodeFrame(block.subarray(before, before + frame.length));
      expect(plain(decoded)).toEqual(plain(messages));
      for (const one of decoded)
        if ("key" in one && one.key !== undefined) {
          expect(one.key.constructor).toBe(Uint8Array);
          expect(one.key.buffer).toBe(block.buffer);
        }
    }),
  );
});

describe("condemned is", () => {
  test("a frame that ends early, wherever that is", () => {
    // Design §14: foreign bytes never crash a node.
    fc.assert(
      fc.property(message, (one) => {
        const packed = pack([fieldsOf(one)]);
        for (let end = 0; end < packed.length; end++)
          expect(outcome(sealed(packed.subarray(0, end)))).toBeTypeOf("string");
      }),
      { numRuns: 300 },
    );
  });

  test("a frame in which the last thing claims to be four billion elements or bytes", () => {
    // Design §17: every length is bounded before allocation.
    const heads = [0xc6, 0xdb, 0xdd, 0xdf].map((head) => [head, 0xff, 0xff, 0xff, 0xff]);
    fc.assert(
      fc.property(message, fc.nat(), fc.constantFrom(...heads), (one, at, head) => {
        const fields = fieldsOf(one).map((field) => [...pack(field)]);
        const known = fields.slice(0, at % (fields.length + 1));
        const frame = sealed(Uint8Array.from([0x91, 0x90 | (known.length + 1), ...known.flat(), ...head]));
        expect(outcome(frame)).toMatch(/bytes end too early|a count larger than the bytes that are left/);
      }),
      { numRuns: 2000 },
    );
  });

  test.each<[string, unknown]>([
    ["a further field", [7, 1, true, nestedTo(98)]],
    ["a field of another kind", [7, 1, nestedTo(98)]],
  ])("what is nested too deep in %s, and no less deep", (_, fields) => {
    // limits.nestingMax counts from the frame's own array, which is the first.
    expect(outcome(frameOf([fields]))).toMatchObject([{ kind: "Status", id: 1 }]);
    expect(outcome(frameOf([[...(fields as unknown[]), nestedTo(99)]]))).toContain("nested deeper than 100");
  });
});

function nestedTo(depth: number): unknown {
  let value: unknown = null;
  for (let level = 0; level < depth; level++) value = [value];
  return value;
}
