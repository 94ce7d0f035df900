// What the buckets of all data types have in common: options, effective options, what they refuse, retries, and what an edit has seen.
import { beforeEach, describe, expect, it } from "vitest";
import type { Client } from "../../client/client.ts";
import type { CounterBucket } from "../../client/counters.ts";
import { hashKey, makeKey } from "../../src/key.ts";
import type { Put } from "../../src/messages.ts";
import { decodeToken } from "../../src/token.ts";
import { encodeValue } from "../../src/value.ts";
import { connectTo, FakeNode, tooFew } from "./fake-node.ts";
import type { FakeRuntime } from "./fake-runtime.ts";

let node: FakeNode;
let client: Client;
let runtime: FakeRuntime;
let likes: CounterBucket;

beforeEach(async () => {
  node = new FakeNode("n1");
  ({ client, runtime } = await connectTo(node));
  likes = client.counter("likes");
});

describe("options", () => {
  it("of the call come before those of the handle, and the reply says where each came from", async () => {
    const handle = client.counter("likes", { n: 2, w: 1, r: 1, timeoutMs: 900 });
    const { effective } = await runtime.run(handle.increment("a", 1, { w: 2, details: true }));
    expect(effective).toMatchObject({ n: 2, w: 2, timeoutMs: 900 });
    expect(effective.from).toMatchObject({ n: "bucket", w: "request", timeoutMs: "bucket", sloppy: "default" });
    expect(node.requests.at(-1)).toMatchObject({ options: { n: 2, w: 2, timeoutMs: 900 }, details: true });
    const read = await runtime.run(handle.get("a", { r: 2, details: true }));
    expect(read).toMatchObject({ value: 1, effective: { r: 2, from: { r: "request" } }, answered: ["n1"] });
    expect(await runtime.run(handle.get("a"))).not.toHaveProperty("answered");
  });

  it("of an edit hold for its read, its write, or both", async () => {
    const both = { n: 3, timeoutMs: 900, sloppy: false };
    await runtime.run(likes.increment("a"));
    const options = { ...both, r: 3, pr: 2, fanout: "all", readRepair: "blocking", w: 3, pw: 2, dw: 1 } as const;
    await runtime.run(likes.reset("a", options));
    const [read, written] = node.requests.slice(-2);
    expect(read).toMatchObject({
      kind: "Get",
      options: { ...both, r: 3, pr: 2, fanout: "all", readRepair: "blocking" },
    });
    expect(written).toMatchObject({ kind: "Put", options: { ...both, w: 3, pw: 2, dw: 1 } });
    expect(Object.keys(read!.options!)).not.toContain("w");
    expect(Object.keys(written!.options!)).not.toContain("r");
  });

  it("say what would have been, of an edit with nothing to send", async () => {
    const { changed, effective } = await runtime.run(likes.reset("a", { w: 3 }));
    expect(changed).toBe(false);
    expect(effective).toMatchObject({ w: 3, n: 3, from: { w: "request", n: "default" } });
  });

  it.each<[string, () => Promise<unknown>, string]>([
    ["a misspelt one", () => likes.get("a", { R: 1 } as object), "R is no option of read; there are n, r, pr"],
    ["one of the other kind", () => likes.get("a", { w: 1 } as object), "w is no option of read"],
    ["a resolver", () => likes.get("a", { resolver: { kind: "lww" } } as object), "resolver is no option of read"],
    ["a context", () => likes.increment("a", 1, { context: null } as object), "context is no option of edit"],
    ["a condition", () => likes.increment("a", 1, { ifMatch: "x" } as object), "ifMatch needs a bucket of the strong"],
    ["more answers than replicas", () => likes.increment("a", 1, { w: 4 }), "w is 4, more than n, which is 3"],
    ["a long key", () => likes.increment("k".repeat(1025)), "the key has 1025 bytes, the limit is 1024"],
  ])("that make no sense are refused before anything is sent: %s", async (_, call, sentence) => {
    await expect(runtime.run(call())).rejects.toMatchObject({
      outcome: "none",
      message: expect.stringContaining(sentence) as string,
    });
    expect(node.requests).toHaveLength(0);
  });

  it("of a handle are refused at once", () => {
    expect(() => client.counter("likes", { resolver: "lww" } as object)).toThrow("resolver is no option of data");
    expect(() => client.counter("likes", { w: "most" as never })).toThrow("w is a number of nodes, one, quorum or all");
    expect(() => client.counter("my likes")).toThrow("a bucket's name has 1 to 64 letters");
  });
});

describe("an operation", () => {
  it("that may have happened says so, and every try of it has the same id", async () => {
    node.failures.push(tooFew);
    await expect(runtime.run(likes.increment("a"))).rejects.toMatchObject({ code: "UNAVAILABLE", outcome: "unknown" });
    const { code, message } = { code: "OVERLOADED", message: "busy" } as const;
    node.failures.push({ code, message, outcome: "none", retryable: true, details: {} });
    await runtime.run(likes.increment("a"));
    const [first, second, third] = node.requests.map((request) => (request.kind === "Put" ? request.op : undefined));
    expect(second).toEqual(third);
    expect(first).not.toEqual(second);
  });

  it("takes a number for each element that it may add", async () => {
    const tags = client.set("tags");
    await runtime.run(tags.addAll("a", ["x", "y", "z"]));
    await runtime.run(tags.remove("a", "x"));
    await runtime.run(tags.add("a", "last"));
    const sequences = node.requests.flatMap((request) => (request.kind === "Put" ? [request.op.at(-1)] : []));
    expect(sequences).toEqual([1, 4, 5]); // one that only takes away has an id of its own, too
  });

  it("brings along no list of all that its client ever wrote", async () => {
    for (let count = 0; count < 50; count++) {
      await runtime.run(likes.increment("a"));
      node.exchange(node);
    }
    const sizes = node.requests.map((request) => (request.kind === "Put" ? (request.context?.length ?? 0) : 0));
    expect(Math.max(...sizes)).toBeLessThan(32);
  });

  it("is vouched for when it is over", async () => {
    await runtime.run(likes.increment("a"));
    await runtime.run(likes.increment("a"));
    expect(node.requests.at(-1)).toMatchObject({ settled: [0] });
  });
});

describe("a key that holds something else", () => {
  it("is refused, with the handle that reads it", async () => {
    await runtime.run(client.set("mixed").add("a", 1));
    node.writeBlind(makeKey("mixed", "b"), encodeValue("plain"));
    const cases = [
      [() => client.counter("mixed").get("a"), 'mixed/a holds a set, for which there is set("mixed")'],
      [() => client.counter("mixed").reset("a"), 'mixed/a holds a set, for which there is set("mixed")'],
      [() => client.bucket("mixed").get("a"), 'mixed/a holds a set, for which there is set("mixed")'],
      [() => client.bucket("mixed").update("a", () => 1), 'mixed/a holds a set, for which there is set("mixed")'],
      [() => client.counter("mixed").get("b"), 'mixed/b holds a value, for which there is bucket("mixed")'],
      [() => client.counter("mixed").delete("b"), 'mixed/b holds a value, for which there is bucket("mixed")'],
    ] as const;
    for (const [call, message] of cases)
      await expect(runtime.run<unknown>(call())).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
        outcome: "none",
        message,
      });
  });

  it("on one side of a partition only is shown by either handle as its own", async () => {
    const other = new FakeNode("n2");
    const theirs = await connectTo(other, {}, 2);
    await runtime.run(client.set<number>("mixed").add("a", 1));
    await theirs.runtime.run(theirs.client.counter("mixed").increment("a", 5));
    node.exchange(other);
    expect([...(await runtime.run(client.set<number>("mixed").get("a"))).value]).toEqual([1]);
    expect((await runtime.run(client.counter("mixed").get("a"))).value).toBe(5);
    await runtime.run(client.set("mixed").delete("a"));
    expect(await runtime.run(client.counter("mixed").get("a"))).toMatchObject({ found: true, value: 5 });
  });

  it("and is deleted may become anything", async () => {
    await runtime.run(client.set("mixed").add("a", 1));
    await runtime.run(client.set("mixed").delete("a"));
    await runtime.run(client.counter("mixed").increment("a"));
    expect((await runtime.run(client.counter("mixed").get("a"))).value).toBe(1);
  });
});

describe("seen", () => {
  it("is a read of the same key, by whatever handle of the bucket", async () => {
    await runtime.run(client.set("tags").add("a", 1));
    const seen = await runtime.run(client.set("tags").get("a"));
    const before = node.requests.length;
    expect(await runtime.run(client.set("tags").delete("a", { seen }))).toMatchObject({ changed: true });
    expect(node.requests.length - before).toBe(1);
    for (const copy of [{ ...seen }, "a", 7])
      await expect(runtime.run(client.set("tags").remove("a", 1, { seen: copy as object }))).rejects.toMatchObject({
        message: "seen is what a get of this bucket returned, itself and no copy",
      });
  });
});

it("bytes that no SDK wrote do not make a change that happened look as if it had not", async () => {
  const key = makeKey("tags", "a");
  node.change(key, [{ kind: "write", path: "s", value: Uint8Array.of(0xc1), observed: [] }]);
  await expect(runtime.run(client.set("tags").get("a"))).rejects.toMatchObject({ code: "PROTOCOL" });
  const edited = client.set("tags").add("a", 1, { returnValue: true });
  await expect(runtime.run(edited)).rejects.toMatchObject({ code: "PROTOCOL", outcome: "unknown" });
});

it("after close every call fails with CLOSED", async () => {
  await client.close();
  for (const call of [
    likes.get("a"),
    likes.increment("a"),
    likes.reset("a"),
    likes.delete("a"),
    client.inspect("likes", "a"),
  ])
    await expect(call).rejects.toMatchObject({ code: "CLOSED", outcome: "none" });
});

describe("what the next write sends", () => {
  function sentContext(): Uint8Array | undefined {
    return (node.requests.at(-1) as Put).context;
  }

  it("is the moment of this client's own last write", async () => {
    await runtime.run(likes.increment("a"));
    expect(sentContext()).toBeUndefined();
    await runtime.run(likes.increment("a"));
    expect(decodeToken(hashKey(makeKey("likes", "a")), sentContext()!).latest).toEqual({ ms: 1, counter: 0 });
  });

  it("knows nothing of a read that was refused", async () => {
    node.writeBlind(makeKey("likes", "a"), encodeValue("no counter"));
    await expect(runtime.run(likes.get("a"))).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await runtime.run(likes.increment("a"));
    expect(sentContext()).toBeUndefined();
  });
});
