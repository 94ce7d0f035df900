// The SDK in Node against real processes: what the README promises its users, and what happens to them when nodes come and go.
import { plainPut, protocolVersion } from "../../src/messages.ts";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { connect, lww, merge, type Client } from "../../client/index.ts";
import { startNode } from "../../node/io/index.ts";
import { fromBinary } from "../../src/bytes.ts";
import { makeKey } from "../../src/key.ts";
import { packValue } from "../../src/msgpack.ts";
import { makeOpId } from "../../src/op-id.ts";
import { keyOf, keyWhere, primariesOf } from "./placement.ts";
import { connectTo, endAll, freePorts, Nodes, Program, run, settled, tempDirectory, waiting } from "./processes.ts";
import { RawLink, statusOf } from "./raw-link.ts";

const sdk = fileURLToPath(new URL("../../dist/client/index.js", import.meta.url));

describe("a cluster of three", () => {
  let nodes: Nodes;
  let client: Client;

  beforeAll(async () => {
    nodes = await Nodes.start(3);
    client = await connectTo(nodes.urls);
  });
  afterAll(endAll);

  test("one address that answers is enough, whatever the others are", async () => {
    const dead = await freePorts(1);
    const found = await connectTo([`ws://127.0.0.1:${dead}`, nodes.urls[1]!, "ws://127.0.0.1:1/"]);
    await found.bucket("default").put("found", true);
    expect((await found.status()).map(({ node }) => node)).toEqual(["n1", "n2", "n3"]);
  });

  test("values of every kind come back as they went in", async () => {
    const bucket = client.bucket("values");
    const values = [
      "",
      "tea",
      0,
      -1.5,
      true,
      null,
      [],
      [1, [2]],
      {},
      { a: { b: [null] } },
      new Date(86_400_000),
      "ü🫖",
    ];
    for (const [at, value] of values.entries()) {
      await bucket.put(`v${at}`, value);
      expect((await bucket.get(`v${at}`)).value).toEqual(value);
    }
    await bucket.put("bytes", Uint8Array.of(0, 255, 1));
    expect(Uint8Array.from((await bucket.get("bytes")).value as Uint8Array)).toEqual(Uint8Array.of(0, 255, 1));
    await expect(bucket.put("nothing", undefined)).rejects.toMatchObject({ code: "INVALID_ARGUMENT", outcome: "none" });
  });

  test("buckets have the same key each for itself, and options of their own", async () => {
    const red = client.bucket<string>("red", { w: 3, r: 3 });
    const blue = client.bucket<string>("blue");
    await red.put("k", "red");
    await blue.put("k", "blue");
    const read = await red.get("k", { details: true });
    expect(read).toMatchObject({ value: "red", effective: { r: 3, from: { r: "bucket" } } });
    expect([...read.answered!].sort()).toEqual(["n1", "n2", "n3"]);
    expect((await blue.get("k")).value).toBe("blue");
  });

  test("a context goes through JSON and another process's hands, and replaces exactly what it has seen", async () => {
    const bucket = client.bucket<string>("default");
    await bucket.put("carried", "first");
    const text = JSON.parse(JSON.stringify({ context: (await bucket.get("carried")).context })) as { context: string };
    const other = (await connectTo(nodes.urls)).bucket<string>("default");
    await other.put("carried", "second", { context: text.context });
    expect((await bucket.get("carried", { r: 3 })).siblings).toEqual(["second"]);
    // It has not seen "second": what it writes with the old context stands beside it.
    await bucket.put("carried", "third", { context: text.context });
    expect((await bucket.get("carried", { r: 3 })).siblings.toSorted()).toEqual(["second", "third"]);
  });

  test("two clients that do not know of each other make siblings, a merge settles them, and a blind put replaces nothing", async () => {
    const mine = (await connectTo(nodes.urls)).bucket<readonly string[]>("default");
    const resolver = merge<readonly string[]>((a, b) => [...new Set([...a, ...b])].sort());
    const theirs = (await connectTo(nodes.urls)).bucket<readonly string[]>("default", { resolver });
    await Promise.all([mine.put("cart", ["tea"]), theirs.put("cart", ["jam"])]);
    expect(await mine.get("cart", { r: 3 })).toMatchObject({
      found: true,
      value: undefined,
      siblings: expect.toSatisfy(hasTwo) as unknown,
    });
    await expect(mine.update("cart", (cart = []) => cart)).rejects.toMatchObject({
      code: "TOO_MANY_SIBLINGS",
      outcome: "none",
    });
    await theirs.update("cart", (cart = []) => [...cart, "milk"].sort(), { r: 3 });
    expect((await mine.get("cart", { r: 3 })).value).toEqual(["jam", "milk", "tea"]);
    await mine.put("cart", ["blind"], { context: null });
    expect((await mine.get("cart", { r: 3 })).siblings).toSatisfy(hasTwo);
  });

  test("the latest of what stands side by side wins with lww, a delete too, and write-back leaves one value", async () => {
    const [mine, other] = [await connectTo(nodes.urls), await connectTo(nodes.urls)];
    const all = { w: 3, r: 3 } as const;
    const union = merge<readonly string[]>((a, b) => [...new Set([...a, ...b])].sort());
    const carts = mine.bucket<readonly string[]>("default", { ...all, resolver: union, resolveOnRead: "write-back" });
    await other.bucket<readonly string[]>("default", all).put("basket", ["jam"]);
    await clockMoves();
    await carts.put("basket", ["tea"], { context: null });
    expect(await carts.get("basket", { resolver: lww })).toMatchObject({
      value: ["tea"],
      siblings: expect.toSatisfy(hasTwo) as unknown,
    });
    expect(await carts.get("basket")).toMatchObject({ value: ["jam", "tea"], writeBack: { isDone: true } });
    expect((await carts.get("basket")).siblings).toEqual([["jam", "tea"]]);

    await clockMoves();
    await carts.delete("basket", { context: null });
    const deleted = await carts.get("basket", { resolver: lww });
    expect(deleted).toMatchObject({ found: false, value: undefined, siblings: [["jam", "tea"]] });
    expect(await carts.get("basket", { resolver: lww, head: true })).toMatchObject({ found: false });
  });

  test("one client's own writes follow each other, and a delete hides what it has seen", async () => {
    const bucket = client.bucket<number>("default");
    for (let value = 1; value <= 5; value++) await bucket.put("mine", value);
    expect((await bucket.get("mine", { r: 3 })).siblings).toEqual([5]);
    await bucket.delete("mine");
    expect(await bucket.get("mine", { r: 3 })).toMatchObject({ found: false, siblings: [] });
    await bucket.put("mine", 6);
    expect((await bucket.get("mine", { r: 3 })).siblings).toEqual([6]);
  });

  test("a process that closes its client ends by itself", async () => {
    const script = `
      import { connect } from ${JSON.stringify(sdk)};
      const kv = await connect(${JSON.stringify(nodes.urls)});
      await kv.bucket("default").put("script", 1);
      await kv.close();
      await kv.close();
      console.log("closed");
      process.on("exit", () => console.log("active:", process.getActiveResourcesInfo().filter((name) => name === "Timeout").length));`;
    const { ended } = new Program(process.execPath, ["--input-type=module", "-e", script]);
    expect(await ended).toMatchObject({ code: 0, stdout: "closed\nactive: 0\n", stderr: "" });
  });

  test("after close every call fails with CLOSED", async () => {
    const closing = await connect(nodes.urls);
    await closing.close();
    await expect(closing.bucket("default").get("k")).rejects.toMatchObject({ code: "CLOSED", outcome: "none" });
    await expect(closing.status()).rejects.toMatchObject({ code: "CLOSED" });
  });
});

describe("nodes come and go", () => {
  afterEach(endAll);

  test("a put whose coordinator dies is tried elsewhere as the same operation: it is there once", async () => {
    const nodes = await Nodes.start(3);
    await settled(nodes.urls);
    const key = keyOf(nodes, "n1");
    const bucket = (await connectTo(nodes.urls)).bucket<string>("default");
    await bucket.get(key);
    const [n1, ...others] = nodes.nodes;
    // The copies wait in the sockets of the frozen ones, and the coordinator for their answers.
    for (const node of others) node.pause();
    const put = bucket.put(key, "once", { timeoutMs: 60_000 });
    await vi.waitFor(async () => expect((await statusOf(n1!.url)).openRequests).toBe(1), waiting);
    await n1!.kill();
    for (const node of others) node.resume();
    await put;
    expect((await bucket.get(key)).siblings).toEqual(["once"]);
    await n1!.start();
    await nodes.linked();
    const again = (await connectTo(nodes.urls)).bucket<string>("default");
    expect((await again.get(key, { r: 3 })).siblings).toEqual(["once"]);
    await again.put(key, "twice");
    expect((await again.get(key, { r: 3 })).siblings).toEqual(["twice"]);
  });

  test("a client outlives a restart of every node", async () => {
    const nodes = await Nodes.start(3);
    const bucket = (await connectTo(nodes.urls)).bucket<string>("default");
    await bucket.put("k", "v");
    for (const node of nodes.nodes) expect(await node.program.stop()).toMatchObject({ code: 0 });
    await expect(bucket.get("k", { timeoutMs: 200 })).rejects.toMatchObject({ code: "UNAVAILABLE", outcome: "none" });
    await Promise.all(nodes.nodes.map((node) => node.start()));
    await vi.waitFor(async () => expect((await bucket.get("k")).value).toBe("v"), waiting);
  });

  test("who has no token is told so, and nodes that share no secret do not link", async () => {
    const secrets = { clientTokens: ["token-of-alice", "token-of-bob"], clusterSecret: "the-cluster-secret" };
    const nodes = await Nodes.start(2, { ...secrets, defaults: { n: 2 } });
    await (await connectTo(nodes.urls, { auth: "token-of-bob" })).bucket("default").put("k", "v");
    for (const auth of [undefined, "", "token-of-eve", "the-cluster-secret"])
      await expect(connect(nodes.urls, { auth })).rejects.toMatchObject({ code: "UNAUTHENTICATED", outcome: "none" });

    const url = ["--url", nodes.urls.join(",")];
    const refused = await run(["get", "k", ...url]);
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toContain("COTERIE_TOKEN");
    expect(await run(["get", "k", ...url], { env: { COTERIE_TOKEN: "token-of-alice" } })).toMatchObject({
      code: 0,
      stdout: "v\n",
    });

    const impostor = await RawLink.open(nodes.urls[0]!);
    impostor.send({
      kind: "Hello",
      version: protocolVersion,
      features: [],
      role: "node",
      identity: fromBinary("n2"),
      credential: "token-of-bob",
    });
    expect(await impostor.next()).toMatchObject({ kind: "Failure", code: "UNAUTHENTICATED" });
    for (const text of [refused.stderr, ...nodes.nodes.map((node) => node.program.stderr)])
      for (const secret of [...secrets.clientTokens, secrets.clusterSecret]) expect(text).not.toContain(secret);
  });

  test("secrets come from the environment too", async () => {
    const env = { COTERIE_CLIENT_TOKENS: "token-of-alice, token-of-bob", COTERIE_CLUSTER_SECRET: "the-cluster-secret" };
    const nodes = new Nodes(await freePorts(2), 2, { env, defaults: { n: 2 } });
    await Promise.all(nodes.nodes.map((node) => node.start()));
    await nodes.linked("token-of-bob");
    await expect(connect(nodes.urls)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });

  test("a node that has no replica of a key hands the request on", async () => {
    const nodes = await Nodes.start(5);
    const key = keyWhere((key) => !primariesOf(nodes, key).includes("n1"));
    const link = await RawLink.greet(nodes.urls[0]!);
    const bytes = makeKey("default", key);
    const op = fromBinary(makeOpId("\u0007".repeat(8), 1));
    const common = { key: bytes, timeoutMs: 5000, options: undefined, details: true } as const;
    const put = await link.ask({
      ...common,
      ...plainPut,
      kind: "Put",
      id: 1,
      op,
      value: packValue("v"),
      context: undefined,
      returnValue: false,
    });
    expect(put).toMatchObject({ kind: "PutReply", id: 1 });
    const get = await link.ask({ ...common, kind: "Get", id: 2, head: false });
    expect(get).toMatchObject({ kind: "GetReply", id: 2, answered: expect.not.arrayContaining(["n1"]) as unknown });
    link.close();
    expect((await statusOf(nodes.urls[0]!)).counters).toMatchObject({ forwards: 2, gets: 0, puts: 0 });
    expect((await (await connectTo(nodes.urls)).bucket("default").get(key)).value).toBe("v");
  });

  test("a node lives inside a process of one's own", async () => {
    const url = `ws://127.0.0.1:${await freePorts(1)}`;
    const options = { id: "n1", members: [{ id: "n1", url }], data: join(tempDirectory(), "n1"), defaults: { n: 1 } };
    const node = await startNode(options);
    expect(node).toMatchObject({ id: "n1", url });
    await (await connectTo([url])).bucket("default").put("k", "v");
    await expect(startNode(options)).rejects.toMatchObject({ code: "STORAGE" });
    await node.close();
    const again = await startNode(options);
    expect((await (await connectTo([url])).bucket("default").get("k")).value).toBe("v");
    await again.close();
  });
});

/** So that what is written next is later: within a millisecond its writer decides. */
async function clockMoves(): Promise<void> {
  const before = Date.now();
  await expect.poll(() => Date.now(), { interval: 1 }).toBeGreaterThan(before);
}

function hasTwo(siblings: unknown): boolean {
  return Array.isArray(siblings) && siblings.length === 2;
}
