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
    disk: "ok",
    openRequests: 2,
    counters: {
      gets: 1,
      puts: 2,
      forwards: 0,
      failures: 1,
      replicaGets: 0,
      replicaPuts: 0,
      lateReplies: 1,
      amnesias: 0,
      recoveries: 0,
      badRecords: 0,
      shed: 0,
    },
  });
  expect(cluster.status("n2")).toMatchObject({ ring: { owned: 0 }, counters: { replicaPuts: 1 } });
});
