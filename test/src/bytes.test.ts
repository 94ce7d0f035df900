/** src/bytes.ts: canonical numbers and binary strings (design §4.2: one form per value). */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ByteReader,
  ByteWriter,
  compareBytes,
  equalBytes,
  fromBinary,
  hexOf,
  MalformedBytes,
  toBinary,
} from "../../src/bytes.ts";

const numbers = fc.oneof(
  fc.nat(300),
  fc.tuple(fc.nat(53), fc.integer({ min: -2, max: -1 })).map(([bits, add]) => Math.max(0, 2 ** bits + add)),
  fc.maxSafeNat(),
  fc.nat(52).chain((bits) => fc.maxSafeNat().map((number) => number % 2 ** bits)),
);

function written(write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter();
  write(writer);
  return writer.take();
}

/** Groups of seven bits, lowest first; all but the last with the high bit. */
function leb128(...groups: number[]): ByteReader {
  return new ByteReader(Uint8Array.of(...groups));
}

describe("numbers", () => {
  test("come back as they were", () => {
    // Numbers are unsigned LEB128 of at most 53 bits.
    fc.assert(
      fc.property(numbers, (number) => {
        const reader = new ByteReader(written((writer) => writer.number(number)));
        expect(reader.number()).toBe(number);
        reader.end();
      }),
    );
  });

  test("take one byte per seven bits", () => {
    // The shortest form is the only one.
    const sizes = [0, 127, 128, 16_383, 16_384, Number.MAX_SAFE_INTEGER].map(
      (number) => written((writer) => writer.number(number)).length,
    );
    expect(sizes).toEqual([1, 1, 2, 2, 3, 8]);
  });

  test("not in their shortest form are refused", () => {
    // Canonical: zero is one byte, and no number ends in an empty group.
    expect(() => leb128(0x80, 0x00).number()).toThrow(MalformedBytes);
    expect(() => leb128(0xff, 0x80, 0x00).number()).toThrow(MalformedBytes);
    expect(leb128(0xff, 0x01).number()).toBe(255);
  });

  test("above 53 bits are refused", () => {
    // A number that JavaScript cannot tell from its neighbour must not come in.
    const most = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    expect(leb128(...most, 0x0f).number()).toBe(Number.MAX_SAFE_INTEGER);
    expect(() => leb128(...most, 0x10).number()).toThrow(MalformedBytes);
    expect(() => leb128(...most, 0xff, 0x01).number()).toThrow(MalformedBytes);
    expect(() => leb128(...Array<number>(50).fill(0x80), 0x01).number()).toThrow(MalformedBytes);
  });

  test("cut short are refused", () => {
    // Foreign bytes may end anywhere.
    expect(() => leb128().number()).toThrow(MalformedBytes);
    expect(() => leb128(0x80).number()).toThrow(MalformedBytes);
  });

  test("of a fixed width come back, most significant byte first", () => {
    // 48-bit times are six bytes that sort as numbers.
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.nat(), (width, seed) => {
        const number = seed % 2 ** (8 * width);
        expect(new ByteReader(written((writer) => writer.fixed(number, width))).fixed(width)).toBe(number);
      }),
    );
    expect(written((writer) => writer.fixed(0x0102, 3))).toEqual(Uint8Array.of(0, 1, 2));
  });
});

describe("a reader", () => {
  test("refuses a count above the bytes that are left, before anything is allocated", () => {
    // Design §17: every length is bounded before allocation.
    const reader = new ByteReader(written((writer) => [4, 0, 0, 0].forEach((byte) => writer.number(byte))));
    expect(() => reader.count()).toThrow(MalformedBytes);
    expect(new ByteReader(Uint8Array.of(3, 0, 0, 0)).count()).toBe(3);
  });

  test("refuses to read past the end", () => {
    // Foreign bytes may end anywhere.
    const bytes = new Uint8Array(7);
    expect(() => new ByteReader(bytes).text8()).toThrow(MalformedBytes);
    expect(() => new ByteReader(bytes).raw(8)).toThrow(MalformedBytes);
    expect(() => new ByteReader(bytes).fixed(8)).toThrow(MalformedBytes);
    expect(() => new ByteReader(bytes, 7).byte()).toThrow(MalformedBytes);
  });

  test("refuses bytes left over", () => {
    // One form per value: nothing may follow it.
    const reader = new ByteReader(new Uint8Array(8));
    reader.raw(7);
    expect(() => reader.end()).toThrow(MalformedBytes);
    reader.byte();
    reader.end();
  });
});

describe("a writer", () => {
  test("grows as needed, and what was taken is its own", () => {
    // One writer serves a whole process: what it gave away must not change under its owner.
    const writer = new ByteWriter();
    const large = Uint8Array.from({ length: 1000 }, (_, at) => at & 0xff);
    writer.raw(large);
    const taken = writer.take();
    writer.clear();
    writer.raw(new Uint8Array(1000));
    expect(taken).toEqual(large);
    expect([writer.length, writer.view(990).length]).toEqual([1000, 10]);
  });

  test("does not keep a large result's memory for the small ones after it", () => {
    // Frames wait in sockets: nine bytes for a slow reader must not keep the megabyte that went to another one.
    const writer = new ByteWriter();
    writer.raw(new Uint8Array(1_000_000));
    const large = writer.take();
    writer.byte(7);
    const small = writer.take();
    expect(small).toEqual(Uint8Array.of(7));
    expect(small.buffer).not.toBe(large.buffer);
    expect(small.buffer.byteLength).toBeLessThan(100_000);
  });

  test("writes a part of a binary string", () => {
    // Ids are binary strings: one character per byte.
    expect(written((writer) => writer.text("\u0000ab\u00ff", 1, 4))).toEqual(Uint8Array.of(97, 98, 255));
  });
});

describe("texts in UTF-8", () => {
  // src/record.ts, src/conflict.ts: a path comes back as it was, whatever names are in it.
  test.each(["", "m5:notesg", "m1:\u00e9w", "\ufeffm2:\u{1f600}w"])("%j come back", (text) => {
    const writer = new ByteWriter();
    writer.utf8(text);
    const reader = new ByteReader(writer.take());
    expect(reader.utf8()).toBe(text);
    reader.end();
  });

  test.each([
    ["half a character", [1, 0xc3], "a text that is not UTF-8"],
    ["more than there is", [3, 0x61], "count larger than the bytes that are left"],
  ])("%s is refused", (_, bytes, message) => {
    expect(() => new ByteReader(Uint8Array.from(bytes)).utf8()).toThrow(message);
  });
});

describe("bytes and binary strings", () => {
  const bytes = fc.uint8Array({ maxLength: 20 });

  test("are the same thing where there are more bytes than a call has room for arguments", () => {
    const many = Uint8Array.from({ length: 500_001 }, (_, at) => at % 256);
    expect(equalBytes(fromBinary(toBinary(many)), many)).toBe(true);
  });

  test("are the same thing in two forms, in the same order", () => {
    // src/bytes.ts: their order as strings is the order of their bytes.
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(fromBinary(toBinary(a))).toEqual(a);
        expect(Math.sign(compareBytes(a, b))).toBe(
          toBinary(a) === toBinary(b) ? 0 : toBinary(a) < toBinary(b) ? -1 : 1,
        );
        expect(equalBytes(a, b)).toBe(compareBytes(a, b) === 0);
        expect(equalBytes(a, a.slice())).toBe(true);
      }),
    );
  });

  test("are shown as hexadecimal digits", () => {
    // For people.
    expect(hexOf("\u0000\u000fA\u00ff")).toBe("000f41ff");
  });
});
