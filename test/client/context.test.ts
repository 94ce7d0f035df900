// A causal context in its user's hands: opaque, as an object or as text, and bound to its key.
import { describe, expect, it } from "vitest";
import { Context } from "../../client/context.ts";
import { contextOf, sameContext } from "../../src/causal-context.ts";
import { makeActor } from "../../src/dot.ts";
import { limits } from "../../src/limits.ts";
import { encodeToken, emptyToken } from "../../src/token.ts";

const keyHash = 0x0123_4567_89ab_cdefn;
const a = { actor: makeActor("replica1", 1), counter: 1 };
const b = { actor: makeActor("replica2", 1), counter: 3 };

function contextWith(...dots: (typeof a)[]): Context {
  return Context.ofToken(keyHash, { context: contextOf(dots), latest: { ms: dots.length, counter: 0 } });
}

describe("Context", () => {
  it("comes back from its text and from its bytes", () => {
    const context = contextWith(a, b);
    const fromText = Context.ofBytes(keyHash, Context.bytesOf(keyHash, context.toString())!);
    const fromBytes = Context.ofBytes(keyHash, context.bytes);
    for (const back of [fromText, fromBytes]) {
      expect(sameContext(back.token.context, context.token.context)).toBe(true);
      expect(back.token.latest).toEqual({ ms: 2, counter: 0 });
    }
  });

  it("packs to the same without objects, once", () => {
    const context = contextWith(a, b);
    expect(context.token).toBe(context.token);
    const packed = context.packed();
    expect(packed.token).not.toBe(packed.token); // made anew each time: it keeps none
    expect(packed.toString()).toBe(context.toString());
    expect(sameContext(packed.token.context, context.token.context)).toBe(true);
    expect(packed.packed()).toBe(packed);
  });

  it("packs what a token has room for, and nothing larger", () => {
    const ofActors = (count: number): Context =>
      contextWith(...Array.from({ length: count }, (_, at) => ({ actor: makeActor("replica1", 1 + at), counter: 1 })));
    const fits = ofActors(1200);
    expect(fits.bytes.length).toBeGreaterThan(limits.tokenBytesMax / 2);
    expect(fits.packed()).not.toBe(fits);
    expect(fits.packed().bytes).toEqual(new Uint8Array(fits.bytes));
    const tooLarge = ofActors(2000);
    expect(tooLarge.bytes.length).toBeGreaterThan(limits.tokenBytesMax);
    expect(tooLarge.packed()).toBe(tooLarge);
  });

  it("does not change with the bytes that it came as", () => {
    const context = contextWith(a);
    const bytes = new Uint8Array(context.bytes);
    const back = Context.ofBytes(keyHash, bytes);
    bytes.fill(0);
    expect(back.toString()).toBe(context.toString());
  });

  it("is its text in JSON, and that text can stand in a URL", () => {
    const context = contextWith(a);
    expect(JSON.parse(JSON.stringify({ context }))).toEqual({ context: context.toString() });
    expect(context.toString()).toMatch(/^[\w-]+$/);
  });

  it("joins to everything that either has seen", () => {
    const joined = contextWith(a).join(contextWith(b));
    expect(sameContext(joined.token.context, contextOf([a, b]))).toBe(true);
    expect(contextWith(a, b).join(contextWith(b)).token.latest).toEqual({ ms: 2, counter: 0 });
  });

  it("joins to the later of two moments, also where one has seen all that the other has", () => {
    // Of a data type a client remembers the moment alone: a read at a replica that lags must not set it back.
    const [early, late] = [1, 2].map((ms) => Context.ofToken(keyHash, { ...emptyToken, latest: { ms, counter: 0 } }));
    for (const joined of [early!.join(late!), late!.join(early!)])
      expect(joined.token.latest).toEqual({ ms: 2, counter: 0 });
  });

  it("joins to the later moment also where the other one has seen more", () => {
    const late = Context.ofToken(keyHash, { context: contextOf([a]), latest: { ms: 9, counter: 0 } });
    for (const joined of [late.join(contextWith(a, b)), contextWith(a, b).join(late)]) {
      expect(joined.token.latest).toEqual({ ms: 9, counter: 0 });
      expect(sameContext(joined.token.context, contextOf([a, b]))).toBe(true);
    }
  });

  it("of nothing is a context too", () => {
    const nothing = Context.ofToken(keyHash, emptyToken);
    expect(Context.bytesOf(keyHash, nothing)).toEqual(nothing.bytes);
  });

  it("null is none", () => {
    expect(Context.bytesOf(keyHash, null)).toBeUndefined();
  });

  it.each<[string, unknown, string]>([
    ["of another key", Context.ofToken(1n, emptyToken), "BAD_CONTEXT"],
    ["of another key, as text", Context.ofToken(1n, emptyToken).toString(), "BAD_CONTEXT"],
    ["text that is no base64url", "not a context!", "BAD_CONTEXT"],
    ["an empty text", "", "BAD_CONTEXT"],
    ["a text that was cut short", contextWith(a, b).toString().slice(0, -4), "BAD_CONTEXT"],
    ["a text with something behind it", `${contextWith(a).toString()}AAAA`, "BAD_CONTEXT"],
    ["of another version", ofVersion(2), "BAD_CONTEXT"],
    ["a text without end", "A".repeat(30_000), "TOO_LARGE"],
    ["a number", 7, "INVALID_ARGUMENT"],
    ["bytes", contextWith(a).bytes, "INVALID_ARGUMENT"],
    ["an object that looks like one", { bytes: contextWith(a).bytes }, "INVALID_ARGUMENT"],
  ])("refuses what is none of this key: %s", (_, given, code) => {
    expect(() => Context.bytesOf(keyHash, given as string)).toThrow(expect.objectContaining({ code, outcome: "none" }));
  });
});

/** A token whose first byte says another version. */
function ofVersion(version: number): string {
  const bytes = encodeToken(keyHash, emptyToken);
  bytes[0] = version;
  return Context.ofBytes(keyHash, bytes).toString();
}
