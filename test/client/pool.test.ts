// Which node a key's request goes to: its preference list in order, then any other.
import { describe, expect, it } from "vitest";
import type { Connection } from "../../client/connection.ts";
import { makeKey, hashKey } from "../../src/key.ts";
import { partitionOf, Ring, type RingTable } from "../../src/ring.ts";
import { FakePool } from "./fake-pool.ts";
import { ringOf, urlOf, welcomeOf } from "./fake-runtime.ts";

const keyHash = hashKey(makeKey("carts", "alice"));
const route = { keyHash, n: 3 };

function preferred(ring: RingTable, role?: "primary" | "fallback"): string[] {
  const list = new Ring(ring).preferenceList(partitionOf(Number(keyHash >> 32n), ring.partitions), 3);
  return list.filter((entry) => role === undefined || entry.role === role).map(({ node }) => urlOf(node));
}

/** The order in which a pool would try its connections, all of them failing. */
function order(fake: FakePool, onlyPrimaries = false): string[] {
  const tried = new Set<Connection>();
  for (;;) {
    const next = fake.pool.choose(route, tried, onlyPrimaries);
    if (next === undefined) return [...tried].map(({ url }) => url);
    tried.add(next);
  }
}

/** All are open, and the first in the key's order has left a request unanswered. */
async function withFrozen(ring: RingTable): Promise<FakePool> {
  const fake = new FakePool(ring);
  fake.openAll();
  const frozen = fake.pool.choose(route, new Set(), false)!;
  const waiting = fake.runtime.run(frozen.request({ kind: "Status", id: 0 }, 100));
  await expect(waiting).rejects.toMatchObject({ code: "UNAVAILABLE" });
  return fake;
}

describe("choose", () => {
  it("goes through the key's preference list in order, then to all the others", () => {
    const ring = ringOf(5);
    const fake = new FakePool(ring);
    fake.openAll();
    expect(order(fake)).toEqual(preferred(ring));
    expect(order(fake)).toHaveLength(5);
  });

  it("takes those last that left a request unanswered, until they say something", async () => {
    // A frozen node keeps its socket open: without this each of its keys would wait half of its timeout, for as long as it is frozen.
    const ring = ringOf(3);
    const fake = await withFrozen(ring);
    const [first, ...others] = preferred(ring);
    expect(order(fake)).toEqual([...others, first]);
    const node = ring.members.find(({ url }) => url === first)!.id;
    fake.socketOf(node)!.say({ kind: "StatusReply", id: 1, status: "{}" });
    expect(order(fake)).toEqual(preferred(ring));
  });

  it("gives up the socket of one that stays silent", async () => {
    const ring = ringOf(3);
    const fake = await withFrozen(ring);
    const [first, ...others] = preferred(ring);
    await fake.runtime.advance(4900);
    expect(order(fake)).toContain(first);
    await fake.runtime.advance(100);
    expect(order(fake)).toEqual(others);
  });

  it("leaves out those that could but forward, if asked for primaries only", () => {
    const ring = ringOf(5);
    const fake = new FakePool(ring);
    fake.openAll();
    expect(order(fake, true)).toEqual(preferred(ring, "primary"));
    expect(order(fake, true)).toHaveLength(3);
  });

  it("before the ring is known takes the addresses that were given", () => {
    const fake = new FakePool(ringOf(3), [urlOf("n2"), urlOf("n3")]);
    expect(order(fake)).toEqual([urlOf("n2"), urlOf("n3")]);
  });

  it("finds the other nodes through the ring", () => {
    const ring = ringOf(5);
    const fake = new FakePool(ring, [urlOf("n4")]);
    fake.openAll();
    expect(new Set(order(fake))).toEqual(new Set(ring.members.map(({ url }) => url)));
  });

  it("knows a node that welcomed us under another address than the ring's", () => {
    const ring = ringOf(1);
    const fake = new FakePool(ring, ["ws://localhost:7401"]);
    fake.pool.useAll();
    fake.runtime.socket.open();
    fake.runtime.socket.say(welcomeOf("n1", ring));
    expect(order(fake)).toEqual(["ws://localhost:7401"]);
  });

  it("leaves out a node that is down until its pause is over", async () => {
    const ring = ringOf(3);
    const fake = new FakePool(ring);
    fake.openAll();
    const [first, ...others] = preferred(ring);
    fake.runtime.sockets.find(({ url }) => url === first)!.end("gone");
    expect(order(fake)).toEqual(others);
    await fake.runtime.advance(60);
    expect(order(fake)).toEqual([first, ...others]);
  });
});

describe("the ring", () => {
  it("is the one with the highest epoch, from whichever node", () => {
    const fake = new FakePool(ringOf(3));
    fake.pool.useAll();
    expect(fake.pool.isReady).toBe(false);
    expect(fake.pool.nodes).toEqual([]);
    fake.welcome("n1", ringOf(3, 5));
    fake.welcome("n2", ringOf(2, 4));
    expect(fake.pool.isReady).toBe(true);
    expect(fake.pool.nodes.map(({ node }) => node)).toEqual(["n1", "n2", "n3"]);
    fake.welcome("n3", ringOf(4, 6));
    expect(fake.pool.nodes).toHaveLength(4);
  });

  it("brings the cluster's options", () => {
    const ring = ringOf(1);
    const fake = new FakePool(ring);
    fake.pool.useAll();
    fake.runtime.socket.open();
    fake.runtime.socket.say(welcomeOf("n1", ring, { defaults: { n: 1 }, buckets: { logs: { w: 1 } } }));
    expect(fake.pool.options).toEqual({ defaults: { n: 1 }, buckets: { logs: { w: 1 } } });
  });

  it("says who holds each partition", () => {
    const ring = ringOf(5);
    const fake = new FakePool(ring);
    expect(fake.pool.partitions).toEqual([]);
    fake.openAll();
    expect(fake.pool.partitions).toHaveLength(ring.partitions);
    expect(fake.pool.partitions.map(([owner]) => owner)).toEqual(ring.owners.map((at) => ring.members[at]!.id));
    expect(new Set(fake.pool.partitions.map((nodes) => new Set(nodes).size))).toEqual(new Set([3]));
  });

  it("leads to a node by its name", () => {
    const fake = new FakePool(ringOf(3));
    expect(fake.pool.of("n1")).toBeUndefined();
    fake.openAll();
    expect(fake.pool.of("n2")?.url).toBe(urlOf("n2"));
    expect(fake.pool.of("n9")).toBeUndefined();
  });
});

describe("trouble", () => {
  it("is told address by address", () => {
    const fake = new FakePool(ringOf(2));
    fake.pool.useAll();
    fake.socketOf("n1")!.end("connect ECONNREFUSED");
    expect(fake.pool.problems()).toBe("ws://n1:7400: connect ECONNREFUSED; ws://n2:7400: no answer so far");
  });

  it("a refusal is known to the pool", () => {
    const fake = new FakePool(ringOf(1));
    fake.pool.useAll();
    expect(fake.pool.refusal).toBeUndefined();
    fake.socketOf("n1")!.open();
    const text = { message: "wrong", outcome: "none", retryable: false, details: {} } as const;
    fake.socketOf("n1")!.say({ kind: "Failure", id: 0, code: "UNAUTHENTICATED", ...text });
    expect(fake.pool.refusal).toMatchObject({ code: "UNAUTHENTICATED" });
  });
});

describe("close", () => {
  it("closes every connection, and those that are made later too", () => {
    const ring = ringOf(3);
    const fake = new FakePool(ring, [urlOf("n1")]);
    fake.openAll();
    fake.pool.close();
    expect(fake.runtime.sockets.every(({ isClosed }) => isClosed)).toBe(true);
    expect(order(fake)).toEqual([]);
    expect(fake.pool.of("n3")?.isUsable).toBe(false);
  });
});
