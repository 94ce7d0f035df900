/**
 * node/leftovers.ts: operations that are spent are kept to recognise retries, and forgotten by all members together when none can come
 * any more; never by one of them alone, and never so that an operation counts twice (design §8).
 */
import { describe, expect, test } from "vitest";
import type { NodeId } from "../../src/ring.ts";
import type { Tuning } from "../../node/tuning.ts";
import { count, key, valueAt, type Try } from "./counting.ts";
import { Cluster, type Shape } from "./cluster.ts";
import { copy, nodes, pass, tickMs } from "./tombstone-cluster.ts";

const retryWindowMs = 10_000;
const tuning: Partial<Tuning> = { retryWindowMs, tombstoneAgeMs: 20_000, messageLifetimeMs: 4000, hintBytesMax: 0 };
/** Long enough for two checks, whatever has to wait anew once. */
const forgottenMs = 40_000;

function newCluster(more: Shape = {}): Cluster {
  return new Cluster({ ...more, tuning: { ...tuning, ...more.tuning } });
}

function counted(cluster: Cluster, node: NodeId, ...tries: readonly Try[]): void {
  for (const one of tries) {
    count(cluster, node, one);
    cluster.settle();
  }
}

function spent(cluster: Cluster, path: string = key): number[] {
  return nodes.map((node) => cluster.object(node, path).spent.length);
}

function values(cluster: Cluster): number[] {
  return nodes.map((node) => valueAt(cluster, node));
}

/** Three increments of one actor: two of them are spent. */
function twoSpent(more: Shape = {}): Cluster {
  const cluster = newCluster(more);
  counted(cluster, "n1", { op: 1, amount: 1 }, { op: 2, amount: 10 }, { op: 3, amount: 100 });
  expect(spent(cluster)).toEqual([2, 2, 2]);
  return cluster;
}

function refusal(cluster: Cluster, node: NodeId, one: Try): string | undefined {
  const { answer } = count(cluster, node, one);
  cluster.settle();
  return answer?.kind === "Failure" ? answer.code : undefined;
}

describe("what is spent", () => {
  test("goes from all primaries, after the retry window and two checks; what counts stays as it is", () => {
    const cluster = twoSpent();
    const before = cluster.object("n2", key);
    pass(cluster, retryWindowMs + 4000 - tickMs);
    expect(spent(cluster)).toEqual([2, 2, 2]);
    pass(cluster, 2000);
    expect(nodes.map((node) => cluster.object(node, key))).toEqual(nodes.map(() => ({ ...before, spent: [] })));
    expect(nodes.map((node) => cluster.status(node).counters.operationsForgotten)).toEqual([2, 2, 2]);
    expect(values(cluster)).toEqual([111, 111, 111]);
  });

  test("of plain values goes too, and the record is a plain one again", () => {
    const cluster = newCluster();
    const put = cluster.put("n1", "carts/alice", "tea");
    cluster.settle();
    cluster.put("n2", "carts/alice", "milk", { context: put.context });
    cluster.settle();
    const before = cluster.record("n1", "carts/alice")!;
    expect(spent(cluster, "carts/alice")).toEqual([1, 1, 1]);
    pass(cluster, forgottenMs);
    expect(spent(cluster, "carts/alice")).toEqual([0, 0, 0]);
    expect(cluster.record("n1", "carts/alice")!.length).toBeLessThan(before.length);
  });

  test("waits anew with every write, and the collector keeps no list of what is gone", () => {
    const cluster = twoSpent();
    pass(cluster, 12_000);
    expect(cluster.status("n1").leftovers).toMatchObject({ operationsWaiting: 0, confirmed: 1 });
    counted(cluster, "n1", { op: 4, amount: 1000 });
    expect(cluster.status("n1").leftovers).toMatchObject({ operationsWaiting: 1, confirmed: 0 });
    pass(cluster, 12_000);
    expect(spent(cluster)).toEqual([3, 3, 3]);
    pass(cluster, 4000);
    expect(spent(cluster)).toEqual([0, 0, 0]);
    expect(cluster.status("n1").leftovers).toEqual({
      tombstonesWaiting: 0,
      operationsWaiting: 0,
      confirmed: 0,
      agreed: 0,
    });
  });

  test("is found again after a restart, by the scrub", () => {
    const cluster = twoSpent({ tuning: { scrubIntervalMs: 2000 } });
    cluster.crash("n1");
    cluster.restart("n1");
    cluster.settle();
    expect(cluster.status("n1").leftovers.operationsWaiting).toBe(0);
    pass(cluster, forgottenMs);
    expect(spent(cluster)).toEqual([0, 0, 0]);
  });

  test("under a deleted key goes with it, not before", () => {
    const cluster = newCluster();
    const put = cluster.put("n1", "carts/alice", "tea");
    cluster.settle();
    cluster.put("n1", "carts/alice", undefined, { context: put.context });
    cluster.settle();
    pass(cluster, 20_000);
    expect(spent(cluster, "carts/alice")).toEqual([1, 1, 1]);
    pass(cluster, forgottenMs);
    expect(nodes.map((node) => cluster.record(node, "carts/alice"))).toEqual([undefined, undefined, undefined]);
  });
});

describe("nothing is forgotten", () => {
  test("through a partition, however long, and everything soon after it", () => {
    const cluster = twoSpent();
    cluster.linkDown("n1", "n3");
    pass(cluster, 3 * forgottenMs);
    expect(spent(cluster)).toEqual([2, 2, 2]);
    cluster.linkUp("n1", "n3");
    pass(cluster, forgottenMs);
    expect(spent(cluster)).toEqual([0, 0, 0]);
  });

  test("while a primary holds less of it", () => {
    const cluster = newCluster();
    count(cluster, "n1", { op: 1, amount: 1 });
    cluster.drop("n1", "n3", "ReplicaPut");
    cluster.settle();
    count(cluster, "n1", { op: 2, amount: 10 });
    cluster.drop("n1", "n3", "ReplicaPut");
    cluster.settle();
    pass(cluster, forgottenMs);
    expect(spent(cluster)).toEqual([1, 1, 0]);
    expect(cluster.record("n3", key)).toBeUndefined();
    copy(cluster, "n1", "n3", key);
    pass(cluster, forgottenMs);
    expect(spent(cluster)).toEqual([0, 0, 0]);
    expect(values(cluster)).toEqual([11, 11, 11]);
  });

  test("that the record has become another in the meantime: the drop compares", () => {
    const cluster = twoSpent();
    const digest = cluster.record("n2", key)!.slice(5, 13);
    counted(cluster, "n2", { op: 4, amount: 1000 });
    const states = [{ key: new TextEncoder().encode("likes\0post"), digest }];
    cluster.input("n2", { kind: "peer", node: "n1", message: { kind: "LeftoverDrop", id: 1, states } });
    cluster.settle();
    expect(spent(cluster)).toEqual([2, 2, 2]);
  });

  test("while a retry that was let in late is on its way as a hint", () => {
    // The last moment: it bears an age within the window, and its coordinator, no primary, knows nothing of the operation.
    const cluster = twoSpent({ nodes: 4, tuning: { hintBytesMax: 1_000_000 } });
    pass(cluster, retryWindowMs + 1000);
    expect(cluster.status("n1").leftovers.confirmed).toBe(1);
    for (const node of nodes) cluster.linkDown(node, "n4");
    count(cluster, "n4", { op: 1, amount: 1, ageMs: retryWindowMs });
    cluster.settle();
    expect(cluster.status("n4").hints.count).toBe(3);
    for (const node of nodes) cluster.linkUp(node, "n4");
    pass(cluster, 6000);
    expect(nodes.map((node) => cluster.status(node).counters.operationsForgotten)).toEqual([0, 0, 0]);
    expect(values(cluster)).toEqual([111, 111, 111]);
    pass(cluster, 2 * forgottenMs);
    expect(values(cluster)).toEqual([111, 111, 111]);
  });
});

describe("a retry", () => {
  test("within the window counts once, wherever it comes; after it, it is refused by name", () => {
    const cluster = twoSpent();
    for (const node of nodes) expect(refusal(cluster, node, { op: 1, amount: 1, ageMs: 5000 })).toBeUndefined();
    expect(values(cluster)).toEqual([111, 111, 111]);
    pass(cluster, forgottenMs);
    expect(spent(cluster)).toEqual([0, 0, 0]);
    for (const node of nodes)
      expect(refusal(cluster, node, { op: 1, amount: 1, ageMs: forgottenMs })).toBe("RETRY_EXPIRED");
    expect(values(cluster)).toEqual([111, 111, 111]);
  });

  test("at two coordinators through a long partition counts once, then and after all is forgotten", () => {
    const cluster = newCluster({ tuning: { hintBytesMax: 1_000_000 } });
    cluster.isolate("n1");
    counted(cluster, "n1", { op: 1, amount: 1 }, { op: 2, amount: 10 });
    counted(cluster, "n2", { op: 1, amount: 1, ageMs: 100 }, { op: 3, amount: 100 });
    pass(cluster, forgottenMs);
    cluster.linkUp("n1", "n2");
    cluster.linkUp("n1", "n3");
    pass(cluster, 3 * forgottenMs);
    expect(values(cluster)).toEqual([111, 111, 111]);
    // Both instances of operation 1 stay: each is in its actor's sum, and one is too much.
    expect(spent(cluster)).toEqual([2, 2, 2]);
    expect(cluster.status("n1").leftovers).toMatchObject({ operationsWaiting: 0, confirmed: 0 });
    // Its actor takes one back with its next increment, and then nothing needs them.
    counted(cluster, "n1", { op: 4, amount: 1000 });
    counted(cluster, "n2", { op: 5, amount: 10_000 });
    pass(cluster, forgottenMs);
    expect(values(cluster)).toEqual([11_111, 11_111, 11_111]);
    expect(spent(cluster)).toEqual([0, 0, 0]);
  });
});

describe("a replica that missed the drop", () => {
  test("brings nothing back, and is brought along by any copy", () => {
    const cluster = twoSpent();
    const old = cluster.record("n3", key)!;
    pass(cluster, forgottenMs);
    cluster.crash("n3");
    const storeKey = [...cluster.store("n3").scan("objects", new Uint8Array(0), Uint8Array.of(0xff))][0]![0];
    cluster.store("n3").tamper("objects", storeKey, old);
    cluster.restart("n3");
    cluster.settle();
    expect(spent(cluster)).toEqual([0, 0, 2]);
    copy(cluster, "n3", "n1", key);
    expect(spent(cluster)).toEqual([0, 0, 2]);
    copy(cluster, "n1", "n3", key);
    expect(spent(cluster)).toEqual([0, 0, 0]);
    expect(values(cluster)).toEqual([111, 111, 111]);
  });
});
