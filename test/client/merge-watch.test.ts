// What is looked at beside a read that merges: the laws in development, and a shadow. Neither can change what the reader is told.
import { beforeEach, describe, expect, it } from "vitest";
import type { Bucket, GetResult } from "../../client/bucket.ts";
import type { Client } from "../../client/client.ts";
import type { BrokenLaw, Difference } from "../../client/merge-options.ts";
import { merge } from "../../client/resolver.ts";
import { encodeValue } from "../../src/value.ts";
import { makeKey } from "../../src/key.ts";
import { connectTo, FakeNode } from "./fake-node.ts";
import type { FakeRuntime } from "./fake-runtime.ts";

interface Cart {
  readonly items: readonly string[];
}

function unionOf(a: Cart, b: Cart): Cart {
  return { items: [...new Set([...a.items, ...b.items])].sort() };
}

function concat(a: Cart, b: Cart): Cart {
  return { items: [...a.items, ...b.items] };
}

function fail(): Cart {
  throw new Error("no idea");
}

let node: FakeNode;
let client: Client;
let runtime: FakeRuntime;

beforeEach(async () => {
  node = new FakeNode("n1");
  ({ client, runtime } = await connectTo(node));
  putByOthers("apple", "pear");
});

/** What others put without having read. */
function putByOthers(...items: readonly string[]): void {
  for (const item of items) node.writeBlind(makeKey("carts", "alice"), encodeValue({ items: [item] }));
}

function get(bucket: Bucket<Cart>): Promise<GetResult<Cart>> {
  return runtime.run(bucket.get("alice"));
}

const both = [{ items: ["apple"] }, { items: ["pear"] }];

describe("the laws", () => {
  it("are tested in development on the siblings that reads meet, and a broken one is told once per bucket", async () => {
    runtime.isDevelopment = true;
    const read = await get(client.bucket<Cart>("carts", { resolver: merge(concat) }));
    expect(read.value).toEqual({ items: ["apple", "pear"] });
    expect(runtime.warnings).toEqual([expect.stringContaining("the merge of carts/alice breaks a law")]);
    expect(runtime.warnings[0]).toContain('merge(a, a) = { items: ["apple", "apple"] }');
    await get(client.bucket<Cart>("carts", { resolver: merge(concat) }));
    expect(runtime.warnings).toHaveLength(1);
  });

  it("are told to whoever wants to hear of them", async () => {
    runtime.isDevelopment = true;
    const heard: BrokenLaw[] = [];
    const onBrokenLaw = (law: BrokenLaw): void => void heard.push(law);
    await get(client.bucket<Cart>("carts", { resolver: merge((_, b) => b, { onBrokenLaw }) }));
    expect(heard).toMatchObject([{ bucket: "carts", key: "alice", law: "idempotence", values: { a: both[0] } }]);
    expect(runtime.warnings).toEqual([]);
  });

  it.each<[string, (a: Cart, b: Cart) => unknown, string]>([
    ["what cannot be stored", (a, b) => ({ items: new Set([...a.items, ...b.items]) }), ".items is a Set"],
    ["failing", fail, "merge(a, a) threw Error: no idea"],
    ["damaging its arguments", (a, b) => (a.items as string[]).push(...b.items) && a, "the merge changes a.items[1]"],
  ])("tell of a merge's %s, though the read may show nothing of it", async (_, join, sentence) => {
    runtime.isDevelopment = true;
    await get(client.bucket<Cart>("carts", { resolver: merge(join as (a: Cart, b: Cart) => Cart) }));
    expect(runtime.warnings).toEqual([expect.stringContaining(sentence)]);
  });

  it("are left alone outside of development, unless they are asked for", async () => {
    await get(client.bucket<Cart>("carts", { resolver: merge(concat) }));
    expect(runtime.warnings).toEqual([]);
    await get(client.bucket<Cart>("carts", { resolver: merge(concat, { checkLaws: true }) }));
    expect(runtime.warnings).toHaveLength(1);
    runtime.isDevelopment = true;
    await get(client.bucket<Cart>("carts", { resolver: merge(concat, { checkLaws: false }) }));
    expect(runtime.warnings).toHaveLength(1);
  });
});

describe("a shadow", () => {
  const heard: Difference<Cart>[] = [];
  const onDifference = (difference: Difference<Cart>): void => void heard.push(difference);

  beforeEach(() => void heard.splice(0));

  it("tells of what it would have made of the siblings, once, and changes nothing", async () => {
    const carts = client.bucket<Cart>("carts", { resolver: merge(unionOf, { shadow: (a) => a, onDifference }) });
    const read = await get(carts);
    expect(read.value).toEqual({ items: ["apple", "pear"] });
    expect(heard).toEqual([
      { bucket: "carts", key: "alice", siblings: both, value: read.value, shadowValue: { items: ["apple"] } },
    ]);
    await get(carts);
    await get(client.bucket<Cart>("carts", { resolver: merge(unionOf, { shadow: (a) => a, onDifference }) }));
    expect(heard).toHaveLength(1);
    putByOthers("fig");
    await get(carts);
    expect(heard).toHaveLength(2);
  });

  it("is silent where it comes to the same", async () => {
    await get(client.bucket<Cart>("carts", { resolver: merge(unionOf, { shadow: unionOf, onDifference }) }));
    await get(client.bucket<Cart>("carts", { resolver: merge(fail, { shadow: fail, onDifference }) }));
    expect(heard).toEqual([]);
  });

  it("that fails is told, and so is one that succeeds where the merge fails", async () => {
    const failing = merge(unionOf, { shadow: fail, onDifference });
    expect(await get(client.bucket<Cart>("carts", { resolver: failing }))).not.toHaveProperty("unresolved");
    expect(heard).toMatchObject([{ shadowValue: undefined, shadowFailure: { code: "MERGE_FAILED" } }]);
    putByOthers("fig");
    await get(client.bucket<Cart>("carts", { resolver: merge(fail, { shadow: unionOf, onDifference }) }));
    expect(heard[1]).toMatchObject({
      value: undefined,
      unresolved: { code: "MERGE_FAILED" },
      shadowValue: { items: ["apple", "fig", "pear"] },
    });
  });

  it("whose listener fails does not fail the read", async () => {
    const resolver = merge(unionOf, { shadow: (a) => a, onDifference: fail });
    expect((await get(client.bucket<Cart>("carts", { resolver }))).value).toEqual({ items: ["apple", "pear"] });
    expect(runtime.warnings).toEqual(["coterie: onDifference threw Error: no idea"]);
  });

  it("cannot change what the reader is shown", async () => {
    const vandal = (a: Cart, b: Cart): Cart => {
      (a.items as string[]).length = 0;
      (b.items as string[]).push("junk");
      return a;
    };
    const resolver = merge(unionOf, { shadow: vandal, onDifference });
    expect(await get(client.bucket<Cart>("carts", { resolver }))).toMatchObject({
      value: { items: ["apple", "pear"] },
      siblings: both,
    });
    expect(heard[0]!.siblings).toEqual(both);
  });
});
