/** node/read-repair.ts: whoever turns out to lag is sent the join (design §7). */
import { describe, expect, test } from "vitest";
import { ReadRepairs } from "../../node/read-repair.ts";
import { Self } from "../../node/self.ts";
import { defaultTuning } from "../../node/tuning.ts";
import { Partitions } from "../../node/partition.ts";
import { Identity } from "../../node/identity.ts";
import { Versions } from "../../node/versions.ts";
import { Cluster, valuesOf, type Shape } from "./cluster.ts";
import { MemoryStore } from "./memory-store.ts";

function partitionsOf(self: Self): Partitions {
  const versions = new Versions(self, new Identity());
  return new Partitions(
    self,
    versions,
    () => {},
    () => {},
  );
}

const key = "carts/alice";
const nodes = ["n1", "n2", "n3"];

/** n1 holds a write that the others have not heard of, beside one that all have. */
function oneAhead(shape: Shape = {}): Cluster {
  const cluster = new Cluster(shape);
  cluster.put("n1", key, "tea");
  cluster.settle();
  cluster.put("n1", key, "milk", { w: 1 });
  cluster.inFlight.length = 0;
  cluster.settle();
  return cluster;
}

describe("after a get", () => {
  test("the client is answered first, then whoever lags is sent the join", () => {
    // Design §6.1: readRepair async.
    const order: string[] = [];
    const cluster = oneAhead({
      observe: (node, effect) => {
        if (node === "n1" && effect.kind === "reply") order.push("reply");
        if (node === "n1" && effect.kind === "send" && effect.message.kind === "ReplicaPut") order.push(effect.node);
      },
    });
    order.length = 0;
    cluster.get("n1", key);
    cluster.settle();
    expect(order).toEqual(["reply", "n2"]);
    expect(cluster.record("n2", key)).toEqual(cluster.record("n1", key));
    expect(valuesOf(cluster.object("n3", key))).toEqual(["tea"]); // was not asked
  });

  test("a node mends itself too", () => {
    const cluster = oneAhead();
    cluster.get("n2", key);
    cluster.settle();
    expect(cluster.record("n2", key)).toEqual(cluster.record("n1", key));
    expect(cluster.status("n2").counters).toMatchObject({ readRepairs: 1 });
    expect(cluster.status("n1").counters).toMatchObject({ replicaPuts: 0 });
  });

  test("states that have not heard of each other both become the join", () => {
    const cluster = oneAhead();
    cluster.put("n2", key, "honey", { w: 1 });
    cluster.inFlight.length = 0;
    cluster.get("n3", key, { r: 3 });
    cluster.settle();
    for (const node of nodes) expect(valuesOf(cluster.object(node, key))).toEqual(["honey", "milk", "tea"]);
    const writes = nodes.map((node) => cluster.store(node).writingBatches);
    cluster.get("n3", key, { r: 3 });
    cluster.settle();
    expect(nodes.map((node) => cluster.store(node).writingBatches)).toEqual(writes);
  });

  test("tombstones travel like any other write", () => {
    // Design §7: tombstones too.
    const cluster = oneAhead();
    const get = cluster.get("n1", key);
    cluster.settle();
    cluster.put("n1", key, undefined, { w: 1, context: get.token(key) });
    cluster.inFlight.length = 0;
    cluster.settle();
    cluster.get("n3", key);
    cluster.settle();
    expect(valuesOf(cluster.object("n3", key))).toEqual([]);
    expect(cluster.record("n3", key)).toEqual(cluster.record("n1", key));
  });

  test("a replica that has nothing, or has a record that it cannot read, is mended", () => {
    // Design §7: strictly behind or missing it.
    const cluster = oneAhead();
    cluster.forget("n2", key);
    cluster.corrupt("n3", key);
    cluster.get("n1", key, { fanout: "all" });
    cluster.deliverAll();
    // The first put of "tea", and the repair.
    for (const node of ["n2", "n3"]) expect(cluster.status(node).counters).toMatchObject({ replicaPuts: 2 });
    for (const node of nodes) expect(valuesOf(cluster.object(node, key))).toEqual(["milk", "tea"]);
  });

  test("a stand-in is not mended: what it holds it holds for another", () => {
    const cluster = oneAhead({ nodes: 4 });
    cluster.crash("n2");
    cluster.crash("n3");
    const get = cluster.get("n1", key);
    cluster.settle();
    expect(get.answer).toMatchObject({ kind: "GetReply", answered: ["n1", "n4"] });
    expect(cluster.status("n4").counters).toMatchObject({ replicaGets: 1, replicaPuts: 0 });
  });

  test("a node that is refused what it is to store goes on, and says so", () => {
    // Design §4.4: a clock far ahead is not let in by way of a repair either.
    const cluster = new Cluster();
    cluster.setWall("n1", 3_600_000);
    cluster.put("n1", key, "from the future", { w: 1 });
    cluster.inFlight.length = 0;
    cluster.sync("n1");
    const get = cluster.get("n2", key, { r: 3 });
    cluster.settle();
    expect(valuesOf(get.object)).toEqual(["from the future"]);
    expect(cluster.record("n2", key)).toBeUndefined();
    expect(cluster.logs.some(({ event }) => event === "read repair refused")).toBe(true);
  });
});

describe("bounds", () => {
  test("a repair that is not acknowledged is given up, and its room is free again", () => {
    // Scenario 44: bounded memory. 1024 copies may be under way; the next is shed and counted.
    const cluster = oneAhead();
    for (let read = 0; read < 1030; read++) {
      cluster.get("n1", key);
      const question = cluster.inFlight.pop()!;
      const message = {
        kind: "ReplicaGetReply",
        id: question.message.id,
        answer: "absent",
        record: undefined,
      } as const;
      cluster.input("n1", { kind: "peer", node: question.to, message });
    }
    const { readRepairs, readRepairsShed } = cluster.status("n1").counters;
    expect(readRepairs).toBe(1024);
    expect(readRepairsShed).toBeGreaterThanOrEqual(6);
    cluster.inFlight.length = 0;
    cluster.tick(2000);
    cluster.get("n1", key, { fanout: "all" });
    cluster.settle();
    expect(cluster.status("n1").counters["readRepairs"]).toBeGreaterThan(1024);
    expect(cluster.status("n1").openRequests).toBe(0);
  });

  test("while the node is overloaded repairs are shed, and nobody is asked for their sake", () => {
    // Design §7: all background work yields to clients.
    const { ring, options } = new Cluster();
    const now = { monotonicMs: 0, wallMs: 0 };
    const self = new Self(
      { id: "n1", ring, options, tuning: { ...defaultTuning, readRepairShare: 1 } },
      new MemoryStore(),
      now,
    );
    const repairs = new ReadRepairs(self, partitionsOf(self));
    expect(repairs.isTurn()).toBe(true);
    self.isOverloaded = true;
    expect(repairs.isTurn()).toBe(false);
  });

  test.each([
    [0, 0],
    [0.1, 100],
    [0.25, 250],
    [1, 1000],
  ])("a share of %f of a thousand gets is %i, evenly", (readRepairShare, turns) => {
    // Design §6.3, and deterministic: the same seed gives the same run.
    const { ring, options } = new Cluster();
    const now = { monotonicMs: 0, wallMs: 0 };
    const self = new Self(
      { id: "n1", ring, options, tuning: { ...defaultTuning, readRepairShare } },
      new MemoryStore(),
      now,
    );
    const repairs = new ReadRepairs(self, partitionsOf(self));
    let count = 0;
    for (let get = 0; get < 1000; get++) if (repairs.isTurn()) count++;
    expect(count).toBe(turns);
  });
});
