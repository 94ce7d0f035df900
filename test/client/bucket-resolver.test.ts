// How a bucket settles siblings (design §8): chosen per handle and per call, written back if asked for, watched beside the read.
import { beforeEach, describe, expect, expectTypeOf, it } from "vitest";
import type { Bucket, GetResult } from "../../client/bucket.ts";
import type { Client } from "../../client/client.ts";
import { lww, merge, siblings } from "../../client/resolver.ts";
import { encodeValue } from "../../src/value.ts";
import { makeKey } from "../../src/key.ts";
import { connectTo, FakeNode, tooFew } from "./fake-node.ts";
import type { FakeRuntime } from "./fake-runtime.ts";

interface Cart {
  readonly items: readonly string[];
}

function unionOf(a: Cart, b: Cart): Cart {
  return { items: [...new Set([...a.items, ...b.items])].sort() };
}

function fail(): Cart {
  throw new Error("no idea");
}

const union = merge(unionOf);
const broken = merge<Cart>(fail);

let node: FakeNode;
let client: Client;
let runtime: FakeRuntime;

beforeEach(async () => {
  node = new FakeNode("n1");
  ({ client, runtime } = await connectTo(node));
  putByOthers("apple", "pear");
});

/** What others put without having read; `undefined` is a delete. */
function putByOthers(...items: readonly (string | undefined)[]): void {
  for (const item of items)
    node.writeBlind(makeKey("carts", "alice"), item === undefined ? undefined : encodeValue({ items: [item] }));
}

function get(bucket: Bucket<Cart>, options: Parameters<Bucket<Cart>["get"]>[1] = {}): Promise<GetResult<Cart>> {
  return runtime.run(bucket.get("alice", options));
}

const both = [{ items: ["apple"] }, { items: ["pear"] }];

describe("a resolver", () => {
  it("belongs to the handle, and to a call before that", async () => {
    const carts = client.bucket<Cart>("carts", { resolver: union });
    expect(await get(carts)).toMatchObject({ value: { items: ["apple", "pear"] }, siblings: both });
    expect(await get(carts, { resolver: lww })).toMatchObject({ value: { items: ["pear"] }, siblings: both });
    expect(await get(carts, { resolver: siblings })).toMatchObject({ value: undefined, siblings: both });
    expect(await get(client.bucket<Cart>("carts"), { resolver: union })).toMatchObject({
      value: { items: ["apple", "pear"] },
    });
  });

  it("gives one value of the application's type", () => {
    const carts = client.bucket<Cart>("carts", { resolver: merge(unionOf) });
    expectTypeOf<Awaited<ReturnType<typeof carts.get>>["value"]>().toEqualTypeOf<Cart | undefined>();
    // @ts-expect-error: a merge of numbers is none of carts
    client.bucket<Cart>("carts", { resolver: merge<number>(Math.max) });
  });

  it("of an update settles what it reads", async () => {
    const carts = client.bucket<Cart>("carts");
    await runtime.run(carts.update("alice", (cart) => ({ items: [...cart!.items, "fig"] }), { resolver: lww }));
    expect(await get(carts)).toMatchObject({ siblings: [{ items: ["pear", "fig"] }] });
  });

  it("siblings of an update refuses to choose, whatever the handle says", async () => {
    const carts = client.bucket<Cart>("carts", { resolver: union });
    const update = carts.update("alice", (cart) => cart!, { resolver: siblings });
    await expect(runtime.run(update)).rejects.toMatchObject({ code: "TOO_MANY_SIBLINGS", outcome: "none" });
  });

  it("lww finds nothing where a delete is the latest, and shows what stands beside it", async () => {
    putByOthers(undefined);
    const carts = client.bucket<Cart>("carts", { resolver: lww });
    expect(await get(carts)).toMatchObject({ found: false, value: undefined, siblings: both });
    expect(await get(carts, { head: true })).toMatchObject({ found: false, siblings: [undefined, undefined] });
    await runtime.run(carts.update("alice", (cart) => cart ?? { items: ["new"] }));
    expect(await get(carts)).toMatchObject({ found: true, siblings: [{ items: ["new"] }] });
  });

  it("is told to the node as far as that is for it to know: whether a put takes the place of everything", async () => {
    const carts = client.bucket<Cart>("carts", { resolver: union });
    await runtime.run(carts.put("alice", both[0]!, { resolver: lww }));
    expect(node.requests.at(-1)).toMatchObject({ kind: "Put", options: { resolver: "lww" } });
    await runtime.run(carts.put("alice", both[0]!));
    expect(node.requests.at(-1)).toMatchObject({ kind: "Put", options: { resolver: "siblings" } });
    await runtime.run(client.bucket<Cart>("carts").put("alice", both[0]!));
    expect(node.requests.at(-1)).toMatchObject({ kind: "Put", options: undefined });
    await runtime.run(client.bucket<Cart>("carts", { resolver: lww }).put("alice", both[0]!));
    expect(node.requests.at(-1)).toMatchObject({ kind: "Put", options: { resolver: "lww" } });
  });

  it.each<[string, () => unknown, string]>([
    ["a function", () => client.bucket("carts", { resolver: unionOf as never }), "wrap the function, merge(fn)"],
    ["a word", () => client.bucket("carts", { resolver: "lww" as never }), "imported from coterie/client"],
    [
      "something else on read",
      () => client.bucket("carts", { resolver: union as never, resolveOnRead: "always" as never }),
      'resolveOnRead is write-back, not "always"',
    ],
    [
      "nothing to write back",
      () => client.bucket("carts", { resolver: lww, resolveOnRead: "write-back" }),
      "resolveOnRead needs a merge",
    ],
  ])("is refused at once: %s", (_, call, sentence) => {
    expect(call).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringContaining(sentence) }),
    );
  });

  it("of a call is refused before anything is sent", async () => {
    const carts = client.bucket<Cart>("carts");
    await expect(get(carts, { resolver: unionOf as never })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(runtime.run(carts.put("alice", both[0]!, { resolver: "lww" as never }))).rejects.toMatchObject({
      message: expect.stringContaining("imported from coterie/client"),
    });
    expect(node.requests).toHaveLength(0);
  });
});

describe("a merge that fails", () => {
  it("does not fail the read: the siblings are there, and so is the error", async () => {
    const read = await get(client.bucket<Cart>("carts", { resolver: broken }));
    expect(read).toMatchObject({ found: true, value: undefined, siblings: both });
    expect(read.unresolved).toMatchObject({ code: "MERGE_FAILED", message: expect.stringContaining("no idea") });
  });

  it("fails an update, which then writes nothing", async () => {
    const update = client.bucket<Cart>("carts", { resolver: broken }).update("alice", (cart) => cart!);
    await expect(runtime.run(update)).rejects.toMatchObject({ code: "MERGE_FAILED", outcome: "none" });
    expect(node.requests.map(({ kind }) => kind)).toEqual(["Get"]);
  });

  it("leaves it to the application to write what they amount to", async () => {
    const carts = client.bucket<Cart>("carts", { resolver: broken });
    const { context } = await get(carts);
    await runtime.run(carts.put("alice", { items: ["both"] }, { context }));
    expect(await get(carts)).not.toHaveProperty("unresolved");
  });
});

describe("write-back", () => {
  let carts: Bucket<Cart>;

  beforeEach(() => {
    carts = client.bucket<Cart>("carts", { resolver: union, resolveOnRead: "write-back" });
  });

  it("replaces the siblings by what a read has merged, and says so", async () => {
    const read = await get(carts, { timeoutMs: 800, n: 2, sloppy: false });
    expect(read).toMatchObject({ value: { items: ["apple", "pear"] }, siblings: both, writeBack: { isDone: true } });
    expect(node.requests.map(({ kind }) => kind)).toEqual(["Get", "Put"]);
    expect(node.requests.at(-1)).toMatchObject({ options: { n: 2, sloppy: false } });
    expect(node.requests.at(-1)!.timeoutMs).toBeLessThan(800);
    expect((await get(carts)).siblings).toEqual([read.value]);
  });

  it("returns a context that covers what it wrote", async () => {
    const { context } = await get(carts);
    await runtime.run(carts.put("alice", { items: [] }, { context }));
    expect((await get(carts)).siblings).toEqual([{ items: [] }]);
  });

  it("leaves alone what somebody writes meanwhile", async () => {
    const reading = carts.get("alice");
    await runtime.advance(1);
    putByOthers("fig");
    await runtime.run(reading);
    expect((await get(carts, { resolver: siblings })).siblings).toContainEqual({ items: ["fig"] });
  });

  it("happens neither for one value, nor without values, nor where nothing was merged, nor within an update", async () => {
    await get(carts, { head: true });
    await get(carts, { resolver: siblings });
    await get(carts, { resolver: lww });
    expect(await get(carts, { resolver: broken })).not.toHaveProperty("writeBack");
    expect(node.requests.map(({ kind }) => kind)).toEqual(["Get", "Get", "Get", "Get"]);
    await runtime.run(carts.update("alice", (cart) => ({ items: [...cart!.items, "fig"] })));
    await get(carts);
    expect(node.requests.slice(4).map(({ kind }) => kind)).toEqual(["Get", "Put", "Get"]);
  });

  it("that fails does not fail the read, and is told", async () => {
    const reading = carts.get("alice");
    await runtime.advance(1);
    node.failures.push(tooFew);
    const read = await runtime.run(reading);
    expect(read).toMatchObject({
      value: { items: ["apple", "pear"] },
      writeBack: { isDone: false, error: { code: "UNAVAILABLE", outcome: "unknown" } },
    });
    await runtime.run(carts.put("alice", { items: ["tea"] }, { context: read.context }));
    expect((await get(carts)).siblings).toEqual([{ items: ["tea"] }]);
  });

  it("of what cannot be stored is told", async () => {
    const sets = merge<{ readonly items: unknown }>((a) => ({ items: new Set([a]) }));
    const handle = client.bucket("carts", { resolver: sets, resolveOnRead: "write-back" });
    expect((await runtime.run(handle.get("alice"))).writeBack).toMatchObject({
      isDone: false,
      error: { code: "INVALID_ARGUMENT", message: expect.stringContaining(".items is a Set") },
    });
  });
});
