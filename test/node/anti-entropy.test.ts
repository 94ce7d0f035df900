/**
 * node/anti-entropy.ts with all its parts: what two primaries hold differently becomes the same, whatever the reason, and nothing
 * else is written (design §7).
 */
import { describe, expect, test } from "vitest";
import type { PeerMessage } from "../../src/messages.ts";
import { branchOf, leafOf } from "../../src/merkle.ts";
import { hashKey } from "../../src/key.ts";
import { keyOf, valuesOf, type Cluster } from "./cluster.ts";
import {
  counters,
  expectSame,
  expectSilence,
  ids,
  intervalMs,
  key,
  newCluster,
  putWithout,
  run,
  status,
  talk,
  tickMs,
  writes,
} from "./rounds.ts";

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
    if (behind === "n1") expect(counters(cluster, "n1")).toMatchObject({ keysRepairedHere: 2, keysRepairedThere: 0 });
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
    const said = talk(cluster, 3 * intervalMs);
    expect(said.some(({ kind }) => kind === "Failure")).toBe(false);
    expectSame(cluster);
    expect(cluster.record("n2", "pairs/x")).toEqual(cluster.record("n1", "pairs/x"));
    expect([cluster.record("n3", "pairs/x"), cluster.record("n2", "solo/x")]).toEqual([undefined, undefined]);
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
    expectSilence(said);
    expect(said).toHaveLength(2 * 3 * 2);
  });

  test("are not repaired while a write is on its way: only what both looks saw counts", () => {
    // Design §7: exchanged twice before acting. Each look finds another key in flight, of the same branch and of another leaf.
    const cluster = newCluster();
    run(cluster, 3 * intervalMs);
    const byLeaf = new Map<number, string>();
    for (let at = 0; byLeaf.size < 40; at++) {
      const leaf = leafOf(hashKey(keyOf(`carts/${at}`)));
      if (branchOf(leaf) === 0) byLeaf.set(leaf, `carts/${at}`);
    }
    for (const name of byLeaf.values()) {
      cluster.put("n1", name, "tea");
      const late = cluster.inFlight.splice(0).filter(({ message }) => message.kind === "ReplicaPut");
      cluster.tick(tickMs);
      cluster.deliverAll();
      cluster.inFlight.push(...late);
      cluster.settle();
    }
    run(cluster, 3 * intervalMs);
    for (const id of ids) expect(counters(cluster, id)).toMatchObject({ keysRepairedHere: 0, keysRepairedThere: 0 });
    expect(counters(cluster, "n1").antiEntropyBytes).toBeGreaterThan(64 * 8);
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
    expectSilence(said);
  }
});

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
      { kind: "TreeNodes", id: 7, tree: { partition: 9, n: 3 }, branches: undefined, leaves: undefined },
      "UNAVAILABLE",
    ],
    [
      "of an n that there is not",
      { kind: "TreeNodes", id: 7, tree: { partition: 0, n: 2 }, branches: undefined, leaves: undefined },
      "UNAVAILABLE",
    ],
    [
      "of a branch beyond the last",
      { kind: "TreeNodes", id: 7, tree: { partition: 0, n: 3 }, branches: [64], leaves: undefined },
      "INVALID_ARGUMENT",
    ],
    [
      "of digests of a leaf beyond the last",
      { kind: "TreeNodes", id: 7, tree: { partition: 0, n: 3 }, branches: undefined, leaves: [4096] },
      "INVALID_ARGUMENT",
    ],
    [
      "of more branches than there are",
      { kind: "TreeNodes", id: 7, tree: { partition: 0, n: 3 }, branches: Array(65).fill(0), leaves: undefined },
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
