/** src/codec.ts, on frames that are made to cost more than they are (design §14, §17). */
import { describe, expect, test } from "vitest";
import { decodeFrame } from "../../src/codec.ts";
import { frameOf, sealed } from "./sealed.ts";

describe("a frame of very many small things", () => {
  // Design §14, §17: one byte on the wire must not cost a hundred in memory, nor a turn of the event loop minutes.
  test("is refused by its count of values, before they are made", () => {
    const frame = new Uint8Array(2_000_005).fill(0x80);
    frame.set([0xdd, 0, 0x1e, 0x84, 0x80]);
    expect(() => decodeFrame(sealed(frame))).toThrow(
      expect.objectContaining({ code: "PROTOCOL", message: expect.stringContaining("values") as string }),
    );
  });

  test("is refused by its count of messages", () => {
    const frame = frameOf(Array.from({ length: 32_769 }, () => [7, 1]));
    expect(() => decodeFrame(frame)).toThrow(
      expect.objectContaining({ code: "PROTOCOL", message: expect.stringContaining("messages") as string }),
    );
    expect(decodeFrame(frameOf([[7, 1]]))).toEqual([{ kind: "Status", id: 1 }]);
  });
});
