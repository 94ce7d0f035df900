/** node/get.ts: who is asked, when, and who in the place of whom (design §6.3, §7). */
import { describe, expect, test } from "vitest";
import { Cluster, valuesOf, type Choice, type Shape } from "./cluster.ts";

const key = "carts/alice";

/** A cluster whose three replicas hold the same. */
function converged(shape: Shape = {}): Cluster {
  const cluster = new Cluster(shape);
  cluster.put("n1", key, "tea");
  cluster.settle();
  return cluster;
}

describe("who is asked", () => {
  test.each<[string, Choice, string[]]>([
    ["r replicas with fanout quorum", {}, ["n2"]],
    ["nobody else with r 1", { r: 1 }, []],
    ["all n with fanout all", { fanout: "all" }, ["n2", "n3"]],
    ["only the first n of the list", { n: 2, fanout: "all" }, ["n2"]],
  ])("%s", (_, choice, asked) => {
    // Design §6.1: fanout, and n as the first n of the preference list.
    const cluster = converged();
    cluster.get("n1", key, choice);
    expect(cluster.inFlight.map(({ to }) => to)).toEqual(asked);
  });

  test("the next one, when a replica is lost", () => {
    // Design §6.3 and node/get.ts: a replica fails, ask the next one.
    const cluster = converged();
    const get = cluster.get("n1", key);
    cluster.crash("n2");
    expect(cluster.inFlight.map(({ to }) => to)).toEqual(["n3"]);
    cluster.settle();
    expect(get.answer).toMatchObject({ kind: "GetReply", answered: ["n1", "n3"] });
  });

  test("nobody new, when a replica is lost that was not asked", () => {
    // node/get.ts: only a replica that was asked is replaced.
    const cluster = converged();
    cluster.get("n1", key);
    cluster.crash("n3");
    expect(cluster.inFlight.map(({ to }) => to)).toEqual(["n2"]);
  });

  test("one more, when one is slow: a hedge", () => {
    // Design §6.3: when a replica is slower than its own p95, ask one more. Of one that never answered nothing is known: 50 ms.
    const cluster = converged({ tuning: { hedgeShare: 1 } });
    const get = cluster.get("n1", key);
    cluster.drop("n1", "n2");
    cluster.tick(40);
    expect(cluster.inFlight).toEqual([]);
    cluster.tick(10);
    expect(cluster.inFlight.map(({ to }) => to)).toEqual(["n3"]);
    cluster.settle();
    expect(get.answer).toMatchObject({ kind: "GetReply", answered: ["n1", "n3"] });
    expect(cluster.status("n1").counters).toMatchObject({ hedges: 1, hedgesWon: 1 });
  });

  test("no hedge that the slow one was faster than has won", () => {
    // A figure that people steer by must not flatter.
    const cluster = converged({ tuning: { hedgeShare: 1 } });
    const get = cluster.get("n1", key);
    cluster.tick(50);
    cluster.deliver("n1", "n2");
    cluster.settle();
    expect(get.answer).toMatchObject({ answered: ["n1", "n2"] });
    expect(cluster.status("n1").counters).toMatchObject({ hedges: 1, hedgesWon: 0 });
  });

  test("at most hedgeShare of all gets hedge, and a silent replica is replaced all the same", () => {
    // Design §6.3: at most 5 % extra requests. 200 ms without a word are no hedge but a failure.
    const cluster = converged();
    for (let gets = 0; gets < 40; gets++) cluster.get("n1", key, { fanout: "quorum", readRepair: "off" });
    cluster.inFlight.length = 0;
    for (let waited = 0; waited < 190; waited += 10) cluster.tick(10);
    expect(cluster.inFlight).toHaveLength(2);
    expect(cluster.status("n1").counters).toMatchObject({ hedges: 2 });
    cluster.tick(10);
    expect(cluster.inFlight.map(({ to }) => to)).toEqual(Array(40).fill("n3"));
    cluster.settle();
    expect(cluster.status("n1")).toMatchObject({ openRequests: 0, counters: { hedges: 2, failures: 0 } });
  });

  test("the silent one last, from then on", () => {
    // Design §7: per-peer latency orders who is asked first. It has not been declared down, and its answers are not in.
    const cluster = converged();
    cluster.get("n1", key);
    cluster.drop("n1", "n2");
    cluster.tick(20);
    cluster.get("n1", key);
    expect(cluster.inFlight.map(({ to }) => to)).toEqual(["n3"]);
  });

  test("all n, every tenth time, and the reply does not wait for them", () => {
    // Design §6.3: now and then ask all n, so that repair sees the whole list.
    const cluster = converged();
    const asked = Array.from({ length: 20 }, () => {
      const get = cluster.get("n1", key, { r: 1 });
      expect(get.answer).toMatchObject({ kind: "GetReply", answered: ["n1"] });
      const nodes = cluster.inFlight.map(({ to }) => to).join();
      cluster.settle();
      return nodes;
    });
    expect(asked).toEqual(Array.from({ length: 20 }, (_, at) => (at % 10 === 9 ? "n2,n3" : "")));
    expect(cluster.status("n1")).toMatchObject({ openRequests: 0, counters: { lateReplies: 0 } });
  });

  test("the late answer of a slow one counts too", () => {
    // Style §1.4: nodes count, not answers; the first r distinct ones make the quorum.
    const cluster = converged();
    const get = cluster.get("n1", key, { r: 3 });
    cluster.deliver("n1", "n2");
    cluster.tick(60);
    cluster.settle();
    expect(get.answers).toHaveLength(1);
    expect(get.answer).toMatchObject({ answered: ["n1", "n2", "n3"] });
  });
});

describe("stand-ins", () => {
  test("take the place of primaries that cannot be reached, and are told of no primary", () => {
    // Design §6.1, §7: sloppy quorum. Beside the record that n1 has, "absent" of n4 is an answer.
    const cluster = converged({ nodes: 5 });
    cluster.crash("n2");
    cluster.crash("n3");
    const get = cluster.get("n1", key);
    expect(cluster.inFlight.map(({ to }) => to)).toEqual(["n4"]);
    cluster.settle();
    expect(get.answer).toMatchObject({ kind: "GetReply", answered: ["n1", "n4"] });
    expect(valuesOf(get.object)).toEqual(["tea"]);
  });

  test("take over in the middle too, when too few are left, and for each other", () => {
    const cluster = converged({ nodes: 5 });
    const get = cluster.get("n1", key, { r: 3 });
    cluster.crash("n2");
    expect(cluster.inFlight.map(({ to }) => to)).toEqual(["n3", "n4"]);
    cluster.crash("n4");
    expect(cluster.inFlight.map(({ to }) => to)).toEqual(["n3", "n5"]);
    cluster.settle();
    expect(get.answer).toMatchObject({ kind: "GetReply", answered: ["n1", "n3", "n5"] });
  });

  test("are asked in the place of one that is silent, and its late answer counts all the same", () => {
    const cluster = converged({ nodes: 5 });
    const get = cluster.get("n1", key, { r: 3 });
    cluster.deliver("n1", "n3");
    cluster.deliver("n3", "n1");
    cluster.tick(190);
    cluster.tick(10);
    expect(cluster.inFlight.map(({ to }) => to)).toEqual(["n2", "n4"]);
    cluster.settle();
    expect(get.answer).toMatchObject({ kind: "GetReply", answered: ["n1", "n2", "n3"] });
  });

  test("what they hold is part of the answer", () => {
    // A write that went to fallbacks must be found by a sloppy read.
    const cluster = converged({ nodes: 5 });
    cluster.put("n1", "carts/bob", "of n4", { w: 1 });
    cluster.inFlight.length = 0;
    cluster.sync("n1");
    const record = cluster.record("n1", "carts/bob")!;
    cluster.forget("n1", "carts/bob");
    for (const node of ["n2", "n3"]) cluster.crash(node);
    const get = cluster.get("n1", "carts/bob");
    const { id } = cluster.inFlight.pop()!.message;
    cluster.input("n1", {
      kind: "peer",
      node: "n4",
      message: { kind: "ReplicaGetReply", id, answer: "record", record },
    });
    expect(valuesOf(get.object)).toEqual(["of n4"]);
    expect(get.answer).toMatchObject({ answered: ["n1", "n4"] });
  });

  test.each<[string, Choice, object]>([
    ["do not count towards pr", { pr: 2 }, { need: 2, got: 1 }],
    ["are not asked in a strict get", { sloppy: false }, { of: "r", need: 2, got: 1 }],
  ])("%s", (_, choice, details) => {
    // Design §6.1, scenario 13: pr is counted on the answers, strict requests have no fallbacks.
    const cluster = converged({ nodes: 5 });
    for (const node of ["n2", "n3"]) cluster.crash(node);
    const get = cluster.get("n1", key, choice);
    cluster.settle();
    expect(get.answer).toMatchObject({ code: "UNAVAILABLE", outcome: "none", details });
    const one = cluster.get("n1", key, { pr: 1 });
    cluster.settle();
    expect(one.answer).toMatchObject({ kind: "GetReply" });
  });
});
