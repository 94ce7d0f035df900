/** node/hints.ts, with put.ts and holdings.ts: sloppy quorums and hinted handoff (design §6.2, §7; Dynamo §4.6). */
import { describe, expect, test } from "vitest";
import type { NodeStatus } from "../../node/status.ts";
import { Cluster, valuesOf } from "./cluster.ts";

const key = "carts/alice";
const fiveNodes = { nodes: 5 };

function hintsOf(cluster: Cluster, node: string): NodeStatus["hints"] {
  return cluster.status(node).hints;
}

/** Time goes on, a tick at a time, and everything that it gives rise to happens. */
function pass(cluster: Cluster, ms: number): void {
  for (let left = ms; left > 0; left -= 500) {
    cluster.tick(500);
    cluster.settle();
  }
}

describe("a primary that is down", () => {
  test("has a stand-in, which keeps what it misses and hands it over when it is back", () => {
    // Design §7: primaries believed down are replaced by the next live distinct node, tagged with whom it stands for.
    const cluster = new Cluster(fiveNodes);
    cluster.isolate("n3");
    const put = cluster.put("n1", key, "tea", { w: 3 });
    cluster.settle();
    expect(put.answer).toMatchObject({ kind: "PutReply", answered: ["n1", "n2", "n4"] });
    expect(hintsOf(cluster, "n4")).toMatchObject({ count: 1, targets: { n3: { count: 1 } } });
    for (const other of ["n1", "n2", "n4", "n5"]) cluster.linkUp("n3", other);
    pass(cluster, 1000);
    expect(valuesOf(cluster.object("n3", key))).toEqual(["tea"]);
    expect(hintsOf(cluster, "n4")).toMatchObject({ count: 0, bytes: 0, delivered: 1, targets: {} });
  });

  test("has none in a strict request, and its coordinator keeps the hint", () => {
    // Design §6.1: `sloppy: false`. Design §7: every way a replica can fail leads to a hint or to an error.
    const cluster = new Cluster(fiveNodes);
    cluster.isolate("n3");
    const put = cluster.put("n1", key, "tea", { sloppy: false });
    cluster.settle();
    expect(put.answer).toMatchObject({ kind: "PutReply", answered: ["n1", "n2"] });
    expect(hintsOf(cluster, "n1").targets).toHaveProperty("n3");
    expect(hintsOf(cluster, "n4").count).toBe(0);
    expect(cluster.put("n1", key, "milk", { sloppy: false, w: 3 }).answer).toMatchObject({
      code: "UNAVAILABLE",
      outcome: "none",
    });
  });

  test("gets its hint from the coordinator where there is nobody to stand in", () => {
    // Three nodes, n 3: the cluster of the README.
    const cluster = new Cluster();
    cluster.crash("n3");
    cluster.put("n1", key, "tea");
    cluster.settle();
    expect(hintsOf(cluster, "n1").targets).toHaveProperty("n3");
    cluster.restart("n3");
    pass(cluster, 1000);
    expect(valuesOf(cluster.object("n3", key))).toEqual(["tea"]);
  });

  test("does not make a stand-in a primary: pw counts the answers of primaries", () => {
    // Scenario 13 (riak_kv#485): never ok via a fallback.
    const cluster = new Cluster(fiveNodes);
    cluster.isolate("n3");
    expect(cluster.put("n1", key, "tea", { w: 3, pw: 3 }).answer).toMatchObject({
      code: "UNAVAILABLE",
      outcome: "none",
    });
    const put = cluster.put("n1", key, "tea", { w: 3, pw: 2 });
    cluster.settle();
    expect(put.answer).toMatchObject({ kind: "PutReply" });
  });
});

describe("a primary that fails in the middle", () => {
  test("is replaced while the request is pending", () => {
    const cluster = new Cluster(fiveNodes);
    const put = cluster.put("n1", key, "tea", { w: 3 });
    cluster.isolate("n3");
    cluster.settle();
    expect(put.answer).toMatchObject({ kind: "PutReply", answered: ["n1", "n2", "n4"] });
    expect(hintsOf(cluster, "n4").targets).toHaveProperty("n3");
  });

  test("is replaced no sooner than the write may leave", () => {
    // Design §4.4: no timestamp leaves before a bound above it is on disk; whoever has been idle has none for its next write.
    const cluster = new Cluster(fiveNodes);
    cluster.tick(5000);
    cluster.put("n1", key, "tea", { w: 3 });
    cluster.linkDown("n1", "n3");
    expect(cluster.inFlight).toEqual([]);
    cluster.sync("n1");
    expect(cluster.inFlight.map(({ to }) => to)).toEqual(["n2", "n4"]);
  });

  test.each([
    ["says nothing for a second after the answer", (cluster: Cluster): void => cluster.drop("n1", "n3")],
    ["loses its link after the answer", (cluster: Cluster): void => cluster.isolate("n3")],
  ])("and %s, is kept a hint for", (_, fail) => {
    // Scenario 45: each class of failure leads to a hint or to an error, never to silent n − 1.
    const cluster = new Cluster();
    const put = cluster.put("n1", key, "tea");
    cluster.deliver("n1", "n2");
    cluster.sync("n2");
    cluster.sync("n1");
    cluster.deliver("n2", "n1");
    expect(put.answer).toMatchObject({ kind: "PutReply" });
    fail(cluster);
    cluster.tick(1500);
    cluster.settle();
    expect(hintsOf(cluster, "n1").targets).toHaveProperty("n3");
  });

  test("and refuses, is kept a hint for", () => {
    // Scenario 45. n3's clock is far behind: it takes no timestamp of now.
    const cluster = new Cluster();
    cluster.setWall("n3", -60_000);
    const put = cluster.put("n1", key, "tea");
    cluster.settle();
    expect(put.answer).toMatchObject({ kind: "PutReply", answered: ["n1", "n2"] });
    expect(hintsOf(cluster, "n1").targets).toHaveProperty("n3");
    cluster.setWall("n3", 0);
    pass(cluster, 2000);
    expect(valuesOf(cluster.object("n3", key))).toEqual(["tea"]);
  });

  test("a request that has failed leaves hints too: it may have happened, so it shall happen everywhere", () => {
    const cluster = new Cluster();
    const put = cluster.put("n1", key, "tea", { w: 3 });
    cluster.drop("n1", "n2");
    cluster.drop("n1", "n3");
    cluster.settle();
    cluster.tick(6000);
    expect(put.answer).toMatchObject({ code: "TIMEOUT", outcome: "unknown" });
    pass(cluster, 1500);
    expect(valuesOf(cluster.object("n3", key))).toEqual(["tea"]);
  });

  test("nobody keeps a hint for itself, however slow its own disk is", () => {
    // CASSANDRA-3440 (scenario 44); seed 192.
    const cluster = new Cluster({ nodes: 1, options: { defaults: { n: 1 } } });
    cluster.put("n1", key, "tea");
    cluster.tick(2000);
    cluster.settle();
    expect(hintsOf(cluster, "n1").count).toBe(0);
  });
});

describe("a hint", () => {
  test("survives the restart of its holder, and of its target", () => {
    // Scenario 15 (riak_core#154): restart the holder after the target is back → drained. I7: what is acknowledged is durable.
    const cluster = new Cluster(fiveNodes);
    cluster.crash("n3");
    cluster.put("n1", key, "tea", { w: 3 });
    cluster.settle();
    cluster.crash("n4");
    cluster.restart("n3");
    cluster.restart("n4");
    pass(cluster, 1500);
    expect(valuesOf(cluster.object("n3", key))).toEqual(["tea"]);
    expect(hintsOf(cluster, "n4")).toMatchObject({ count: 0, bytes: 0 });
  });

  test("is counted after a restart, before its target is back", () => {
    const cluster = new Cluster(fiveNodes);
    cluster.crash("n3");
    for (const name of ["a", "b", "c"]) cluster.put("n1", `carts/${name}`, "tea", { w: 3 });
    cluster.settle();
    const before = hintsOf(cluster, "n4");
    cluster.crash("n4");
    cluster.restart("n4");
    pass(cluster, 500);
    expect(hintsOf(cluster, "n4").bytes).toBe(before.bytes);
    expect(hintsOf(cluster, "n4").count).toBe(3);
  });

  test("is joined per key: many writes to one key are one hint", () => {
    // Design §7: hint = (target, partition, key) → joined object.
    const cluster = new Cluster();
    cluster.crash("n3");
    cluster.put("n1", key, "tea");
    cluster.settle();
    cluster.put("n1", key, "milk");
    cluster.settle();
    expect(hintsOf(cluster, "n1").count).toBe(1);
    cluster.restart("n3");
    pass(cluster, 1000);
    expect(valuesOf(cluster.object("n3", key))).toEqual(["milk", "tea"]);
  });

  test("that grew while it was on its way stays, and goes again", () => {
    // I8: a hint is removed only after a durable acknowledgement that covers it.
    const cluster = new Cluster();
    cluster.linkDown("n1", "n3");
    const first = cluster.put("n1", key, "tea");
    cluster.settle();
    cluster.linkUp("n1", "n3");
    cluster.tick(500);
    cluster.linkDown("n1", "n3");
    cluster.put("n1", key, "milk", { context: first.context });
    cluster.linkUp("n1", "n3");
    pass(cluster, 3000);
    expect(valuesOf(cluster.object("n3", key))).toEqual(["milk"]);
    expect(hintsOf(cluster, "n1").count).toBe(0);
  });

  test("that is not acknowledged stays", () => {
    const cluster = new Cluster();
    cluster.crash("n3");
    cluster.put("n1", key, "tea");
    cluster.settle();
    cluster.restart("n3");
    cluster.tick(500);
    cluster.deliver("n1", "n3");
    cluster.crash("n3");
    cluster.settle();
    expect(hintsOf(cluster, "n1").count).toBe(1);
  });

  test("is dropped and counted when it is too old", () => {
    // Design §7: bounded by bytes and age; past the bound it is dropped, counted, and anti-entropy takes over.
    const cluster = new Cluster({ tuning: { hintAgeMsMax: 10_000 } });
    cluster.crash("n3");
    cluster.put("n1", key, "tea");
    cluster.settle();
    pass(cluster, 9000);
    expect(hintsOf(cluster, "n1")).toMatchObject({ count: 1, dropped: 0 });
    pass(cluster, 3000);
    expect(hintsOf(cluster, "n1")).toMatchObject({ count: 0, bytes: 0, dropped: 1 });
  });

  test("that is too old and perhaps all that there is goes to another primary first", () => {
    // I1: an acknowledged write is never lost. Both copies of it are hints, and n1, for which one is kept, does not come back.
    const cluster = new Cluster({ ...fiveNodes, tuning: { hintAgeMsMax: 10_000 } });
    for (const primary of ["n1", "n2", "n3"]) cluster.crash(primary);
    const put = cluster.put("n4", key, "tea");
    cluster.settle();
    expect(put.answer).toMatchObject({ kind: "PutReply", answered: ["n4", "n5"] });
    pass(cluster, 20_000);
    expect(hintsOf(cluster, "n4")).toMatchObject({ count: 2, dropped: 0 });
    cluster.restart("n3");
    pass(cluster, 70_000);
    expect(valuesOf(cluster.object("n3", key))).toEqual(["tea"]);
    expect(hintsOf(cluster, "n4")).toMatchObject({ count: 0, bytes: 0, delivered: 1, dropped: 1, targets: {} });
    expect(hintsOf(cluster, "n5")).toMatchObject({ count: 0, bytes: 0, dropped: 1, targets: {} });
  });

  test("that comes while the others are walked grows old with them", () => {
    // The walk takes several ticks; what is added behind it must not be taken for younger than everything.
    const cluster = new Cluster({ tuning: { hintAgeMsMax: 10_000 } });
    cluster.crash("n3");
    for (let at = 0; at < 300; at++) cluster.put("n1", `b/${at}`, "tea");
    cluster.settle();
    cluster.tick(11_000);
    cluster.put("n1", "a/1", "tea");
    cluster.settle();
    cluster.tick(10);
    expect(hintsOf(cluster, "n1")).toMatchObject({ count: 1, dropped: 300 });
    pass(cluster, 12_000);
    expect(hintsOf(cluster, "n1")).toMatchObject({ count: 0, bytes: 0, dropped: 301 });
  });

  test("for which there is no room is dropped and counted, and fails no write", () => {
    // Design §7: a hint never fails a foreground write.
    const cluster = new Cluster({ tuning: { hintBytesMax: 10 } });
    cluster.crash("n3");
    const put = cluster.put("n1", key, "tea");
    cluster.settle();
    expect(put.answer).toMatchObject({ kind: "PutReply" });
    expect(hintsOf(cluster, "n1")).toMatchObject({ count: 0, dropped: 1 });
  });

  test("that a stand-in has no room for is no vote", () => {
    const cluster = new Cluster({ ...fiveNodes, tuning: { hintBytesMax: 10 } });
    cluster.crash("n3");
    const put = cluster.put("n1", key, "tea", { w: 3 });
    cluster.settle();
    expect(put.answer).toMatchObject({ kind: "Failure", code: "UNAVAILABLE", outcome: "unknown" });
  });
});
