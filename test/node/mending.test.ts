/** node/mending.ts: blocking read repair, after which no later quorum read is older (design §6.1, I17). */
import { describe, expect, test } from "vitest";
import { Cluster, valuesOf, type Shape } from "./cluster.ts";

const key = "carts/alice";
const blocking = { readRepair: "blocking", sloppy: false } as const;

/** `tea` is everywhere. A write of `milk` reached n1 alone, and failed. */
function failedWrite(shape: Shape = {}): Cluster {
  const cluster = new Cluster(shape);
  cluster.put("n1", key, "tea");
  cluster.settle();
  const put = cluster.put("n1", key, "milk", { timeoutMs: 100 });
  for (const node of ["n2", "n3"]) cluster.drop("n1", node);
  cluster.settle();
  cluster.tick(100);
  expect(put.answer).toMatchObject({ code: "TIMEOUT", outcome: "unknown" });
  return cluster;
}

test("scenario 43: what one read has seen of a failed write, the next one sees too", () => {
  // I17, CASSANDRA-14635. The second read asks the two that had not heard of it, and the one that had is gone.
  const cluster = failedWrite();
  const first = cluster.get("n2", key, blocking);
  cluster.settle();
  expect(valuesOf(first.object)).toEqual(["milk", "tea"]);
  cluster.isolate("n1");
  const second = cluster.get("n3", key, blocking);
  cluster.settle();
  expect(valuesOf(second.object)).toEqual(["milk", "tea"]);
});

test("the reply waits until the disks of w replicas have the join", () => {
  // Design §6.1: the join is back on w replicas before the reply.
  const cluster = failedWrite();
  const get = cluster.get("n1", key, blocking);
  cluster.deliver("n1", "n2", "ReplicaGet");
  cluster.sync("n2");
  cluster.deliver("n2", "n1", "ReplicaGetReply");
  cluster.deliver("n1", "n2", "ReplicaPut");
  cluster.sync("n1");
  expect(get.answers).toEqual([]);
  cluster.sync("n2");
  expect(get.answers).toEqual([]);
  cluster.deliver("n2", "n1", "ReplicaPutReply");
  expect(valuesOf(get.object)).toEqual(["milk", "tea"]);
});

test("what is held, but not yet on disk, does not count: the reply waits for that too", () => {
  // A reader must not be told what a power cut takes back.
  const cluster = new Cluster();
  cluster.put("n1", key, "tea");
  cluster.deliver("n1", "n2");
  cluster.deliver("n1", "n3");
  const get = cluster.get("n1", key, blocking);
  cluster.deliver("n1", "n2", "ReplicaGet");
  expect(cluster.inFlight).toEqual([]);
  cluster.sync("n2");
  cluster.deliver("n2", "n1", "ReplicaGetReply");
  expect(get.answers).toEqual([]);
  cluster.sync("n1");
  expect(valuesOf(get.object)).toEqual(["tea"]);
});

test("a converged key is read without a write, and without anything sent but the question", () => {
  // Scenario 28.
  const cluster = failedWrite();
  cluster.get("n1", key, { ...blocking, w: 3 });
  cluster.settle();
  const writes = ["n1", "n2", "n3"].map((node) => cluster.store(node).writingBatches);
  const { replicaPuts } = cluster.status("n2").counters;
  const get = cluster.get("n1", key, blocking);
  expect(cluster.inFlight).toHaveLength(1);
  cluster.settle();
  expect(get.answer).toMatchObject({ kind: "GetReply" });
  expect(["n1", "n2", "n3"].map((node) => cluster.store(node).writingBatches)).toEqual(writes);
  expect(cluster.status("n2").counters).toMatchObject({ replicaPuts });
});

test("with w above r it asks w at once, and a key that nobody has needs no mending", () => {
  const cluster = failedWrite();
  const get = cluster.get("n1", key, { ...blocking, r: 1, w: 3 });
  expect(cluster.inFlight.map(({ to }) => to)).toEqual(["n2", "n3"]);
  cluster.settle();
  expect(get.answer).toMatchObject({ kind: "GetReply" });
  for (const node of ["n1", "n2", "n3"]) expect(valuesOf(cluster.object(node, key))).toEqual(["milk", "tea"]);
  const nothing = cluster.get("n1", "carts/nobody", { ...blocking, r: 1, w: 3 });
  cluster.settle();
  expect(nothing.answer).toMatchObject({ kind: "GetReply", record: undefined });
});

test("a later answer makes the join grow: then that has to be on w replicas", () => {
  const cluster = failedWrite();
  cluster.put("n3", key, "honey", { w: 1 });
  cluster.inFlight.length = 0;
  cluster.sync("n3");
  const get = cluster.get("n1", key, { ...blocking, fanout: "all", w: 2 });
  for (const node of ["n2", "n3"]) cluster.deliver("n1", node, "ReplicaGet");
  for (const node of ["n2", "n3"]) cluster.sync(node);
  cluster.deliver("n2", "n1", "ReplicaGetReply");
  cluster.deliver("n3", "n1", "ReplicaGetReply");
  cluster.deliver("n1", "n2", "ReplicaPut"); // without honey
  cluster.sync("n2");
  cluster.deliver("n2", "n1", "ReplicaPutReply");
  expect(get.answers).toEqual([]);
  cluster.settle();
  expect(valuesOf(get.object)).toEqual(["honey", "milk", "tea"]);
  expect(valuesOf(cluster.object("n2", key))).toEqual(["honey", "milk", "tea"]);
});

describe("when the join cannot be brought to w replicas", () => {
  test("because too few are left: UNAVAILABLE at once", () => {
    // Style §1.3: impossible is said as soon as it is known. A read that failed has promised nothing.
    const cluster = failedWrite();
    const get = cluster.get("n1", key, blocking);
    cluster.deliver("n1", "n2", "ReplicaGet");
    cluster.sync("n2");
    cluster.deliver("n2", "n1", "ReplicaGetReply");
    cluster.sync("n1");
    cluster.crash("n3");
    expect(get.answers).toEqual([]);
    cluster.crash("n2");
    expect(get.answer).toMatchObject({ code: "UNAVAILABLE", outcome: "none", details: { need: 2, got: 1, of: "w" } });
    expect(cluster.status("n1").openRequests).toBe(0);
  });

  test("because one refuses: the next replica is mended in its place", () => {
    const cluster = failedWrite();
    const get = cluster.get("n1", key, blocking);
    cluster.deliver("n1", "n2", "ReplicaGet");
    cluster.sync("n2");
    cluster.deliver("n2", "n1", "ReplicaGetReply");
    cluster.crash("n2");
    cluster.settle();
    expect(valuesOf(get.object)).toEqual(["milk", "tea"]);
    expect(valuesOf(cluster.object("n3", key))).toEqual(["milk", "tea"]);
  });

  test("because this node cannot store it: then w others have to", () => {
    // Design §4.4: a clock far behind lets nothing in.
    const cluster = failedWrite();
    cluster.setWall("n2", -3_600_000);
    const get = cluster.get("n2", key, { ...blocking, w: 2 });
    cluster.settle();
    expect(valuesOf(get.object)).toEqual(["milk", "tea"]);
    expect(valuesOf(cluster.object("n3", key))).toEqual(["milk", "tea"]);
    expect(cluster.get("n2", key, { ...blocking, w: 3 }).answers).toEqual([]);
  });

  test("in time: TIMEOUT at the deadline", () => {
    const cluster = failedWrite();
    const get = cluster.get("n1", key, { ...blocking, timeoutMs: 300 });
    cluster.deliver("n1", "n2", "ReplicaGet");
    cluster.sync("n2");
    cluster.deliver("n2", "n1", "ReplicaGetReply");
    cluster.inFlight.length = 0;
    for (let waited = 0; waited < 290; waited += 10) cluster.tick(10);
    expect(get.answers).toEqual([]);
    cluster.tick(10);
    expect(get.answer).toMatchObject({ code: "TIMEOUT", outcome: "none", details: { need: 2, got: 0, of: "w" } });
  });
});

test("whoever was lost after its answer is not waited for", () => {
  // Design §6.2: it fails as soon as it must. n2 has said its part, is gone, and lacks what n3 brings.
  const cluster = failedWrite();
  const get = cluster.get("n3", key, { ...blocking, r: 3, w: 3 });
  cluster.deliver("n3", "n2");
  cluster.sync("n2");
  cluster.deliver("n2", "n3");
  cluster.linkDown("n2", "n3");
  cluster.settle();
  expect(get.answer).toMatchObject({ code: "UNAVAILABLE", outcome: "none" });
});
