/**
 * node/anti-entropy.ts with all its parts: what two primaries hold differently becomes the same, whatever the reason, and nothing
 * else is written (design §7).
 */
import { describe, expect, test } from "vitest";
import type { PeerMessage } from "../../src/messages.ts";
import type { NodeStatus } from "../../node/status.ts";
import { Cluster, keyOf, valuesOf, type Shape } from "./cluster.ts";
import { MemoryStore } from "./memory-store.ts";

const ids = ["n1", "n2", "n3"];
const key = "carts/alice";
const intervalMs = 1000;
const tickMs = 50;

function newCluster(shape: Shape = {}): Cluster {
  return new Cluster({
    ...shape,
    // No room for hints, which would do the work before anti-entropy finds it.
    tuning: { antiEntropyIntervalMs: intervalMs, antiEntropyConfirmMs: 100, hintBytesMax: 0, ...shape.tuning },
  });
}

/** Time goes on in small steps, and whatever is sent arrives at once. */
function run(cluster: Cluster, ms: number): void {
  for (let left = ms; left > 0; left -= tickMs) {
    cluster.tick(tickMs);
    cluster.settle();
  }
}

/** The write reaches all but one node, and no coordinator waits for that one any more. */
function putWithout(cluster: Cluster, missing: string, name: string, value: string | undefined): void {
  cluster.isolate(missing);
  cluster.put(
    ids.find((id) => id !== missing)!,
    name,
    value,
  );
  cluster.settle();
  for (const id of ids) if (id !== missing) cluster.linkUp(missing, id);
}

function writes(cluster: Cluster): number[] {
  return ids.map((id) => cluster.store(id).objectBatches);
}

/** Everything that is said in so much time. */
function talk(cluster: Cluster, ms: number): PeerMessage[] {
  const said: PeerMessage[] = [];
  for (let left = ms; left > 0; left -= tickMs) {
    cluster.tick(tickMs);
    while (cluster.inFlight.length > 0) {
      const { from, to, message } = cluster.inFlight[0]!;
      said.push(message);
      cluster.deliver(from, to);
    }
    for (const id of ids) if (cluster.isUp(id)) cluster.sync(id);
  }
  return said;
}

function expectSame(cluster: Cluster, name = key): void {
  for (const id of ids) expect(cluster.record(id, name)).toEqual(cluster.record("n1", name));
}

function counters(cluster: Cluster, node: string): NodeStatus["counters"] {
  return cluster.status(node).counters;
}

describe("a difference", () => {
  test("is repaired, and only the side that is behind is written", () => {
    // Design §7: repairing the side that is behind. n1 asks n3, n2 asks n3: one of them brings it.
    const cluster = newCluster();
    putWithout(cluster, "n3", key, "tea");
    const before = writes(cluster);
    run(cluster, 3 * intervalMs);
    expectSame(cluster);
    expect(writes(cluster).slice(0, 2)).toEqual(before.slice(0, 2));
    expect(cluster.store("n3").objectBatches).toBe(before[2]! + 1);
    expect(counters(cluster, "n1").keysRepairedThere + counters(cluster, "n2").keysRepairedThere).toBeGreaterThan(0);
  });

  test.each(ids)("is repaired when %s is behind, whoever asks", (behind) => {
    const cluster = newCluster();
    for (const name of ["carts/a", "carts/b", "carts/c"]) cluster.put("n2", name, "old");
    cluster.settle();
    putWithout(cluster, behind, "carts/b", "new");
    putWithout(cluster, behind, "carts/c", undefined);
    run(cluster, 3 * intervalMs);
    for (const name of ["carts/a", "carts/b", "carts/c"]) expectSame(cluster, name);
  });

  test("of both sides becomes the join on both", () => {
    // Promise 1: siblings are kept, whoever repairs.
    const cluster = newCluster();
    for (const [a, b] of [
      ["n1", "n2"],
      ["n1", "n3"],
      ["n2", "n3"],
    ] as const)
      cluster.linkDown(a, b);
    for (const id of ids) cluster.put(id, key, id, { w: 1 });
    cluster.settle();
    for (const [a, b] of [
      ["n1", "n2"],
      ["n1", "n3"],
      ["n2", "n3"],
    ] as const)
      cluster.linkUp(a, b);
    run(cluster, 4 * intervalMs);
    expectSame(cluster);
    expect(valuesOf(cluster.object("n2", key))).toEqual(ids);
  });

  test("of two keys that miss the same change does not cancel out", () => {
    // Scenario 22 (leveled#207).
    const cluster = newCluster();
    const names = Array.from({ length: 64 }, (_, at) => `carts/${at}`);
    for (const name of names) putWithout(cluster, "n3", name, "tea");
    run(cluster, 3 * intervalMs);
    for (const name of names) expectSame(cluster, name);
  });

  test("in buckets of different n is found in the tree that both sides keep", () => {
    // A partition has one tree for each n: n3 is no primary of the keys in a bucket of 2, and is never offered any.
    const cluster = newCluster({ options: { buckets: { pairs: { n: 2 }, solo: { n: 1 } } } });
    cluster.put("n1", "solo/x", "tea");
    putWithout(cluster, "n2", "pairs/x", "tea");
    putWithout(cluster, "n3", key, "tea");
    run(cluster, 3 * intervalMs);
    expectSame(cluster);
    expect(cluster.record("n2", "pairs/x")).toEqual(cluster.record("n1", "pairs/x"));
    expect([cluster.record("n3", "pairs/x"), cluster.record("n2", "solo/x")]).toEqual([undefined, undefined]);
    expect(counters(cluster, "n3").failures).toBe(0);
  });

  test("is left when the link goes down on the way, and repaired in a later round", () => {
    // Nothing waits for who is lost; a slot that was not given back would stop the repairs after 32 of them.
    const cluster = newCluster();
    putWithout(cluster, "n3", key, "tea");
    for (let round = 0; round < 40; round++) {
      for (let left = 2 * intervalMs; left > 0 && !isRepairing(cluster); left -= tickMs) {
        cluster.tick(tickMs);
        while (cluster.inFlight.length > 0 && !isRepairing(cluster))
          cluster.deliver(cluster.inFlight[0]!.from, cluster.inFlight[0]!.to);
      }
      expect(isRepairing(cluster)).toBe(true);
      cluster.isolate("n3");
      for (const id of ["n1", "n2"]) cluster.linkUp("n3", id);
    }
    run(cluster, 3 * intervalMs);
    expectSame(cluster);
  });

  test("to a peer that never answers ends at a deadline", () => {
    const cluster = newCluster();
    putWithout(cluster, "n3", key, "tea");
    for (let left = 10_000; left > 0; left -= tickMs) {
      cluster.tick(tickMs);
      cluster.inFlight.length = 0;
    }
    run(cluster, 3 * intervalMs);
    expectSame(cluster);
  });
});

function isRepairing(cluster: Cluster): boolean {
  return cluster.inFlight.some(({ message }) => message.kind === "ReplicaPut" || message.kind === "ReplicaGet");
}

describe("converged replicas", () => {
  test("write nothing, and say no more than their roots", () => {
    // Scenario 28 for anti-entropy; design §7: equal trees cost eight bytes each.
    const cluster = newCluster();
    putWithout(cluster, "n3", key, "tea");
    run(cluster, 3 * intervalMs);
    const before = writes(cluster);
    const said = talk(cluster, 2 * intervalMs);
    expect(writes(cluster)).toEqual(before);
    expect(new Set(said.map(({ kind }) => kind))).toEqual(new Set(["TreeRoots", "TreeRootsReply"]));
    expect(said).toHaveLength(2 * 3 * 2);
  });

  test("are not repaired while a write is on its way: only what both looks saw counts", () => {
    // Design §7: exchanged twice before acting. Each look finds another key in flight.
    const cluster = newCluster();
    run(cluster, 3 * intervalMs);
    for (let round = 0; round < 40; round++) {
      cluster.put("n1", `carts/${round}`, "tea");
      const late = cluster.inFlight.splice(0).filter(({ message }) => message.kind === "ReplicaPut");
      cluster.tick(tickMs);
      cluster.deliverAll();
      cluster.inFlight.push(...late);
      cluster.settle();
    }
    run(cluster, 3 * intervalMs);
    for (const id of ids) expect(counters(cluster, id)).toMatchObject({ keysRepairedHere: 0, keysRepairedThere: 0 });
  });

  test("of the same state by different ways have the same trees", () => {
    // Scenario 21 (riak_kv#1189): siblings that came in different orders.
    const cluster = newCluster();
    cluster.put("n1", key, "tea", { w: 1 });
    cluster.put("n2", key, "milk", { w: 1 });
    cluster.settle();
    expect(valuesOf(cluster.object("n3", key))).toEqual(["milk", "tea"]);
    const said = talk(cluster, 3 * intervalMs);
    expect(said.some(({ kind }) => kind === "TreeNodes")).toBe(false);
  });
});

test("the same values under different contexts differ, and converge", () => {
  // Scenario 23 (ferrosa#47): n3 misses a delete of what it never had; only the context tells.
  const cluster = newCluster();
  putWithout(cluster, "n3", key, "tea");
  putWithout(cluster, "n3", key, undefined);
  run(cluster, 3 * intervalMs);
  expectSame(cluster);
  expect(cluster.object("n3", key).siblings.some(({ value }) => value === undefined)).toBe(true);
});

test("after it has converged, two more rounds change nothing", () => {
  const cluster = newCluster();
  for (let at = 0; at < 60; at++)
    putWithout(cluster, ids[at % 3]!, `carts/${at % 20}`, at % 7 === 0 ? undefined : `${at}`);
  run(cluster, 6 * intervalMs);
  const before = [writes(cluster), ids.map((id) => counters(cluster, id).keysRepairedHere)];
  const said = talk(cluster, 2 * intervalMs);
  expect([writes(cluster), ids.map((id) => counters(cluster, id).keysRepairedHere)]).toEqual(before);
  expect(said.filter(({ kind }) => kind !== "TreeRoots" && kind !== "TreeRootsReply")).toEqual([]);
  for (let at = 0; at < 20; at++) expectSame(cluster, `carts/${at}`);
});

test("a tree that is not as its records are is built again once, and then there is silence", () => {
  // Scenario 20 (riak_kv#473): repairs the same keys for ever that do not differ. The tree of n1 lacks a record that it has.
  for (const wrong of ["n1", "n3"]) {
    const cluster = newCluster();
    cluster.put("n2", key, "tea");
    cluster.settle();
    const record = cluster.record(wrong, key)!;
    cluster.forget(wrong, key);
    cluster.crash(wrong);
    cluster.restart(wrong);
    cluster.tick(0);
    const storeKey = Uint8Array.of(0, 0, ...keyOf(key));
    cluster.store(wrong).tamper("objects", storeKey, record);
    cluster.inFlight.length = 0;
    run(cluster, 8 * intervalMs);
    expect(cluster.logs.filter(({ event }) => event === "tree rebuilt").map(({ node }) => node)).toEqual([wrong]);
    for (const id of ids) expect(counters(cluster, id)).toMatchObject({ keysRepairedHere: 0, keysRepairedThere: 0 });
    const said = talk(cluster, 2 * intervalMs);
    expect(new Set(said.map(({ kind }) => kind))).toEqual(new Set(["TreeRoots", "TreeRootsReply"]));
  }
});

describe("bad records", () => {
  test("do not block the tree of their partition, and come back from the others", () => {
    // Scenario 24 (riak #1824): one corrupt object blocked the rebuild for ever.
    const cluster = newCluster();
    for (const name of ["carts/a", key, "carts/z"]) cluster.put("n2", name, "tea");
    cluster.settle();
    cluster.crash("n1");
    cluster.corrupt("n1", key);
    cluster.forget("n1", "carts/z");
    cluster.restart("n1");
    run(cluster, 4 * intervalMs);
    for (const name of ["carts/a", key, "carts/z"])
      expect(cluster.record("n1", name)).toEqual(cluster.record("n2", name));
    expect(counters(cluster, "n1").badRecords).toBe(1);
  });

  test("a flipped bit is found by the scrub, without any read, and healed", () => {
    const cluster = newCluster({ tuning: { scrubIntervalMs: 10_000 } });
    cluster.put("n2", key, "tea");
    run(cluster, 2 * intervalMs);
    cluster.corrupt("n3", key);
    run(cluster, 12_000);
    expectSame(cluster);
    expect(counters(cluster, "n3")).toMatchObject({ badRecords: 1, recoveries: 1 });
  });

  test("a record that was lost without a trace is found by the next walk", () => {
    // Its tree still has it, so nobody notices before: that is why trees are built again now and then.
    const cluster = newCluster({ tuning: { scrubIntervalMs: 10_000 } });
    cluster.put("n2", key, "tea");
    run(cluster, 2 * intervalMs);
    cluster.forget("n3", key);
    run(cluster, 14_000);
    expectSame(cluster);
    expect(counters(cluster, "n3").treesRebuilt).toBe(1);
  });

  test("of all replicas stay bad, and keep nobody busy", () => {
    const cluster = newCluster({ tuning: { scrubIntervalMs: 10_000 } });
    cluster.put("n2", key, "tea");
    run(cluster, 2 * intervalMs);
    for (const id of ids) cluster.corrupt(id, key);
    run(cluster, 20_000);
    const said = talk(cluster, 2 * intervalMs);
    expect(new Set(said.map(({ kind }) => kind))).toEqual(new Set(["TreeRoots", "TreeRootsReply"]));
  });
});

describe("an empty disk", () => {
  test("is filled again without any read, and then settled", () => {
    // Design §6.3: what is absent on an empty disk is no vote until it has caught up.
    const cluster = newCluster();
    const names = Array.from({ length: 300 }, (_, at) => `carts/${at}`);
    for (const name of names) cluster.put("n2", name, "tea");
    cluster.settle();
    cluster.crash("n1");
    cluster.replaceDisk("n1", new MemoryStore());
    cluster.restart("n1");
    cluster.tick(0);
    expect(status(cluster, "n1").freshPartitions).toBe(1);
    run(cluster, 4 * intervalMs);
    for (const name of names) expectSame(cluster, name);
    expect(status(cluster, "n1").freshPartitions).toBe(0);
    expect(counters(cluster, "n1").keysRepairedHere).toBe(300);
  });

  test("stays fresh while one of the other primaries is away, also over a restart", () => {
    const cluster = newCluster();
    cluster.crash("n1");
    cluster.crash("n3");
    cluster.replaceDisk("n1", new MemoryStore());
    cluster.restart("n1");
    run(cluster, 4 * intervalMs);
    cluster.crash("n1");
    cluster.restart("n1");
    run(cluster, 4 * intervalMs);
    expect(status(cluster, "n1").freshPartitions).toBe(1);
    cluster.restart("n3");
    run(cluster, 4 * intervalMs);
    expect(status(cluster, "n1").freshPartitions).toBe(0);
  });

  test("of every node of a new cluster is settled at once", () => {
    const cluster = newCluster({ isFresh: true, tuning: { antiEntropyIntervalMs: 60_000 } });
    expect(ids.map((id) => status(cluster, id).freshPartitions)).toEqual([1, 1, 1]);
    run(cluster, 3000);
    expect(ids.map((id) => status(cluster, id).freshPartitions)).toEqual([0, 0, 0]);
  });

  test("of a node that is the only primary has nobody to wait for", () => {
    const cluster = newCluster({ nodes: 1, isFresh: true });
    cluster.tick(tickMs);
    expect(status(cluster, "n1").freshPartitions).toBe(0);
  });
});

interface Told {
  readonly freshPartitions: number;
  readonly treesReady: number;
  readonly lastRoundSeconds: Readonly<Record<string, number | null>>;
}

function status(cluster: Cluster, node: string): Told {
  return (cluster.status(node) as unknown as { antiEntropy: Told }).antiEntropy;
}

test("says how far it has come", () => {
  const cluster = newCluster();
  expect(status(cluster, "n1")).toMatchObject({ treesReady: 0, lastRoundSeconds: { n2: null, n3: null } });
  run(cluster, 2 * intervalMs);
  expect(status(cluster, "n1")).toMatchObject({ treesReady: 1, lastRoundSeconds: { n2: 0, n3: 0 } });
  expect(status(cluster, "n3").lastRoundSeconds).toEqual({});
});

describe("questions that make no sense", () => {
  test.each<[string, PeerMessage, string]>([
    [
      "of a tree that there is not",
      { kind: "TreeNodes", id: 7, tree: { partition: 9, n: 3 }, branches: undefined },
      "UNAVAILABLE",
    ],
    [
      "of an n that there is not",
      { kind: "TreeNodes", id: 7, tree: { partition: 0, n: 2 }, branches: undefined },
      "UNAVAILABLE",
    ],
    [
      "of a branch beyond the last",
      { kind: "TreeNodes", id: 7, tree: { partition: 0, n: 3 }, branches: [64] },
      "INVALID_ARGUMENT",
    ],
    [
      "of a leaf beyond the last",
      { kind: "TreeKeys", id: 7, tree: { partition: 0, n: 3 }, leaves: [4096], after: undefined },
      "INVALID_ARGUMENT",
    ],
  ])("%s are refused", (_, message, code) => {
    const cluster = newCluster();
    cluster.tick(0);
    cluster.input("n1", { kind: "peer", node: "n2", message });
    expect(cluster.inFlight.map((envelope) => envelope.message)).toMatchObject([{ kind: "Failure", id: 7, code }]);
  });

  test("of a tree that is not built yet: the asker comes again", () => {
    const cluster = newCluster();
    const digests = new Uint8Array(8);
    const trees = [{ partition: 0, n: 3 }];
    cluster.input("n1", {
      kind: "peer",
      node: "n2",
      message: { kind: "TreeRoots", id: 7, trees, digests, doubted: [5] },
    });
    expect(cluster.inFlight.map((envelope) => envelope.message)).toMatchObject([{ differing: [], notReady: [0] }]);
  });
});
