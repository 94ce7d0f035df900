// S3 2008-07-20: one flipped bit in a message, and a whole system gossips itself to death. Here it condemns its frame.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { checksumBytes, openFrame } from "../../src/frame.ts";
import { sealed } from "./sealed.ts";

const payload = fc.uint8Array({ minLength: 1, maxLength: 200 });

test("what was sealed is opened as it was", () => {
  fc.assert(
    fc.property(payload, (bytes) => {
      expect([...openFrame(sealed(bytes))]).toEqual([...bytes]);
    }),
  );
});

test("any flipped bit, anywhere in the frame, is found", () => {
  fc.assert(
    fc.property(payload, fc.nat(), fc.nat(7), (bytes, at, bit) => {
      const frame = sealed(bytes);
      frame[at % frame.length]! ^= 1 << bit;
      expect(() => openFrame(frame)).toThrow("the frame's checksum is wrong");
    }),
  );
});

test("so is a frame whose end is missing", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 2, maxLength: 200 }), fc.nat(), (bytes, cut) => {
      const frame = sealed(bytes);
      const end = cut % frame.length;
      const reason = end <= checksumBytes ? "bytes end too early" : "the frame's checksum is wrong";
      expect(() => openFrame(frame.subarray(0, end))).toThrow(reason);
    }),
  );
});
