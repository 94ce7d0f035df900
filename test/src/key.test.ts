/** src/key.ts: bucket and key as bytes (design §5, §14). */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toBinary } from "../../src/bytes.ts";
import { bucketOf, checkKey, formatKey, hashKey, makeKey } from "../../src/key.ts";
import { limits } from "../../src/limits.ts";

const buckets = fc.stringMatching(/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$/);
const texts = fc.string({ minLength: 1, maxLength: 100, unit: "grapheme" });

function codeOf(run: () => unknown): unknown {
  try {
    return { accepted: run() };
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

describe("a key", () => {
  test("gives back its bucket and its text", () => {
    // src/key.ts: bucket name, a zero byte, the key's text in UTF-8.
    fc.assert(
      fc.property(buckets, texts, (bucket, text) => {
        const key = makeKey(bucket, text);
        expect(bucketOf(key)).toBe(bucket);
        expect(formatKey(key)).toBe(`${bucket}/${text}`);
        checkKey(key);
      }),
    );
  });

  test("is another one in another bucket or with another text", () => {
    // A zero byte cannot stand in a bucket's name, so no two pairs make the same bytes.
    fc.assert(
      fc.property(fc.tuple(buckets, texts), fc.tuple(buckets, texts), (one, other) => {
        expect(toBinary(makeKey(...one)) === toBinary(makeKey(...other))).toBe(one.join("/") === other.join("/"));
      }),
    );
  });

  test("may hold zero bytes of its own", () => {
    // Only the first zero byte ends the bucket's name.
    expect(formatKey(makeKey("b", "a\u0000c"))).toBe("b/a\u0000c");
  });

  test("has a hash of 64 bits that spreads keys which resemble each other evenly", () => {
    // Design §5: a strong hash, not one that is skewed on similar keys. Chi-square of 16 slices, 15 degrees: 37.7 is 0.1 %.
    const slices = Array<number>(16).fill(0);
    for (let number = 0; number < 10_000; number++)
      slices[Number(hashKey(makeKey("users", `user-${number}`)) >> 60n)]!++;
    const chiSquare = slices.reduce((sum, count) => sum + (count - 625) ** 2 / 625, 0);
    expect(chiSquare).toBeLessThan(37.7);
  });
});

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

describe("refused are", () => {
  test.each(["", ".hidden", "-x", "a b", "a/b", "a\u0000b", "ä", "x".repeat(65), "carts\n"])(
    "the bucket name %j",
    (bucket) => {
      // Style §1.13: wrong arguments are refused early, with the name and the value in the sentence.
      expect(codeOf(() => makeKey(bucket, "k"))).toBe("INVALID_ARGUMENT");
      expect(() => makeKey(bucket, "k")).toThrow(JSON.stringify(bucket));
    },
  );

  test("an empty key, and what is no text at all", () => {
    // A key comes from JavaScript, where types are not kept.
    for (const key of ["", undefined, null, 7, {}])
      expect(codeOf(() => makeKey("b", key as string))).toBe("INVALID_ARGUMENT");
  });

  test("a key above 1 KiB of UTF-8, not of characters", () => {
    // Design §14: key ≤ 1 KiB.
    expect(makeKey("b", "x".repeat(limits.keyBytesMax))).toHaveLength(limits.keyBytesMax + 2);
    expect(codeOf(() => makeKey("b", "x".repeat(limits.keyBytesMax + 1)))).toBe("TOO_LARGE");
    expect(codeOf(() => makeKey("b", "ä".repeat(limits.keyBytesMax / 2 + 1)))).toBe("TOO_LARGE");
  });

  test("key bytes of a client that no client of ours makes", () => {
    // Design §13: foreign bytes are checked.
    expect(codeOf(() => checkKey(bytes("no separator")))).toBe("INVALID_ARGUMENT");
    expect(codeOf(() => checkKey(bytes("b\u0000")))).toBe("INVALID_ARGUMENT");
    expect(codeOf(() => checkKey(bytes("\u0000key")))).toBe("INVALID_ARGUMENT");
    expect(codeOf(() => checkKey(bytes(`${"b".repeat(65)}\u0000k`)))).toBe("INVALID_ARGUMENT");
    expect(codeOf(() => checkKey(bytes(`b\u0000${"x".repeat(1025)}`)))).toBe("TOO_LARGE");
    expect(codeOf(() => checkKey(bytes(`${"b".repeat(64)}\u0000${"x".repeat(1024)}`)))).toEqual({
      accepted: undefined,
    });
  });

  test("random bytes, with a code and never with a crash", () => {
    // Design §14: foreign bytes never crash a node.
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const outcome = codeOf(() => checkKey(bytes));
        if (typeof outcome === "string") expect(["INVALID_ARGUMENT", "TOO_LARGE"]).toContain(outcome);
        expect(typeof formatKey(bytes)).toBe("string");
      }),
    );
  });

  test("half a surrogate pair: in UTF-8 all of them are the same bytes, and two keys would be one", () => {
    // Promise 2: nothing is dropped silently.
    for (const text of ["\ud800", "a\udbff", "\udc00\ud800"])
      expect(codeOf(() => makeKey("b", text))).toBe("INVALID_ARGUMENT");
    expect(makeKey("b", "\ud83d\ude00")).toHaveLength(6);
  });
});
