/** node/status.ts: what a node says of itself to people (design §13, `coterie status`). */
import { expect, test } from "vitest";
import { Cluster } from "./cluster.ts";

test("says who it is, what it owns, whom it reaches and what it has done", () => {
  // Design §13: coterie status; counters are since the start of the node.
  const cluster = new Cluster();
  cluster.put("n1", "carts/alice", "tea");
  cluster.settle();
  cluster.put("n1", "carts/alice", "open");
  cluster.get("n1", "carts/alice");
  cluster.put("n1", "carts/alice", "wrong", { w: 9 });
  cluster.linkDown("n1", "n3");
  expect(cluster.status("n1")).toEqual({
    node: "n1",
    replicaId: "6e312e2e2e2e2e2e",
    ring: { epoch: 1, partitions: 1, nodes: 3, owned: 1 },
    links: { n2: "up", n3: "down" },
    members: {
      n1: { state: "alive", incarnation: 0, why: "this node" },
      n2: { state: "alive", incarnation: 0, why: "it answered 0 s ago" },
      n3: { state: "alive", incarnation: 0, why: "it answered 0 s ago" },
    },
    healthMultiplier: 1,
    disk: "ok",
    overloaded: false,
    openRequests: 2,
    hints: { count: 0, bytes: 0, delivered: 0, dropped: 0, targets: {} },
    conflicts: { count: 0, bytes: 0, oldestAgeMs: 0, noted: 0, dropped: 0 },
    counters: {
      gets: 1,
      puts: 2,
      forwards: 0,
      failures: 1,
      replicaGets: 0,
      replicaPuts: 0,
      lateReplies: 0,
      amnesias: 0,
      recoveries: 0,
      badRecords: 0,
      treesRebuilt: 0,
      keysRepairedHere: 0,
      keysRepairedThere: 0,
      antiEntropyBytes: 0,
      tombstonesCollected: 0,
      operationsForgotten: 0,
      hedges: 0,
      hedgesWon: 0,
      readRepairs: 0,
      readRepairsShed: 0,
      merges: 0,
      mergeFailures: 0,
      shed: 0,
    },
    antiEntropy: {
      lastRoundSeconds: { n2: null, n3: null },
      keysRepairedHere: 0,
      keysRepairedThere: 0,
      sentBytes: 0,
      treesReady: 0,
      treesRebuilt: 0,
      freshPartitions: 0,
    },
    scrub: { walks: 0, partitions: 0 },
    leftovers: { tombstonesWaiting: 0, operationsWaiting: 0, confirmed: 0, agreed: 0 },
    latencies: {},
  });
  expect(cluster.status("n2")).toMatchObject({ ring: { owned: 0 }, counters: { replicaPuts: 1 } });
});

test("tells of its partitions when it is asked to", () => {
  // A ring of thousands of partitions would make every status long.
  const cluster = new Cluster({ tuning: { antiEntropyIntervalMs: 1000 }, isFresh: true });
  cluster.tick(10);
  const { answer } = cluster.request("n2", { kind: "Status", id: 0, partitions: true });
  if (answer?.kind !== "StatusReply") throw new Error("a node always answers a Status");
  expect(JSON.parse(answer.status)).toMatchObject({
    partitions: [{ partition: 0, primaries: ["n1", "n2", "n3"], isReady: true, isFresh: true }],
  });
});

test("says how fast the others answer once they were asked, and when it is overloaded", () => {
  // README "Watch it": latencies by peer, and "overloaded" in the table.
  const cluster = new Cluster();
  cluster.put("n1", "carts/alice", "tea");
  cluster.settle();
  cluster.get("n1", "carts/alice");
  cluster.settle();
  const { latencies } = cluster.status("n1") as { latencies: Record<string, unknown> };
  expect(latencies).toEqual({ n2: { meanMs: expect.any(Number), p95Ms: expect.any(Number) } });
  expect(cluster.status("n1")).toMatchObject({ overloaded: false });
  cluster.input("n1", { kind: "tick", queuedBytes: 1024 ** 3, lagMs: 0 });
  expect(cluster.status("n1")).toMatchObject({ overloaded: true });
});
