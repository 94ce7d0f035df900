/**
 * node/anti-entropy.ts where a disk is not what it was: records that went bad or are gone, and disks that are empty (design §6.3, §7).
 */
import { describe, expect, test } from "vitest";
import { MemoryStore } from "./memory-store.ts";
import {
  counters,
  expectSame,
  expectSilence,
  ids,
  intervalMs,
  key,
  newCluster,
  run,
  status,
  talk,
  tickMs,
} from "./rounds.ts";

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

  test("one that a read found, and that was fetched again as it was, leaves the tree right", () => {
    // It was counted when it was good: counting it once more would take it out.
    const cluster = newCluster();
    cluster.put("n2", key, "tea");
    run(cluster, 2 * intervalMs);
    cluster.corrupt("n3", key);
    cluster.get("n3", key);
    cluster.settle();
    expectSame(cluster);
    expectSilence(talk(cluster, 3 * intervalMs));
    expect(counters(cluster, "n3").treesRebuilt).toBe(0);
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
    expectSilence(said);
  });
});

describe("an empty disk", () => {
  test.each([
    ["n1", intervalMs],
    ["n3", tickMs],
  ])("of %s is filled again without any read, and then settled", (empty, antiEntropyIntervalMs) => {
    // Design §6.3: what is absent on an empty disk is no vote until it has caught up. Nobody else brings what it fetches.
    const cluster = newCluster({ tuning: { antiEntropyIntervalMs } });
    const names = Array.from({ length: 300 }, (_, at) => `carts/${at}`);
    for (const name of names) cluster.put("n2", name, "tea");
    cluster.settle();
    cluster.crash(empty);
    cluster.replaceDisk(empty, new MemoryStore());
    cluster.restart(empty);
    cluster.tick(0);
    expect(status(cluster, empty).freshPartitions).toBe(1);
    run(cluster, 4 * intervalMs);
    for (const name of names) expectSame(cluster, name);
    expect(status(cluster, empty).freshPartitions).toBe(0);
    expect(counters(cluster, empty).keysRepairedHere).toBe(300);
    const others = ids.filter((id) => id !== empty);
    expect(others.map((id) => counters(cluster, id).keysRepairedThere)).toEqual([0, 0]);
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

  test("stays fresh while it may not have a key that another holds", () => {
    // One tree is equal and the other is not: the partition is settled when all of them are.
    const cluster = newCluster({ options: { buckets: { pairs: { n: 2 } } } });
    cluster.crash("n1");
    cluster.setWall("n2", 600_000);
    cluster.put("n2", key, "tea", { w: 1 });
    cluster.settle();
    cluster.replaceDisk("n1", new MemoryStore());
    cluster.restart("n1");
    run(cluster, 4 * intervalMs);
    expect(cluster.logs.some(({ event }) => event === "repair refused")).toBe(true);
    expect(status(cluster, "n1").freshPartitions).toBe(1);
    cluster.setWall("n1", 600_000);
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
