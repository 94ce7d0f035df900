/** src/token.ts: the causal context as clients hold it (design §4.5). */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { contextOf } from "../../src/causal-context.ts";
import { makeActor } from "../../src/dot.ts";
import { hashKey, makeKey } from "../../src/key.ts";
import { limits } from "../../src/limits.ts";
import { latest } from "../../src/object.ts";
import { decodeToken, emptyToken, encodeToken, tokenBytes, tokenText, type Token } from "../../src/token.ts";
import { histories } from "../laws/history.ts";

const alice = hashKey(makeKey("carts", "alice"));
const bob = hashKey(makeKey("carts", "bob"));
const tokens = histories.map(({ states: [state] }): Token => ({
  context: state!.object.context,
  latest: latest(state!.object),
}));

function codeOf(run: () => unknown): unknown {
  try {
    return { accepted: run() };
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

describe("a token", () => {
  test("comes back as it was, as bytes and as text", () => {
    // Design §4.5: version | key hash | max HLC | entries, base64url in text form.
    fc.assert(
      fc.property(tokens, (token) => {
        const bytes = encodeToken(alice, token);
        expect(decodeToken(alice, bytes)).toEqual(token);
        expect(tokenText(bytes)).toMatch(/^[A-Za-z0-9_-]*$/);
        expect(tokenBytes(tokenText(bytes))).toEqual(bytes);
      }),
    );
    expect(decodeToken(alice, encodeToken(alice, emptyToken))).toEqual(emptyToken);
  });

  test("of another key is refused", () => {
    // Design §4.5: bound to its key.
    fc.assert(
      fc.property(tokens, (token) => {
        expect(codeOf(() => decodeToken(bob, encodeToken(alice, token)))).toBe("BAD_CONTEXT");
      }),
    );
  });

  test("is bound by all 64 bits of its key's hash", () => {
    // Both halves of the hash are compared.
    const bytes = encodeToken(alice, emptyToken);
    for (const bit of [0n, 31n, 32n, 63n])
      expect(codeOf(() => decodeToken(alice ^ (1n << bit), bytes))).toBe("BAD_CONTEXT");
  });

  test("cut short or with bytes behind it is refused", () => {
    // Design §14: BAD_CONTEXT, and the caller reads again.
    fc.assert(
      fc.property(tokens, (token) => {
        const bytes = encodeToken(alice, token);
        for (let length = 0; length < bytes.length; length++)
          expect(codeOf(() => decodeToken(alice, bytes.slice(0, length)))).toBe("BAD_CONTEXT");
        expect(codeOf(() => decodeToken(alice, Uint8Array.of(...bytes, 0)))).toBe("BAD_CONTEXT");
      }),
    );
  });

  test("that is refused says so to people, and keeps the decoder's words for its cause", () => {
    const cut = encodeToken(alice, emptyToken).slice(0, 12);
    const sentence = "this is not a context that a read or write has returned, or only a part of one";
    for (const refused of [() => decodeToken(alice, cut), () => tokenBytes("A")])
      expect(refused).toThrow(
        expect.objectContaining({ message: sentence, cause: expect.objectContaining({ stack: expect.any(String) }) }),
      );
    expect(() => decodeToken(bob, encodeToken(alice, emptyToken))).toThrow("this context belongs to another key");
  });

  test("that is garbage is refused with BAD_CONTEXT and nothing else", () => {
    // Design §14: foreign bytes never crash.
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(codeOf(() => decodeToken(alice, bytes))).toBe("BAD_CONTEXT");
      }),
    );
  });

  test("with a byte changed is refused, or is another token in its one form", () => {
    // Canonical: there are no two tokens of one context. (Until §17's signature a forged context can be well formed.)
    fc.assert(
      fc.property(tokens, fc.nat(), fc.integer({ min: 1, max: 255 }), (token, place, change) => {
        const bytes = encodeToken(alice, token);
        bytes[place % bytes.length]! ^= change;
        const outcome = codeOf(() => decodeToken(alice, bytes)) as { accepted: Token };
        if ("accepted" in Object(outcome)) expect(encodeToken(alice, outcome.accepted)).toEqual(bytes);
        else expect(outcome).toBe("BAD_CONTEXT");
      }),
    );
  });

  test("of another version is refused", () => {
    // Design §17: room for a signature in a later version.
    const bytes = encodeToken(alice, emptyToken);
    bytes[0] = 2;
    expect(() => decodeToken(alice, bytes)).toThrow(
      expect.objectContaining({ code: "BAD_CONTEXT", cause: "version 2, not 1" }),
    );
  });

  test("above its limit is refused before it is looked at", () => {
    // Design §14: token size is limited.
    const dots = Array.from({ length: 2000 }, (_, epoch) => ({ actor: makeActor("a.......", epoch + 1), counter: 1 }));
    const large = encodeToken(alice, { ...emptyToken, context: contextOf(dots) });
    expect(large.length).toBeGreaterThan(limits.tokenBytesMax);
    expect(codeOf(() => decodeToken(alice, large))).toBe("TOO_LARGE");
    const thousand = encodeToken(alice, { ...emptyToken, context: contextOf(dots.slice(0, 1000)) });
    expect(decodeToken(alice, thousand).context).toHaveLength(1000);
  });
});

test.each(["not base64!", "AA==", "A", "AB+/"])("text that is not base64url without padding is refused: %s", (text) => {
  // Design §4.5: base64url in text form; one form per value.
  expect(codeOf(() => tokenBytes(text))).toBe("BAD_CONTEXT");
});
