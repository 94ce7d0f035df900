// What is stored comes back equal, and what would not is refused by name, before anything is sent.
import { runInNewContext } from "node:vm";
import { assert, jsonValue, pre, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeValue, encodeValue } from "../../src/value.ts";
import { limits } from "../../src/limits.ts";
import { pack } from "../../src/msgpack.ts";

class Cart {
  items = ["apple"];
}

const circle: Record<string, unknown> = { a: 1 };
circle.self = circle;

describe("values that come back", () => {
  it.each<[string, unknown]>([
    ["null", null],
    ["a boolean", false],
    ["a number", 1.5],
    ["a large number", Number.MAX_SAFE_INTEGER],
    ["a number that JSON lacks", Number.NaN],
    ["infinity", -Infinity],
    ["a small bigint", 5n],
    ["the largest bigint", 2n ** 64n - 1n],
    ["the smallest bigint", -(2n ** 63n)],
    ["a text", "héllo 😀"],
    ["an empty text", ""],
    ["a moment", new Date("2026-01-02T03:04:05.678Z")],
    ["a moment before 1970", new Date(-1)],
    ["an array", [1, [2, []]]],
    ["an object", { a: { b: null }, "": 1 }],
    ["an object without prototype", Object.assign(Object.create(null), { a: 1 })],
    ["an object of another realm", runInNewContext("({ a: [1] })")],
  ])("%s", (_, value) => {
    expect(decodeValue(encodeValue(value))).toEqual(value);
  });

  it("an object with an undefined field, without the field", () => {
    expect(Object.keys(decodeValue(encodeValue({ a: undefined, b: { c: 1, d: undefined } })) as object)).toEqual(["b"]);
    expect(decodeValue(encodeValue({ b: { c: 1, d: undefined } }))).toStrictEqual({ b: { c: 1 } });
  });

  it("bytes, as bytes", () => {
    const back = decodeValue(encodeValue({ photo: Uint8Array.of(0, 255) })) as { photo: unknown };
    expect(back.photo).toBeInstanceOf(Uint8Array);
    expect([...(back.photo as Uint8Array)]).toEqual([0, 255]);
  });

  it("a part of a larger byte array, without the rest", () => {
    const part = Uint8Array.of(1, 2, 3, 4).subarray(1, 3);
    expect([...(decodeValue(encodeValue(part)) as Uint8Array)]).toEqual([2, 3]);
  });

  it("anything that JSON can say", () => {
    assert(
      property(jsonValue({ maxDepth: 6 }), (value) => {
        pre(!JSON.stringify(value).includes("__proto__"));
        expect(decodeValue(encodeValue(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

describe("values that are refused", () => {
  it.each<[string, unknown, string]>([
    ["undefined", undefined, "delete the key instead"],
    ["a function", () => 1, "it is a function"],
    ["a function inside", { a: [{ b: () => 1 }] }, ".a[0].b is a function"],
    ["a symbol", Symbol("s"), "it is a symbol"],
    ["half a surrogate pair", { a: "\ud800" }, ".a has half a surrogate pair"],
    ["an undefined element", [1, undefined], "[1] is undefined"],
    ["a hole", [1, , 3], "[1] is undefined"], // oxlint-disable-line no-sparse-arrays
    ["a Set", { tags: new Set(["a"]) }, ".tags is a Set"],
    ["a Map", new Map(), "it is a Map"],
    ["an error", new Error("x"), "it is a Error"],
    ["a regular expression", /x/, "it is a RegExp"],
    ["an object of a class", new Cart(), "it is a Cart"],
    ["a promise", Promise.resolve(), "it is a Promise"],
    ["numbers in an array of their own type", new Float64Array([1.5]), "it is a Float64Array"],
    ["a bare buffer", new ArrayBuffer(8), "it is a ArrayBuffer"],
    ["a bigint over 64 bits", 2n ** 64n, "bigint of more than 64 bits"],
    ["a bigint under 64 bits", -(2n ** 63n) - 1n, "bigint of more than 64 bits"],
    ["a circle", circle, "in a circle"],
    ["a name that would be changed", JSON.parse('{"a":{"__proto__":1}}'), ".a has a field named __proto__"],
  ])("%s", (_, value, sentence) => {
    expect(() => encodeValue(value)).toThrow(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        outcome: "none",
        message: expect.stringContaining(sentence),
      }),
    );
  });

  it("by their size", () => {
    const overhead = encodeValue(new Uint8Array(limits.valueBytesMax - 100)).length - (limits.valueBytesMax - 100);
    expect(encodeValue(new Uint8Array(limits.valueBytesMax - overhead))).toHaveLength(limits.valueBytesMax);
    expect(() => encodeValue(new Uint8Array(limits.valueBytesMax - overhead + 1))).toThrow(
      expect.objectContaining({ code: "TOO_LARGE", outcome: "none" }),
    );
  });

  it("by their depth", () => {
    expect(decodeValue(encodeValue(nested(limits.nestingMax)))).toEqual(nested(limits.nestingMax));
    expect(() => encodeValue(nested(limits.nestingMax + 1))).toThrow("nested deeper than 100");
  });

  it("and the next value is none the worse for it", () => {
    expect(() => encodeValue(circle)).toThrow();
    expect(decodeValue(encodeValue({ a: 1 }))).toEqual({ a: 1 });
  });
});

describe("stored bytes that are no value", () => {
  it.each<[string, Uint8Array]>([
    ["nothing", new Uint8Array(0)],
    ["a byte that is never used", Uint8Array.of(0xc1)],
    ["too few bytes", Uint8Array.of(0x92, 1)],
    ["too many bytes", Uint8Array.of(1, 2)],
    ["an extension that would build an object", Uint8Array.of(0xd4, 0x73, 0)],
  ])("%s", (_, bytes) => {
    expect(() => decodeValue(bytes)).toThrow(expect.objectContaining({ code: "PROTOCOL" }));
  });

  it("do not keep the frame alive that they came in", () => {
    const frame = new Uint8Array([0xff, ...pack(Uint8Array.of(1, 2, 3))]);
    const value = decodeValue(frame.subarray(1)) as Uint8Array;
    expect(value.buffer).not.toBe(frame.buffer);
  });
});

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = [value];
  return value;
}
