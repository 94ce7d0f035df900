// A bucket as its users see it, over a node that answers at once: contexts, siblings, resolvers, options, refusals.
import { beforeEach, describe, expect, it } from "vitest";
import type { Bucket } from "../../client/bucket.ts";
import type { Client } from "../../client/client.ts";
import { merge, nodeMerge } from "../../client/resolver.ts";
import { encodeValue } from "../../src/value.ts";
import { makeKey } from "../../src/key.ts";
import { limits } from "../../src/limits.ts";
import { FakeNode, connectTo, tooFew } from "./fake-node.ts";
import type { FakeRuntime } from "./fake-runtime.ts";

interface Cart {
  readonly items: readonly string[];
}

const union = merge<Cart>((a, b) => ({ items: [...new Set([...a.items, ...b.items])].sort() }));

let node: FakeNode;
let client: Client;
let runtime: FakeRuntime;
let carts: Bucket<Cart>;

beforeEach(async () => {
  node = new FakeNode("n1", { defaults: {}, buckets: { wide: { n: 5 } } });
  ({ client, runtime } = await connectTo(node));
  carts = client.bucket<Cart>("carts");
});

/** What somebody else puts without having read. */
function putByOther(cart: Cart, key = "alice"): void {
  node.writeBlind(makeKey("carts", key), encodeValue(cart));
}

function soldOut(): Cart {
  throw new Error("sold out");
}

describe("get", () => {
  it("of a key that is not there finds nothing", async () => {
    const read = await runtime.run(carts.get("alice"));
    expect(read).toMatchObject({ found: false, value: undefined, siblings: [] });
  });

  it("gives back what was put", async () => {
    await runtime.run(carts.put("alice", { items: ["apple"] }));
    const read = await runtime.run(carts.get("alice"));
    expect(read).toMatchObject({ found: true, value: { items: ["apple"] }, siblings: [{ items: ["apple"] }] });
  });

  it("has the node merge them if it is asked to, and still shows them all", async () => {
    putByOther({ items: ["apple"] });
    putByOther({ items: ["pear"] });
    node.mergeOutcome = { merged: encodeValue({ items: ["apple", "pear"] }) };
    const siblings = [{ items: ["apple"] }, { items: ["pear"] }];
    const read = await runtime.run(carts.get("alice", { resolver: nodeMerge }));
    expect(read).toMatchObject({ value: { items: ["apple", "pear"] }, siblings });
    expect(await runtime.run(carts.get("alice"))).toMatchObject({ value: undefined, siblings });
  });

  it("says why the node could not merge", async () => {
    putByOther({ items: ["apple"] });
    putByOther({ items: ["pear"] });
    node.mergeOutcome = { mergeProblem: "no price for pears" };
    const read = await runtime.run(carts.get("alice", { resolver: nodeMerge }));
    expect(read).toMatchObject({ value: undefined, siblings: expect.objectContaining({ length: 2 }) as unknown });
    expect(read.unresolved).toMatchObject({ code: "MERGE_FAILED" });
    expect(read.unresolved?.message).toContain("no price for pears");
  });

  it("shows siblings side by side, and no value where nothing can choose one", async () => {
    putByOther({ items: ["apple"] });
    putByOther({ items: ["pear"] });
    const read = await runtime.run(carts.get("alice"));
    expect(read).toMatchObject({
      found: true,
      value: undefined,
      siblings: [{ items: ["apple"] }, { items: ["pear"] }],
    });
  });

  it("hides tombstones, and returns their context all the same", async () => {
    await runtime.run(carts.put("alice", { items: [] }));
    await runtime.run(carts.delete("alice"));
    const read = await runtime.run(carts.get("alice"));
    expect(read).toMatchObject({ found: false, siblings: [] });
    await runtime.run(carts.put("alice", { items: ["fig"] }, { context: read.context }));
    expect((await runtime.run(carts.get("alice"))).siblings).toEqual([{ items: ["fig"] }]);
  });

  it("with head says that values are there, without them", async () => {
    putByOther({ items: ["apple"] });
    const read = await runtime.run(carts.get("alice", { head: true }));
    expect(read).toMatchObject({ found: true, value: undefined, siblings: [undefined] });
    expect(node.requests.at(-1)).toMatchObject({ kind: "Get", head: true });
  });

  it("with details says who answered, and without them does not", async () => {
    expect((await runtime.run(carts.get("alice", { details: true }))).answered).toEqual(["n1"]);
    expect(await runtime.run(carts.get("alice"))).not.toHaveProperty("answered");
  });
});

describe("put", () => {
  it("replaces what this client has written", async () => {
    await runtime.run(carts.put("alice", { items: ["apple"] }));
    await runtime.run(carts.put("alice", { items: ["pear"] }));
    expect((await runtime.run(carts.get("alice"))).siblings).toEqual([{ items: ["pear"] }]);
  });

  it("replaces what this client has read", async () => {
    putByOther({ items: ["apple"] });
    putByOther({ items: ["pear"] });
    await runtime.run(carts.get("alice"));
    await runtime.run(carts.put("alice", { items: ["apple", "pear"] }));
    expect((await runtime.run(carts.get("alice"))).siblings).toEqual([{ items: ["apple", "pear"] }]);
  });

  it("does not replace what this client has not seen", async () => {
    await runtime.run(carts.put("alice", { items: ["apple"] }));
    putByOther({ items: ["pear"] });
    await runtime.run(carts.put("alice", { items: ["fig"] }));
    expect((await runtime.run(carts.get("alice"))).siblings).toEqual([{ items: ["pear"] }, { items: ["fig"] }]);
  });

  it("knows what another handle of the same bucket has seen, and nothing of another bucket", async () => {
    await runtime.run(carts.put("alice", { items: ["apple"] }));
    await runtime.run(client.bucket<Cart>("carts").put("alice", { items: ["pear"] }));
    expect((await runtime.run(carts.get("alice"))).siblings).toEqual([{ items: ["pear"] }]);
    await runtime.run(client.bucket<Cart>("baskets").put("alice", { items: [] }));
    expect(node.requests.at(-1)).toMatchObject({ kind: "Put", context: undefined });
  });

  it("with context null replaces nothing", async () => {
    await runtime.run(carts.put("alice", { items: ["apple"] }));
    await runtime.run(carts.put("alice", { items: ["pear"] }, { context: null }));
    expect((await runtime.run(carts.get("alice"))).siblings).toHaveLength(2);
    // The blind put is part of what this client has seen, too.
    await runtime.run(carts.put("alice", { items: [] }));
    expect((await runtime.run(carts.get("alice"))).siblings).toEqual([{ items: [] }]);
  });

  it("with context null forgets nothing that was seen before", async () => {
    await runtime.run(carts.put("alice", { items: ["apple"] }));
    await runtime.run(carts.put("alice", { items: ["pear"] }, { context: null }));
    await runtime.run(carts.put("alice", { items: [] })); // nothing was read in between
    expect((await runtime.run(carts.get("alice"))).siblings).toEqual([{ items: [] }]);
  });

  it("with a context, as an object or as its text, replaces exactly that", async () => {
    const first = await runtime.run(carts.put("alice", { items: ["apple"] }));
    await runtime.run(carts.put("alice", { items: ["pear"] }, { context: null }));
    await runtime.run(carts.put("alice", { items: ["fig"] }, { context: first.context.toString() }));
    expect((await runtime.run(carts.get("alice"))).siblings).toEqual([{ items: ["pear"] }, { items: ["fig"] }]);
  });

  it("refuses a context of another key before anything is sent", async () => {
    const { context } = await runtime.run(carts.put("alice", { items: [] }));
    const sent = node.requests.length;
    await expect(runtime.run(carts.put("bob", { items: [] }, { context }))).rejects.toMatchObject({
      code: "BAD_CONTEXT",
      outcome: "none",
    });
    expect(node.requests).toHaveLength(sent);
  });

  it("with returnValue returns the siblings after the write", async () => {
    putByOther({ items: ["apple"] });
    const reply = await runtime.run(carts.put("alice", { items: ["pear"] }, { returnValue: true, details: true }));
    expect(reply).toMatchObject({ siblings: [{ items: ["apple"] }, { items: ["pear"] }], answered: ["n1"] });
    expect(await runtime.run(carts.put("alice", { items: [] }))).not.toHaveProperty("siblings");
  });

  it("says of a failed write whether it may have happened, and does not count it as seen", async () => {
    node.failures.push(tooFew);
    await expect(runtime.run(carts.put("alice", { items: [] }))).rejects.toMatchObject({
      code: "UNAVAILABLE",
      outcome: "unknown",
      details: { need: 2, got: 1, of: "w", answered: ["n1"] },
    });
    await runtime.run(carts.put("alice", { items: [] }));
    expect(node.requests.at(-1)).toMatchObject({ context: undefined });
  });

  it("names each operation anew", async () => {
    await runtime.run(carts.put("alice", { items: [] }));
    await runtime.run(carts.put("alice", { items: [] }));
    const [one, other] = node.requests;
    expect(one).toMatchObject({ kind: "Put" });
    expect(one).not.toHaveProperty("op", (other as { op: Uint8Array }).op);
  });
});

describe("delete", () => {
  it("removes what this client has seen, and leaves what it has not", async () => {
    await runtime.run(carts.put("alice", { items: ["apple"] }));
    putByOther({ items: ["pear"] });
    await runtime.run(carts.delete("alice"));
    expect((await runtime.run(carts.get("alice"))).siblings).toEqual([{ items: ["pear"] }]);
  });

  it("sends no value", async () => {
    await runtime.run(carts.delete("alice"));
    expect(node.requests.at(-1)).toMatchObject({ kind: "Put", value: undefined });
  });
});

describe("update", () => {
  it("reads, changes and replaces what it has read", async () => {
    putByOther({ items: ["apple"] });
    await runtime.run(carts.update("alice", (cart) => ({ items: [...(cart?.items ?? []), "pear"] })));
    expect((await runtime.run(carts.get("alice"))).siblings).toEqual([{ items: ["apple", "pear"] }]);
  });

  it("begins with undefined, and waits for a change that takes its time", async () => {
    await runtime.run(
      carts.update("alice", async (cart) => {
        await Promise.resolve();
        return { items: [cart === undefined ? "nothing yet" : "something"] };
      }),
    );
    expect((await runtime.run(carts.get("alice"))).value).toEqual({ items: ["nothing yet"] });
  });

  it("merges siblings first, if the bucket knows how", async () => {
    putByOther({ items: ["apple"] });
    putByOther({ items: ["pear"] });
    const merged = client.bucket<Cart>("carts", { resolver: union });
    await runtime.run(merged.update("alice", (cart) => ({ items: [...cart!.items, "zest"] })));
    expect((await runtime.run(carts.get("alice"))).siblings).toEqual([{ items: ["apple", "pear", "zest"] }]);
  });

  it("refuses to choose among siblings without a resolver", async () => {
    putByOther({ items: ["apple"] });
    putByOther({ items: ["pear"] });
    await expect(runtime.run(carts.update("alice", () => ({ items: [] })))).rejects.toMatchObject({
      code: "TOO_MANY_SIBLINGS",
      outcome: "none",
    });
  });

  it("writes nothing if the change throws", async () => {
    putByOther({ items: ["apple"] });
    await expect(runtime.run(carts.update("alice", soldOut))).rejects.toThrow("sold out");
    expect(node.requests.map(({ kind }) => kind)).toEqual(["Get"]);
  });
});

describe("resolver", () => {
  it("makes the value of the siblings, and leaves the siblings as they are", async () => {
    putByOther({ items: ["apple"] });
    putByOther({ items: ["pear"] });
    const read = await runtime.run(client.bucket<Cart>("carts", { resolver: union }).get("alice"));
    expect(read.value).toEqual({ items: ["apple", "pear"] });
    expect(read.siblings).toHaveLength(2);
  });
});

describe("options", () => {
  it("travel with the request, the call's before the handle's, and the reply says where each came from", async () => {
    const handle = client.bucket<Cart>("carts", { n: 2, r: 1, timeoutMs: 900 });
    const { effective } = await runtime.run(handle.get("alice", { r: 2 }));
    expect(effective).toMatchObject({ n: 2, r: 2, timeoutMs: 900, fanout: "quorum" });
    expect(effective.from).toMatchObject({ n: "bucket", r: "request", timeoutMs: "bucket", fanout: "default" });
    expect(node.requests.at(-1)).toMatchObject({ options: { n: 2, r: 2, timeoutMs: 900 } });
  });

  it("an undefined one is as good as none", async () => {
    const handle = client.bucket<Cart>("carts", { w: 3 });
    const { effective } = await runtime.run(handle.put("alice", { items: [] }, { w: undefined }));
    expect(effective).toMatchObject({ w: 3, from: { w: "bucket" } });
  });

  it("of an update hold for its read, its write, or both", async () => {
    const both = { n: 3, timeoutMs: 900, sloppy: false };
    const options = { ...both, r: 3, pr: 2, fanout: "all", readRepair: "blocking", w: 3, pw: 2, dw: 1 } as const;
    await runtime.run(carts.update("alice", () => ({ items: [] }), options));
    const [read, written] = node.requests.slice(-2);
    expect(read).toMatchObject({
      kind: "Get",
      options: { ...both, r: 3, pr: 2, fanout: "all", readRepair: "blocking" },
    });
    expect(written).toMatchObject({ kind: "Put", options: { ...both, w: 3, pw: 2, dw: 1 } });
    expect(Object.keys(read!.options!)).not.toContain("w");
    expect(Object.keys(written!.options!)).not.toContain("readRepair");
  });

  it("may use the n that the cluster gives the bucket", async () => {
    expect((await runtime.run(client.bucket("wide").get("x", { n: 5 }))).effective).toMatchObject({ n: 5, r: 3 });
  });

  it.each<[string, () => Promise<unknown>, string]>([
    ["a misspelt one", () => carts.get("a", { R: 1 } as object), "R is no option of get; there are n, r, pr"],
    ["one of the other kind", () => carts.get("a", { w: 1 } as object), "w is no option of get"],
    ["one of the other kind", () => carts.put("a", { items: [] }, { r: 1 } as object), "r is no option of put"],
    [
      "a read's mending of a put",
      () => carts.put("a", { items: [] }, { readRepair: "off" } as object),
      "readRepair is no option of put",
    ],
    ["no truth", () => carts.get("a", { sloppy: "no" as never }), 'sloppy is true or false, not "no"'],
    [
      "mending that is none",
      () => carts.get("a", { readRepair: "never" as never }),
      'readRepair is async, blocking or off, not "never"',
    ],
    ["a context for update", () => carts.update("a", (c) => c!, { context: null } as object), "context is no option"],
    [
      "a condition",
      () => carts.put("a", { items: [] }, { ifMatch: "x" } as object),
      "ifMatch needs a bucket of the strong",
    ],
    ["no options at all", () => carts.get("a", null as never), "options are an object, not null"],
    ["more answers than replicas", () => carts.get("a", { r: 4 }), "r is 4, more than n, which is 3"],
    [
      "more replicas than the bucket has",
      () => carts.put("a", { items: [] }, { n: 4 }),
      "n is 4, but bucket carts has n 3",
    ],
    ["nobody to answer", () => carts.put("a", { items: [] }, { w: 0 }), "w is 0"],
    ["half a node", () => carts.get("a", { r: 1.5 }), "r is a number of nodes, one, quorum or all, not 1.5"],
    ["no time", () => carts.get("a", { timeoutMs: 0 }), "timeoutMs is 1 to 600000, not 0"],
    ["more primaries than answers", () => carts.get("a", { r: 1, pr: 2 }), "pr is 2, more than r, which is 1"],
    ["more on disk than answers", () => carts.put("a", { items: [] }, { w: 1, dw: 2 }), "dw is 2, more than w"],
    [
      "a context that is none",
      () => carts.put("a", { items: [] }, { context: 7 as never }),
      "a context is what a read",
    ],
    ["a context that is garbage", () => carts.put("a", { items: [] }, { context: "!!" }), "this is not a context"],
    ["an empty key", () => carts.get(""), "a key is a text of at least one character"],
    ["a key that is no text", () => carts.get(7 as never), "a key is a text of at least one character, not 7"],
    ["a long key", () => carts.get("k".repeat(limits.keyBytesMax + 1)), "the key has 1025 bytes, the limit is 1024"],
    ["a value that cannot be stored", () => carts.put("a", { items: new Set() } as never), ".items is a Set"],
  ])("refused before anything is sent: %s", async (_, call, sentence) => {
    await expect(runtime.run(call())).rejects.toMatchObject({
      name: "CoterieError",
      outcome: "none",
      retryable: false,
      message: expect.stringContaining(sentence),
    });
    expect(node.requests).toHaveLength(0);
  });

  it.each<[string, () => unknown, string]>([
    ["a name with a space", () => client.bucket("my carts"), "a bucket's name has 1 to 64 letters"],
    ["no name", () => client.bucket(""), "a bucket's name"],
    ["an unknown option", () => client.bucket("carts", { replicas: 3 } as object), "replicas is no option of bucket"],
    [
      "a wrong option",
      () => client.bucket("carts", { w: "most" as never }),
      "w is a number of nodes, one, quorum or all",
    ],
  ])("of a bucket are refused at once: %s", (_, call, sentence) => {
    expect(call).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringContaining(sentence) }),
    );
  });
});

describe("after close()", () => {
  it("every call fails with CLOSED", async () => {
    await client.close();
    for (const call of [carts.get("a"), carts.put("a", { items: [] }), carts.delete("a"), client.status()])
      await expect(call).rejects.toMatchObject({ code: "CLOSED", outcome: "none" });
  });
});

describe("bytes that no SDK wrote", () => {
  it("have not been seen by a get that failed over them: a put does not replace them", async () => {
    // Promise 1: only what its writer has seen is replaced.
    node.writeBlind(makeKey("carts", "alice"), Uint8Array.of(0xc1));
    await expect(runtime.run(carts.get("alice"))).rejects.toMatchObject({ code: "PROTOCOL" });
    await runtime.run(carts.put("alice", { items: ["tea"] }));
    expect(node.requests.at(-1)).toMatchObject({ kind: "Put", context: undefined });
  });

  it("beside a put that happened do not make its error say that it did not", async () => {
    // Promise 5: an error says whether the operation certainly did not happen.
    node.writeBlind(makeKey("carts", "alice"), Uint8Array.of(0xc1));
    const put = carts.put("alice", { items: ["tea"] }, { returnValue: true, context: null });
    await expect(runtime.run(put)).rejects.toMatchObject({ code: "PROTOCOL", outcome: "unknown" });
  });

  it("were not shown by a get without values either", async () => {
    putByOther({ items: ["apple"] });
    await runtime.run(carts.get("alice", { head: true }));
    await runtime.run(carts.put("alice", { items: ["tea"] }));
    expect(node.requests.at(-1)).toMatchObject({ kind: "Put", context: undefined });
  });
});
