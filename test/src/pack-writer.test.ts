/** src/pack-writer.ts: MessagePack as msgpackr writes it, value by value. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { pack } from "../../src/msgpack.ts";
import { PackWriter } from "../../src/pack-writer.ts";

const writer = new PackWriter();

function written(write: () => void): number[] {
  writer.begin(0);
  write();
  return [...writer.take()];
}

/** Around every place where the form changes. */
const edges = [0x20, 0x80, 0x100, 0x8000, 0x1_0000, 2 ** 31, 2 ** 32, 2 ** 53].flatMap((edge) => [edge - 1, edge]);

test("numbers are as msgpackr writes them", () => {
  // Above 32 bits it writes floats, which hold 53.
  for (const edge of edges)
    for (const value of [edge, -edge, -edge - 1, edge + 0.5])
      expect(written(() => writer.number(value))).toEqual([...pack(value)]);
  fc.assert(
    fc.property(fc.oneof(fc.maxSafeInteger(), fc.integer(), fc.double()), (value) => {
      expect(written(() => writer.number(value))).toEqual([...pack(value)]);
    }),
  );
});

test.each([0, 1, 15, 16, 31, 32, 255, 256, 65_535, 65_536])("so are %i bytes, letters and elements", (length) => {
  const bytes = new Uint8Array(length).fill(7);
  expect(Buffer.compare(Uint8Array.from(written(() => writer.bytes(bytes))), pack(bytes))).toBe(0);
  for (const text of ["a".repeat(length), "é".repeat(length >> 1)])
    expect(Buffer.compare(Uint8Array.from(written(() => writer.text(text))), pack(text))).toBe(0);
  const numbers = Array.from({ length }, (_, at) => at);
  expect(Buffer.compare(Uint8Array.from(written(() => writer.numbers(numbers))), pack(numbers))).toBe(0);
});

test("so are texts of all characters, words and what is not there", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "grapheme" })), (texts) => {
      expect(written(() => writer.texts(texts))).toEqual([...pack(texts)]);
    }),
  );
  expect(written(() => writer.boolean(true))).toEqual([...pack(true)]);
  expect(written(() => writer.boolean(false))).toEqual([...pack(false)]);
  const nothings = [
    () => writer.nil(),
    () => writer.number(undefined),
    () => writer.bytes(undefined),
    () => writer.text(undefined),
    () => writer.texts(undefined),
  ];
  for (const write of nothings) expect(written(write)).toEqual([...pack(undefined)]);
});

test("what was begun and not taken leaves no trace, and room in front stays free", () => {
  writer.begin(0);
  writer.text("begun");
  writer.begin(4);
  writer.packed(pack([1]));
  expect([...writer.take()]).toEqual([0, 0, 0, 0, ...pack([1])]);
});
