/** src/pack-reader.ts: MessagePack, from foreign bytes. What it refuses is tested through `unpack`, in test/src/msgpack.test.ts. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { MalformedBytes } from "../../src/bytes.ts";
import { limits } from "../../src/limits.ts";
import { pack } from "../../src/msgpack.ts";
import { PackReader } from "../../src/pack-reader.ts";

function reading(bytes: ArrayLike<number>): PackReader {
  return new PackReader(Uint8Array.from(bytes), false);
}

const leaf = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.string({ unit: "grapheme", maxLength: 300 }),
  fc.uint8Array({ maxLength: 300 }),
);

test("each value is read by the method of its kind, and passed over by all others", () => {
  // What comes back for another kind is undefined; either way the next value is read next.
  fc.assert(
    fc.property(leaf, (value) => {
      const packed = [...pack(value), 0x07];
      const read = {
        number: (reader: PackReader) => reader.number(),
        boolean: (reader: PackReader) => reader.boolean(),
        string: (reader: PackReader) => reader.text(),
        object: (reader: PackReader) => reader.bytes(),
      };
      for (const [kind, method] of Object.entries(read)) {
        const reader = reading(packed);
        const expected = kind === typeof value && value !== null ? value : undefined;
        expect(method(reader)).toEqual(expected === 0 ? 0 : expected);
        expect(reader.number()).toBe(7);
        reader.end();
      }
    }),
  );
});

test("numbers are read in every form that holds them", () => {
  // Other programs may write longer ones than msgpackr. Of 64 bits no integer is taken: a number does not hold all of them.
  const forms: readonly [number, readonly number[]][] = [
    [5, [0xcc, 5]],
    [5, [0xcd, 0, 5]],
    [5, [0xce, 0, 0, 0, 5]],
    [2 ** 32 - 1, [0xce, 0xff, 0xff, 0xff, 0xff]],
    [-1, [0xff]],
    [-1, [0xd0, 0xff]],
    [-1, [0xd1, 0xff, 0xff]],
    [-1, [0xd2, 0xff, 0xff, 0xff, 0xff]],
    [0.5, [0xca, 0x3f, 0, 0, 0]],
    [0.5, [0xcb, 0x3f, 0xe0, 0, 0, 0, 0, 0, 0]],
  ];
  for (const [value, bytes] of forms) expect(reading(bytes).number()).toBe(value);
  for (const head of [0xcf, 0xd3]) {
    const reader = reading([head, 0, 0, 0, 0, 0, 0, 0, 5]);
    expect(reader.number()).toBe(undefined);
    reader.end();
  }
});

test("texts are read whatever bytes they hold, as other readers of UTF-8 do", () => {
  expect(reading([0xa4, 0x61, 0xff, 0xc3, 0x62]).text()).toBe("a\ufffd\ufffdb");
  expect(reading(pack("\ufeffa")).text()).toBe("\ufeffa");
});

test("arrays are opened, and any value is cut out as it is", () => {
  fc.assert(
    fc.property(fc.array(leaf), leaf, (values, last) => {
      const reader = reading(pack([...values, last]));
      expect(reader.openArray()).toBe(values.length + 1);
      for (const value of values) expect([...reader.packed()]).toEqual([...pack(value)]);
      expect(reader.nil()).toBe(last === null);
      if (last !== null) reader.pass();
      reader.closeArray();
      reader.end();
    }),
  );
  expect(reading(pack({ a: 1 })).openArray()).toBe(undefined);
});

test("more values than there may be are refused, by their count or when it is reached", () => {
  // limits.decodedValuesMax: each may cost a hundred times its byte.
  const many = new Uint8Array(limits.decodedValuesMax + 5);
  many.set([0xdd, 0x00, 0x0f, 0x42, 0x40]);
  expect(() => new PackReader(many, false).openArray()).toThrow(MalformedBytes);
  many.set([0xdd, 0x00, 0x0f, 0x42, 0x3f]);
  const reader = new PackReader(many, false);
  expect(reader.openArray()).toBe(limits.decodedValuesMax - 1);
  for (let left = limits.decodedValuesMax - 1; left > 0; left--) reader.pass();
  expect(() => reader.pass()).toThrow(`more than ${limits.decodedValuesMax} values`);
});
