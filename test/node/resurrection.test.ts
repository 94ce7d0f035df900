/** What was deleted stays deleted, whoever was away, and a key that is made anew is kept (scenarios.md §4, I2c). */
import { describe, expect, test } from "vitest";
import { dotsOf, keyOf, valuesOf } from "./cluster.ts";
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
  untilDrops,
  untilSecondCheck,
} from "./tombstone-cluster.ts";

describe("scenarios", () => {
  test("4: a put while a primary was down; its late copy arrives after all was collected and the key made anew", () => {
    // riak kv679_tombstone ("doomstone"): what the stand-in still had of the delete must not kill the new value.
    const cluster = newCluster();
    const put = cluster.put("n1", key, "tea");
    cluster.settle();
    cluster.crash("n3");
    cluster.put("n1", key, undefined, { context: put.context });
    cluster.settle();
    const doomstone = cluster.record("n1", key)!;
    cluster.restart("n3");
    cluster.settle();
    copy(cluster, "n1", "n3");
    pass(cluster, collectedMs);
    expect(holders(cluster)).toEqual([]);
    cluster.put("n2", key, "new");
    cluster.settle();
    const late = { kind: "ReplicaPut", id: 0, key: keyOf(key), record: doomstone, timeoutMs: 1000 } as const;
    for (const one of nodes)
      cluster.input(one, { kind: "peer", node: "n1", message: { ...late, early: false, standsFor: undefined } });
    cluster.settle();
    expect(nodes.map((one) => valuesOf(cluster.object(one, key)))).toEqual([["new"], ["new"], ["new"]]);
  });

  test("5 and 32: a primary that missed the delete blocks, comes back, learns of it, and nothing rises", () => {
    // riak kv679_tombstone2; a tombstone whose time was over before the minority replica had heard of it (Scylla 3560, 15243).
    const cluster = newCluster();
    const put = cluster.put("n1", key, "tea");
    cluster.settle();
    cluster.crash("n3");
    cluster.put("n1", key, undefined, { context: put.context });
    cluster.settle();
    pass(cluster, 3 * collectedMs);
    expect(holders(cluster)).toEqual([...nodes]);
    cluster.put("n1", key, "new");
    cluster.settle();
    cluster.restart("n3");
    cluster.settle();
    expect(read(cluster, "n3")).toEqual(["new"]);
    copy(cluster, "n1", "n3");
    copy(cluster, "n3", "n2");
    pass(cluster, collectedMs);
    expect(read(cluster, "n2")).toEqual(["new"]);
  });

  test("33: what a stand-in sends late is older than the tombstone, and the tombstone is still there", () => {
    // Scylla 23712: an old hint replayed after its tombstone had gone. Here it can only come between the checks.
    const cluster = newCluster();
    const put = cluster.put("n1", key, "tea");
    cluster.settle();
    const old = cluster.record("n1", key)!;
    cluster.put("n2", key, undefined, { context: put.context });
    cluster.settle();
    untilSecondCheck(cluster);
    const late = { kind: "ReplicaPut", id: 0, key: keyOf(key), record: old, timeoutMs: 1000 } as const;
    cluster.input("n3", { kind: "peer", node: "n2", message: { ...late, early: false, standsFor: undefined } });
    cluster.settle();
    pass(cluster, collectedMs);
    expect(read(cluster)).toEqual([]);
    expect(holders(cluster)).toEqual([]);
  });

  test("34: an answer that never comes is no agreement", () => {
    // Scylla 24415: a repair that failed and was counted as one.
    const cluster = newCluster();
    deleted(cluster);
    untilSecondCheck(cluster);
    cluster.deliver("n1", "n2", "LeftoverCheck");
    cluster.sync("n2");
    cluster.deliver("n2", "n1", "LeftoverCheckReply");
    cluster.drop("n1", "n3", "LeftoverCheck");
    for (let left = 6000; left > 0; left -= tickMs) cluster.tick(tickMs);
    expect(holders(cluster)).toEqual([...nodes]);
  });
});

describe("a key that is made anew", () => {
  test("between the second check and the drops is kept by all, whichever of them dropped already", () => {
    // Compare-and-delete: n1 and n2 have dropped, n3 has the tombstone and a new write beside it.
    const cluster = newCluster();
    deleted(cluster);
    untilDrops(cluster);
    cluster.put("n3", key, "new", { w: 1 });
    cluster.settle();
    expect(nodes.map((one) => valuesOf(cluster.object(one, key)))).toEqual([["new"], ["new"], ["new"]]);
    pass(cluster, 3 * collectedMs);
    expect(read(cluster)).toEqual(["new"]);
  });

  test("where it is gone already, and a lost drop brings the tombstone back, loses nothing", () => {
    const cluster = newCluster();
    deleted(cluster);
    untilDrops(cluster);
    cluster.drop("n1", "n3", "LeftoverDrop");
    cluster.settle();
    expect(holders(cluster)).toEqual(["n3"]);
    cluster.linkDown("n1", "n3");
    cluster.put("n1", key, "new", { w: 1 });
    cluster.settle();
    cluster.linkUp("n1", "n3");
    for (const [from, to] of [["n3", "n1"] as const, ["n3", "n2"] as const, ["n1", "n3"] as const])
      copy(cluster, from, to);
    expect(nodes.map((one) => valuesOf(cluster.object(one, key)))).toEqual([["new"], ["new"], ["new"]]);
  });

  test("after a lost drop the tombstone spreads again and is collected again", () => {
    const cluster = newCluster();
    deleted(cluster);
    untilDrops(cluster);
    cluster.drop("n1", "n3", "LeftoverDrop");
    cluster.settle();
    copy(cluster, "n3", "n1");
    copy(cluster, "n1", "n2");
    copy(cluster, "n2", "n1");
    copy(cluster, "n2", "n3");
    expect(holders(cluster)).toEqual([...nodes]);
    pass(cluster, 2 * collectedMs);
    expect(holders(cluster)).toEqual([]);
  });

  test("with the token of before works, takes a fresh epoch, and does not fill the log", () => {
    // Design §4.3: a token that knows dots which this replica no longer holds. No dot is issued twice (I0).
    const cluster = newCluster();
    const paths = Array.from({ length: 20 }, (_, at) => `carts/${at}`);
    const tokens = paths.map((path) => deleted(cluster, path));
    const before = new Set(paths.flatMap((path) => dotsOf(cluster.object("n1", path))));
    pass(cluster, collectedMs);
    for (const [at, path] of paths.entries()) {
      const put = cluster.put("n2", path, "new", { context: tokens[at]! });
      cluster.settle();
      expect(put.answer).toMatchObject({ kind: "PutReply" });
      expect(read(cluster, "n1", path)).toEqual(["new"]);
      expect(dotsOf(cluster.object("n1", path)).filter((dot) => before.has(dot))).toEqual([]);
    }
    expect(cluster.logs.filter(({ level }) => level === "warn").length).toBeLessThanOrEqual(nodes.length);
  });
});
