// Design §1, 1 and 5: an acknowledged write survives `kill -9` of any node and of all, and what "certainly did not happen" never shows.
import { afterAll, expect, test, vi } from "vitest";
import { CoterieError, merge, type Bucket, type Client } from "../../client/index.ts";
import { makeKey } from "../../src/key.ts";
import { agreed, soonEqual } from "../chaos/agreement.ts";
import { connectTo, endAll, Nodes, settled, waiting, type NodeHandle } from "./processes.ts";

afterAll(endAll);

const writers = 8;
const hotKeys = ["hot-0", "hot-1", "hot-2"];
/** Of one node, a few times; after that of all at once, twice. */
const kills = 5;

test("no acknowledged write is lost while nodes are killed one by one and all together", async () => {
  // Scenario 30 (verify_kv1356): put, kill, start again: it is there.
  const nodes = await Nodes.start(3, { tuning: soonEqual });
  await settled(nodes.urls);
  const load = new Load(await connectTo(nodes.urls));
  for (let round = 0; round < kills; round++) {
    await load.progress();
    const victim = nodes.nodes[Math.floor(Math.random() * 3)]!;
    await victim.kill();
    // Two of three go on acknowledging.
    await load.progress();
    await victim.start();
    await nodes.linked();
  }
  for (let round = 0; round < 2; round++) {
    await load.progress();
    await killAndRestart(nodes.nodes);
    await nodes.linked();
  }
  await load.progress();
  await load.stop();

  expect(load.surprises).toEqual([]);
  expect(load.acknowledged.size).toBeGreaterThan(500);
  await load.expectAllThere(nodes.urls);
});

async function killAndRestart(nodes: readonly NodeHandle[]): Promise<void> {
  await Promise.all(nodes.map((node) => node.kill()));
  await Promise.all(nodes.map((node) => node.start()));
}

/** Writers that never rest: each puts keys of its own, and adds to sets that all of them share. */
class Load {
  /** Key → value of acknowledged puts. */
  readonly acknowledged = new Map<string, string>();
  /** Errors that no caller was promised. */
  readonly surprises: unknown[] = [];
  readonly #added = new Map<string, Set<string>>(hotKeys.map((key) => [key, new Set()]));
  /** Keys whose put certainly did not happen. */
  readonly #refused = new Set<string>();
  readonly #bucket: Bucket<string>;
  readonly #sets: Bucket<readonly string[]>;
  readonly #ends: readonly Promise<void>[];
  #isOver = false;

  constructor(client: Client) {
    this.#bucket = client.bucket<string>("default", { timeoutMs: 2000 });
    const resolver = merge<readonly string[]>((a, b) => [...new Set([...a, ...b])].sort());
    this.#sets = client.bucket("sets", { timeoutMs: 2000, resolver });
    this.#ends = Array.from({ length: writers }, (_, writer) => this.#write(writer));
  }

  /** Resolves when every writer on average has been acknowledged some more writes: the moment of a kill depends on chance alone. */
  async progress(): Promise<void> {
    const goal = this.acknowledged.size + writers * (3 + Math.floor(Math.random() * 5));
    await vi.waitFor(() => expect(this.acknowledged.size).toBeGreaterThan(goal), waiting);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#ends);
  }

  /** At each node by itself, once they have mended by themselves. */
  async expectAllThere(urls: readonly string[]): Promise<void> {
    const keys = [...this.acknowledged.keys(), ...this.#refused];
    const found = await agreed(
      urls,
      keys.map((key) => makeKey("default", key)),
    );
    const expected = keys.map((key) => this.acknowledged.get(key)).map((value) => (value === undefined ? [] : [value]));
    expect(found.map((values) => values.map(({ value }) => value))).toEqual(expected);
    const sets = await agreed<readonly string[]>(
      urls,
      hotKeys.map((key) => makeKey("sets", key)),
    );
    for (const [at, key] of hotKeys.entries()) {
      const union = new Set(sets[at]!.flatMap(({ value }) => value));
      expect([...this.#added.get(key)!].filter((item) => !union.has(item))).toEqual([]);
    }
  }

  async #write(writer: number): Promise<void> {
    for (let count = 0; !this.#isOver; count++) {
      const key = `unique-${writer}-${count}`;
      if (await this.#try(this.#bucket.put(key, `value of ${key}`), key)) this.acknowledged.set(key, `value of ${key}`);
      if (count % 5 > 0) continue;
      const hot = hotKeys[count % hotKeys.length]!;
      const isAdded = await this.#try(this.#sets.update(hot, (set = []) => [...set, key].sort()));
      if (isAdded) this.#added.get(hot)!.add(key);
    }
  }

  /** @returns whether it was acknowledged */
  async #try(operation: Promise<unknown>, uniqueKey?: string): Promise<boolean> {
    try {
      await operation;
      return true;
    } catch (error) {
      // A test that fails closes the client under us.
      if (error instanceof CoterieError && error.code === "CLOSED") this.#isOver = true;
      const isPromised = error instanceof CoterieError && ["UNAVAILABLE", "TIMEOUT"].includes(error.code);
      if (!isPromised) this.surprises.push(error);
      else if (error.outcome === "none" && uniqueKey !== undefined) this.#refused.add(uniqueKey);
      return false;
    }
  }
}
