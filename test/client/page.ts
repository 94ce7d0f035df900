/**
 * What the browser test's page runs: an application of `coterie/client` as a bundler sees it. The test calls these by name.
 */
import { connect, CoterieError, counter, merge, register, set, type Client } from "coterie/client";

interface Cart {
  readonly items: readonly string[];
}

let client: Client;

const page = {
  async connect(urls: readonly string[]): Promise<number> {
    client = await connect(urls);
    return (await client.status()).length;
  },

  async roundTrip(): Promise<unknown> {
    const carts = client.bucket<Cart>("carts", { n: 3, r: 2, w: 2 });
    await carts.put("alice", { items: ["apple"] });
    await carts.update("alice", (cart) => ({ items: [...(cart?.items ?? []), "pear"] }));
    const read = await carts.get("alice", { details: true });
    await carts.delete("alice");
    const after = await carts.get("alice");
    return { value: read.value, answered: read.answered?.length, r: read.effective.r, foundAfterDelete: after.found };
  },

  /** Bytes, moments and large numbers, which JSON would have lost. */
  async types(): Promise<readonly boolean[]> {
    const values = client.bucket("values");
    await values.put("all", { bytes: Uint8Array.of(0, 255), at: new Date(5), big: 2n ** 60n, text: "héllo 😀" });
    const { value } = await values.get("all");
    const { bytes, at, big, text } = value as Record<string, unknown>;
    return [
      bytes instanceof Uint8Array && bytes[1] === 255,
      at instanceof Date && at.getTime() === 5,
      big === 2n ** 60n,
      text === "héllo 😀",
    ];
  },

  async siblings(): Promise<unknown> {
    const plain = client.bucket<Cart>("carts");
    await plain.put("bob", { items: ["apple"] }, { context: null });
    await plain.put("bob", { items: ["pear"] }, { context: null });
    const seen = await plain.get("bob");
    const union = merge<Cart>((a, b) => ({ items: [...new Set([...a.items, ...b.items])].sort() }));
    const merged = await client.bucket<Cart>("carts", { resolver: union }).get("bob");
    return { siblings: seen.siblings.length, value: seen.value, merged: merged.value };
  },

  /** What a map holds after two edits, one of which takes something away. */
  async dataTypes(): Promise<unknown> {
    const schema = { status: register<"open" | "done">(), tags: set<{ readonly name: string }>(), minutes: counter() };
    const tasks = client.map("tasks", schema);
    await tasks.edit("t1", (t) => {
      t.status.assign("open");
      t.tags.addAll([{ name: "red" }, { name: "blue" }]);
      t.minutes.increment(5);
    });
    await tasks.edit("t1", (t) => {
      t.tags.remove({ name: "red" });
      t.minutes.decrement(2);
    });
    const { value } = await tasks.get("t1");
    return { ...value, tags: [...value.tags] };
  },

  /** Two errors: one of the client itself, one of a node. */
  async errors(): Promise<unknown> {
    const carts = client.bucket<Cart>("carts");
    const here = await failure(carts.put("alice", { items: [] }, { w: 4 }));
    const there = await failure(carts.put("carol", { items: [] }, { w: 3, timeoutMs: 1000 }));
    return { here, there };
  },

  async putAndGet(key: string): Promise<unknown> {
    const carts = client.bucket<Cart>("carts");
    await carts.put(key, { items: [key] }, { w: 3 });
    return (await carts.get(key, { r: 3 })).value;
  },

  async close(): Promise<unknown> {
    await client.close();
    return failure(client.bucket("carts").get("alice"));
  },
};

async function failure(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
  } catch (error) {
    if (error instanceof CoterieError) return { code: error.code, outcome: error.outcome, details: error.details };
    throw error;
  }
  return undefined;
}

export type Page = typeof page;

Object.assign(globalThis, { page });
