/** src/msgpack.ts: MessagePack made safe for foreign bytes (design §13, §17, §18). */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { limits } from "../../src/limits.ts";
import { pack, packValue, unpack, unpackValue } from "../../src/msgpack.ts";

const leaf = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.double({ noNaN: true }).filter((number) => !Object.is(number, -0)),
  fc.maxSafeInteger(),
  fc.string({ unit: "grapheme" }),
  fc.uint8Array({ maxLength: 300 }),
);
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.array(tie("tree"), { maxLength: 5 }),
    fc.dictionary(
      fc.string().filter((name) => name !== "__proto__"),
      tie("tree"),
      { maxKeys: 4 },
    ),
  ),
}));

function refusal(run: () => unknown): string {
  try {
    run();
    return "accepted";
  } catch (error) {
    return (error as Error).message;
  }
}

/** Arrays in arrays. */
function nested(depth: number): Uint8Array {
  return new Uint8Array(depth + 1).fill(0x91, 0, depth).fill(0xc0, depth);
}

/** Plain data with bytes as `Uint8Array`, whatever class of it came out. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, child]) => [name, plain(child)]));
}

describe("data", () => {
  test("comes back as it was, as a frame and as a value", () => {
    // Design §13: values are any msgpack-encodable data; bytes stay bytes.
    fc.assert(
      fc.property(tree, (value) => {
        expect(plain(unpack(pack(value)))).toEqual(plain(value));
        expect(plain(unpackValue(packValue(value)))).toEqual(plain(value));
      }),
    );
  });

  test("is canonical: equal data is equal bytes", () => {
    // Design §18: no records, self-describing bytes; what was packed before leaves no trace.
    fc.assert(
      fc.property(tree, tree, (value, other) => {
        const before = Uint8Array.from(packValue(value));
        packValue(other);
        expect(Uint8Array.from(packValue(structuredClone(value)))).toEqual(before);
      }),
    );
  });

  test.each([0, 255, 256, 65_535, 65_536])("of %i bytes is MessagePack's own byte string", (length) => {
    // src/msgpack.ts, packBytes: the bytes that it writes are MessagePack's `bin`.
    const bytes = Uint8Array.from({ length }, (_, at) => at & 0xff);
    const [head, width] = length < 256 ? [0xc4, 1] : length < 65_536 ? [0xc5, 2] : [0xc6, 4];
    const packed = Uint8Array.from(pack(bytes));
    expect(packed[0]).toBe(head);
    expect(packed.length).toBe(1 + width + length);
    expect(plain(unpack(packed))).toEqual([...bytes]);
  });

  test("that an application may store includes moments and 64-bit integers", () => {
    // src/msgpack.ts: dates among them.
    fc.assert(
      fc.property(fc.date({ noInvalidDate: true, min: new Date(-1e12), max: new Date(4e12) }), (date) => {
        expect(unpackValue(packValue(date))).toEqual(date);
      }),
    );
    for (const big of [2n ** 63n, 2n ** 64n - 1n, -(2n ** 63n)]) expect(unpackValue(packValue(big))).toBe(big);
  });

  test("that a user keeps does not keep a frame alive", () => {
    // src/msgpack.ts, copyBuffers.
    const packed = packValue([Uint8Array.of(1, 2, 3), "x".repeat(1000)]);
    const [bytes] = unpackValue(packed) as [Uint8Array];
    expect(bytes.buffer).not.toBe(packed.buffer);
    packed.fill(0);
    expect([...bytes]).toEqual([1, 2, 3]);
  });
});

describe("refused are", () => {
  const wrong: readonly [string, readonly number[], string][] = [
    ["no bytes", [], "bytes end too early"],
    [
      "an array of 4 billion elements in 5 bytes",
      [0xdd, 0xff, 0xff, 0xff, 0xff],
      "a count larger than the bytes that are left",
    ],
    [
      "a map of 4 billion entries in 5 bytes",
      [0xdf, 0xff, 0xff, 0xff, 0xff],
      "a count larger than the bytes that are left",
    ],
    ["a map whose entries fit only half", [0x82, 0x01, 0x01, 0x01], "a count larger than the bytes that are left"],
    ["a text of 4 billion bytes in 5 bytes", [0xdb, 0xff, 0xff, 0xff, 0xff], "bytes end too early"],
    ["a byte string of 4 billion bytes in 5 bytes", [0xc6, 0xff, 0xff, 0xff, 0xff], "bytes end too early"],
    ["a length cut short", [0xdd, 0x00, 0x00], "bytes end too early"],
    ["a short text cut short", [0xa3, 0x41, 0x42], "bytes end too early"],
    ["a number cut short", [0xcf, 0, 0, 0], "bytes end too early"],
    ["the byte that is never used", [0xc1], "a byte that MessagePack never uses"],
    ["bytes left over", [0xc0, 0xc0], "bytes left over behind the value"],
  ];
  test.each(wrong)("%s", (_, bytes, reason) => {
    // Design §17: every length is bounded before allocation.
    expect(refusal(() => unpack(Uint8Array.from(bytes)))).toBe(reason);
    expect(refusal(() => unpackValue(Uint8Array.from(bytes)))).toBe(reason);
  });

  test("nesting above its limit, up to the limit it is taken", () => {
    // limits.nestingMax: deeper ones would overflow the decoder's stack.
    expect(refusal(() => unpack(nested(limits.nestingMax)))).toBe("accepted");
    expect(refusal(() => unpack(nested(limits.nestingMax + 1)))).toBe(`nested deeper than ${limits.nestingMax}`);
    expect(refusal(() => unpack(nested(1_000_000)))).toBe(`nested deeper than ${limits.nestingMax}`);
  });

  test("every extension in a frame, and in a value all but moments", () => {
    // src/msgpack.ts: msgpackr's own would construct errors, sets, regular expressions, shared references and records.
    for (let type = 0; type < 256; type++) {
      const extension = Uint8Array.of(0xd6, type, 0x65, 0x53, 0xf1, 0x00);
      expect(refusal(() => unpack(extension))).toBe("an extension that is not allowed here");
      expect(
        refusal(() => unpackValue(extension)),
        `type ${type}`,
      ).toBe(type === 0xff ? "accepted" : "an extension that is not allowed here");
    }
    expect(refusal(() => unpack(Uint8Array.of(0xc7, 1, 0x72, 0)))).toBe("an extension that is not allowed here");
  });

  test("values that would not come back, when they are written and not when they are read", () => {
    // src/msgpack.ts, packValue: what comes back equals what went in, or it is refused.
    let deep: unknown = null;
    for (let level = 0; level <= limits.nestingMax; level++) deep = [deep];
    expect(refusal(() => packValue(deep))).toBe(`nested deeper than ${limits.nestingMax}`);
    expect(refusal(() => packValue(2n ** 64n))).not.toBe("accepted");
  });
});

test("no bytes make it crash, hang or build objects of their own", () => {
  // Design §17: random bytes, and packed data with some bytes changed.
  const mutated = fc
    .tuple(tree, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 5 }))
    .map(([value, changes]) => {
      const bytes = Uint8Array.from(pack(value));
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
      return bytes;
    });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated), (bytes) => {
      for (const run of [unpack, unpackValue]) {
        let value: unknown;
        try {
          value = run(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
          expect(error).not.toBeInstanceOf(TypeError);
          continue;
        }
        expectPlain(value);
      }
    }),
    { numRuns: 3000 },
  );
});

function expectPlain(value: unknown): void {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array || value instanceof Date) return;
  if (Array.isArray(value)) return value.forEach(expectPlain);
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  Object.values(value).forEach(expectPlain);
}
