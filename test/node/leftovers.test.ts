/**
 * node/leftovers.ts: tombstones are collected by proof, and what was deleted stays deleted (design §7, I2c). Of spent operations:
 * spent-operations.test.ts.
 */
import { describe, expect, test } from "vitest";
import { hashKey } from "../../src/key.ts";
import { encodeRecord } from "../../src/record.ts";
import { keyOf } from "./cluster.ts";
import {
  collectedMs,
  copy,
  deleted,
  holders,
  key,
  newCluster,
  nodes,
  pass,
  read,
  tickMs,
  untilSecondCheck,
} from "./tombstone-cluster.ts";

describe("what all primaries hold", () => {
  test("goes from all of them, after its age and two checks", () => {
    // Design §7: all n primaries hold the same one, and it is old enough.
    const cluster = newCluster();
    deleted(cluster);
    pass(cluster, 10_000 + 4000 - tickMs);
    expect(holders(cluster)).toEqual([...nodes]);
    pass(cluster, 2000);
    expect(holders(cluster)).toEqual([]);
    expect(nodes.map((one) => cluster.status(one).counters.tombstonesCollected)).toEqual([1, 1, 1]);
    expect(read(cluster)).toEqual([]);
  });

  test("goes from the disk for good", () => {
    // Scenario 25: deleted, collected, crashed, started again: dead.
    const cluster = newCluster();
    deleted(cluster);
    pass(cluster, collectedMs);
    for (const one of nodes) {
      cluster.crash(one);
      cluster.restart(one);
    }
    cluster.settle();
    expect(holders(cluster)).toEqual([]);
    expect(read(cluster)).toEqual([]);
  });

  test("goes where the cluster is a single node", () => {
    const cluster = newCluster({ nodes: 1 });
    const put = cluster.put("n1", key, "tea", { w: 1 });
    cluster.settle();
    cluster.put("n1", key, undefined, { w: 1, context: put.context });
    cluster.settle();
    expect(cluster.object("n1", key).siblings).toMatchObject([{ value: undefined }]);
    pass(cluster, collectedMs);
    expect(cluster.record("n1", key)).toBeUndefined();
  });

  test("goes in batches, many at a time", () => {
    const cluster = newCluster();
    const paths = Array.from({ length: 300 }, (_, at) => `carts/${at}`);
    for (const path of paths) deleted(cluster, path);
    const before = cluster.status("n1").counters.replicaPuts;
    pass(cluster, collectedMs);
    expect(paths.flatMap((path) => holders(cluster, path))).toEqual([]);
    expect(cluster.status("n1").counters.replicaPuts).toBe(before);
  });

  test("is not a value, nor a tombstone beside a value", () => {
    const cluster = newCluster();
    cluster.put("n1", key, "tea");
    cluster.settle();
    cluster.put("n1", key, undefined); // blind: it has seen nothing, and replaces nothing
    cluster.settle();
    pass(cluster, 3 * collectedMs);
    expect(holders(cluster)).toEqual([...nodes]);
    expect(read(cluster)).toEqual(["tea"]);
  });

  test("waits anew when it changes", () => {
    const cluster = newCluster();
    const token = deleted(cluster);
    pass(cluster, 12_000); // confirmed once
    cluster.put("n3", key, undefined, { context: token });
    cluster.settle();
    pass(cluster, 12_000);
    expect(holders(cluster)).toEqual([...nodes]);
    pass(cluster, 4000);
    expect(holders(cluster)).toEqual([]);
  });
});

describe("nothing is collected", () => {
  test.each(["n2", "n3"] as const)("while %s is down, and everything once it is back", (node) => {
    const cluster = newCluster();
    deleted(cluster);
    cluster.crash(node);
    pass(cluster, 3 * collectedMs);
    expect(holders(cluster)).toEqual([...nodes]);
    cluster.restart(node);
    cluster.settle();
    pass(cluster, collectedMs);
    expect(holders(cluster)).toEqual([]);
  });

  test("while a node that is no primary of the key cannot be reached: it may have a hint", () => {
    const cluster = newCluster({ nodes: 5 });
    deleted(cluster);
    cluster.linkDown("n1", "n5");
    pass(cluster, 3 * collectedMs);
    expect(holders(cluster)).toEqual([...nodes]);
    cluster.linkUp("n1", "n5");
    pass(cluster, collectedMs);
    expect(holders(cluster)).toEqual([]);
  });

  test("while a primary has an older state, also behind the first check", () => {
    const cluster = newCluster();
    const put = cluster.put("n1", key, "tea");
    cluster.settle();
    cluster.put("n1", key, undefined, { context: put.context });
    cluster.drop("n1", "n3", "ReplicaPut");
    cluster.settle();
    pass(cluster, 3 * collectedMs);
    expect(holders(cluster)).toEqual([...nodes]);
    copy(cluster, "n1", "n3");
    pass(cluster, collectedMs);
    expect(holders(cluster)).toEqual([]);
  });

  test("from a wiped disk: it holds nothing, and nothing is not the same", () => {
    const cluster = newCluster();
    deleted(cluster);
    cluster.crash("n3");
    cluster.replaceDisk("n3");
    cluster.restart("n3");
    cluster.settle();
    pass(cluster, 3 * collectedMs);
    expect(holders(cluster)).toEqual(["n1", "n2"]);
  });

  test("while a record cannot be read", () => {
    const cluster = newCluster();
    deleted(cluster);
    cluster.corrupt("n3", key);
    cluster.linkDown("n2", "n3");
    cluster.linkDown("n1", "n3");
    pass(cluster, collectedMs);
    expect(holders(cluster)).toEqual([...nodes]);
  });

  test.each(["n1", "n2"] as const)("by checks between which %s was started again", (node) => {
    // What it agreed to is not on its disk: it must not say that nothing has touched the key since.
    const cluster = newCluster();
    deleted(cluster);
    untilSecondCheck(cluster);
    cluster.crash(node);
    cluster.restart(node);
    cluster.settle();
    pass(cluster, 5000);
    expect(holders(cluster)).toEqual([...nodes]);
  });

  test("by checks between which a node slept", () => {
    // What it has in its sockets and its memory may be as old as its sleep.
    const cluster = newCluster();
    deleted(cluster);
    pass(cluster, 12_000);
    cluster.tick(4500);
    cluster.settle();
    pass(cluster, 1000);
    expect(holders(cluster)).toEqual([...nodes]);
    pass(cluster, collectedMs);
    expect(holders(cluster)).toEqual([]);
  });

  test("that is not on disk: the answer waits for it", () => {
    // Else a crash of n2 after the drops would go back to what it had before the delete.
    const cluster = newCluster();
    deleted(cluster);
    untilSecondCheck(cluster);
    cluster.put("n2", "carts/bob", "unsynced", { w: 1 });
    cluster.deliver("n1", "n2", "LeftoverCheck");
    expect(cluster.inFlight.some(({ message }) => message.kind === "LeftoverCheckReply")).toBe(false);
    cluster.sync("n2");
    expect(cluster.inFlight.some(({ message }) => message.kind === "LeftoverCheckReply")).toBe(true);
  });

  test("of a value, whoever orders it", () => {
    const cluster = newCluster();
    cluster.put("n1", key, "tea");
    cluster.settle();
    const digest = cluster.record("n2", key)!.slice(5, 13);
    const message = { kind: "LeftoverDrop", id: 1, states: [{ key: keyOf(key), digest }] } as const;
    cluster.input("n2", { kind: "peer", node: "n1", message });
    cluster.settle();
    expect(holders(cluster)).toEqual([...nodes]);
  });
});

test("a record that somebody else could have made is not taken for the same", () => {
  // The digest names key and state: an empty object of the same key is another one.
  const cluster = newCluster();
  deleted(cluster);
  const digest = encodeRecord(hashKey(keyOf(key)), { siblings: [], spent: [], context: [] }).slice(5, 13);
  const message = { kind: "LeftoverDrop", id: 1, states: [{ key: keyOf(key), digest }] } as const;
  cluster.input("n2", { kind: "peer", node: "n1", message });
  cluster.settle();
  expect(holders(cluster)).toEqual([...nodes]);
});
