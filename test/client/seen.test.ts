// What a client remembers of the keys that it has read or written.
import { describe, expect, it } from "vitest";
import { Context } from "../../client/context.ts";
import { SeenContexts } from "../../client/seen.ts";
import { contextOf, includes } from "../../src/causal-context.ts";
import { makeActor } from "../../src/dot.ts";
import { emptyObject } from "../../src/object.ts";
import { digestAt, digestBytes, encodeRecord } from "../../src/record.ts";

const actor = makeActor("replica1", 1);

function contextWith(...counters: number[]): Context {
  const context = contextOf(counters.map((counter) => ({ actor, counter })));
  return Context.ofToken(1n, { context, latest: { ms: Math.max(...counters), counter: 0 } });
}

/** Of which only the digest counts here. */
function recordWith(counter: number): Uint8Array {
  const context = contextOf([{ actor, counter }]);
  return encodeRecord(1n, { ...emptyObject, context });
}

describe("SeenContexts", () => {
  it("knows nothing at first", () => {
    expect(new SeenContexts().find("alice")).toBeUndefined();
    expect(new SeenContexts().of("alice").context).toBeUndefined();
  });

  it("joins what it is told: a read at a replica that lags makes it forget nothing", () => {
    const seen = new SeenContexts();
    for (const context of [contextWith(1, 2, 3), contextWith(1), contextWith(5)]) seen.of("alice").add(context);
    const { token } = seen.find("alice")!.context!;
    expect(includes(token.context, contextWith(1, 2, 3, 5).token.context)).toBe(true);
    expect(includes(token.context, contextWith(4).token.context)).toBe(false);
    expect(token.latest).toEqual({ ms: 5, counter: 0 });
  });

  it("takes a write's answer as it is where it covers all that was known", () => {
    const seen = new SeenContexts().of("alice");
    const first = contextWith(1);
    seen.advance(undefined, first);
    expect(seen.context).toBe(first);
    const second = contextWith(1, 2);
    seen.advance(first, second);
    expect(seen.context).toBe(second);
  });

  it("joins a write's answer with what came in meanwhile", () => {
    const seen = new SeenContexts().of("alice");
    seen.add(contextWith(7));
    seen.advance(undefined, contextWith(1));
    expect(includes(seen.context!.token.context, contextWith(1, 7).token.context)).toBe(true);
  });

  it("joins what a read shows, but nothing of a record whose state it has read before", () => {
    const seen = new SeenContexts().of("alice");
    const [first, second] = [recordWith(1), recordWith(2)];
    seen.addRead(first, contextWith(1));
    seen.addRead(second, contextWith(3));
    const both = seen.context!;
    expect(includes(both.token.context, contextWith(1, 3).token.context)).toBe(true);
    seen.addRead(second, contextWith(9)); // no record of that state has it
    expect(seen.context).toBe(both);
    seen.addRead(first, contextWith(1, 2));
    expect(includes(seen.context!.token.context, contextWith(1, 2, 3).token.context)).toBe(true);
  });

  it("keeps no objects of what it has joined, from reads and from writes", () => {
    const [seenRead, seenWrite] = [new SeenContexts().of("alice"), new SeenContexts().of("alice")];
    seenRead.addRead(recordWith(1), contextWith(1));
    seenWrite.advance(undefined, contextWith(1));
    seenWrite.advance(undefined, contextWith(2)); // began before the other was answered
    for (const { context } of [seenRead, seenWrite]) expect(context!.token).not.toBe(context!.token);
    expect(seenRead.context!.toString()).toBe(contextWith(1).toString());
    expect(includes(seenWrite.context!.token.context, contextWith(1, 2).token.context)).toBe(true);
  });

  it("joins the answer of a write that was sent with a context as text, or with none", () => {
    for (const from of [contextWith(1).toString(), null]) {
      const seen = new SeenContexts().of("alice");
      seen.advance(undefined, contextWith(7));
      seen.advance(from, contextWith(1, 2));
      expect(includes(seen.context!.token.context, contextWith(1, 2, 7).token.context)).toBe(true);
    }
  });

  it("takes records for different ones if any byte of their digests differs", () => {
    const record = recordWith(1);
    for (let at = 0; at < digestBytes; at++) {
      const seen = new SeenContexts().of("alice");
      seen.addRead(record, contextWith(1));
      const other = record.with(digestAt + at, record[digestAt + at]! ^ 0x80);
      seen.addRead(other, contextWith(2));
      expect(includes(seen.context!.token.context, contextWith(2).token.context)).toBe(true);
    }
  });

  it("joins the first read even if its digest is 0", () => {
    const seen = new SeenContexts().of("alice");
    seen.addRead(new Uint8Array(64), contextWith(1));
    expect(includes(seen.context!.token.context, contextWith(1).token.context)).toBe(true);
  });

  it("takes no state for seen that it could not join", () => {
    const seen = new SeenContexts().of("alice");
    seen.advance(undefined, Context.ofBytes(1n, Uint8Array.of(9)));
    for (let time = 0; time < 2; time++)
      expect(() => seen.addRead(recordWith(1), contextWith(1))).toThrow("not a context");
  });

  it("joins what it reads also where it is more than a token may have", () => {
    const seen = new SeenContexts().of("alice");
    const actors = Array.from({ length: 2000 }, (_, epoch) => ({
      actor: makeActor("replica1", 1 + epoch),
      counter: 1,
    }));
    const large = Context.ofToken(1n, { context: contextOf(actors), latest: { ms: 1, counter: 0 } });
    seen.addRead(recordWith(1), large);
    seen.addRead(recordWith(2), contextWith(1, 2));
    expect(includes(seen.context!.token.context, large.token.context)).toBe(true);
    expect(includes(seen.context!.token.context, contextWith(2).token.context)).toBe(true);
  });

  it("joins a read after a write that came in between: contexts only grow", () => {
    const seen = new SeenContexts().of("alice");
    const record = recordWith(1);
    seen.addRead(record, contextWith(1));
    seen.advance(seen.context, contextWith(1, 2));
    seen.addRead(record, contextWith(1));
    expect(includes(seen.context!.token.context, contextWith(1, 2).token.context)).toBe(true);
  });

  it("keeps a bounded number of keys, and those that were used last", () => {
    const seen = new SeenContexts();
    const one = contextWith(1);
    seen.of("often").add(one);
    for (let key = 0; key < 250_000; key++) {
      seen.of(`key ${key}`).add(one);
      if (key % 1000 === 0) seen.find("often");
    }
    expect(seen.find("often")?.context).toBe(one);
    expect(seen.find("key 249999")).toBeDefined();
    expect(seen.find("key 220000")).toBeDefined();
    expect(seen.find("key 0")).toBeUndefined();
  });

  it("forgets what is told of a key that fell out while a request held it", () => {
    const seen = new SeenContexts();
    const held = seen.of("alice");
    for (let key = 0; key < 250_000; key++) seen.of(`key ${key}`);
    held.add(contextWith(1));
    expect(seen.find("alice")).toBeUndefined();
  });
});
