/** Claims of the design that src/ did not keep when these tests were written: each fails until its bug is mended, and moves home then. */
import { describe, expect, test } from "vitest";
import { ByteWriter } from "../../src/bytes.ts";
import { contextOf, writeContext } from "../../src/causal-context.ts";
import { decodeFrame, encodeFrame } from "../../src/codec.ts";
import { makeActor } from "../../src/dot.ts";
import { CoterieError } from "../../src/errors.ts";
import { checksum32 } from "../../src/hash.ts";
import { makeKey } from "../../src/key.ts";
import type { Get } from "../../src/messages.ts";
import { pack, packValue, unpackValue } from "../../src/msgpack.ts";
import { Random } from "../../src/random.ts";
import { decodeRecord, encodeRecord } from "../../src/record.ts";

const key = makeKey("b", "k");

function getWith(options: readonly unknown[]): Uint8Array {
  return pack([[3, 1, key, 1000, options, false, false]]);
}

function codeOf(run: () => unknown): string {
  try {
    run();
    return "accepted";
  } catch (error) {
    return error instanceof CoterieError ? error.code : String(error);
  }
}

describe("options in a frame", () => {
  test("with a 64-bit integer make no other error than PROTOCOL", () => {
    // Design §13, §14: a frame that does not decode closes that link only. `JSON.stringify` throws a TypeError on a BigInt.
    expect(["accepted", "PROTOCOL"]).toContain(codeOf(() => decodeFrame(getWith([2n ** 63n]))));
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])("of one client, n %d, do not become another client's", (wrong) => {
    // Design §13: what comes out of `decodeFrame` has been checked. JSON writes NaN and Infinity as null, so the combination under which
    // they are remembered is that of a client which chose nothing there.
    const r = 4 + (Number.isNaN(wrong) ? 0 : 1);
    decodeFrame(getWith([wrong, r, null, null, null, null, null, null]));
    const honest: Get = { kind: "Get", id: 1, key, timeoutMs: 1000, options: { r }, head: false, details: false };
    expect(decodeFrame(encodeFrame([honest]))).toMatchObject([{ options: { r } }]);
    expect((decodeFrame(encodeFrame([honest]))[0] as Get).options).not.toHaveProperty("n");
  });
});

describe("canonical bytes", () => {
  const actor = makeActor("a.......", 1);

  /** A record of one sibling without a value, under the right checksum. */
  function recordWith(counter: number, sequence: number): Uint8Array {
    const writer = new ByteWriter();
    for (let at = 0; at < 13; at++) writer.byte(0);
    writeContext(writer, contextOf([{ actor, counter: 1 }]));
    for (const number of [1, 0, counter]) writer.number(number);
    writer.fixed(1_700_000_000_000, 6);
    writer.number(0);
    writer.text("client..", 0, 8);
    writer.number(sequence);
    writer.number(0);
    const record = writer.take().slice();
    record[0] = 1;
    new DataView(record.buffer).setUint32(1, checksum32(record.subarray(5)));
    return record;
  }

  test("of a record hold no sibling with the dot 0", () => {
    // src/dot.ts: counters are from 1. `contains` finds counter 0 in every base.
    expect(() => decodeRecord(recordWith(0, 1))).toThrow();
    expect(decodeRecord(recordWith(1, 1)).siblings).toHaveLength(1);
  });

  test("of a record hold no operation id beyond 48 bits: it would be cut, and another form of a smaller one", () => {
    // Design §4.2: one form per value.
    expect(() => decodeRecord(recordWith(1, 2 ** 48 + 5))).toThrow();
  });

  test("of a context name no dot twice", () => {
    // src/causal-context.ts, contextOf: the normal form, also of dots that are listed twice.
    const dot = { actor, counter: 3 };
    expect(contextOf([dot, dot])).toEqual(contextOf([dot]));
    expect(decodeRecord(encodeRecord(1n, { siblings: [], context: contextOf([dot, dot]) })).siblings).toEqual([]);
  });
});

test.each([
  ["an `undefined` in a list", [undefined]],
  ["a map", new Map([["a", 1]])],
  ["a set", new Set([1])],
])("a value that does not come back equal is refused when it is written: %s", (_, value) => {
  // src/msgpack.ts, packValue: what comes back from `unpackValue` equals what went in, and anything else throws.
  let back: unknown;
  try {
    back = unpackValue(packValue(value));
  } catch {
    return;
  }
  expect(back).toEqual(value);
  expect(Object.getPrototypeOf(back)).toBe(Object.getPrototypeOf(value));
});

test("two keys that differ are two keys", () => {
  // Promise 2: nothing is dropped silently. A text with half a surrogate pair becomes U+FFFD, whatever the half was.
  const halves = ["\ud800", "\udbff"];
  if (halves.every((half) => codeOf(() => makeKey("b", half)) === "INVALID_ARGUMENT")) return;
  expect(makeKey("b", "\ud800")).not.toEqual(makeKey("b", "\udbff"));
});

test("a stream is the same, whatever was drawn from its parent before", () => {
  // src/random.ts: a new draw in one place must not reshuffle the others.
  const [fresh, used] = [new Random(7), new Random(7)];
  used.next();
  expect(used.stream("net").next()).toBe(fresh.stream("net").next());
});
