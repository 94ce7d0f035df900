/** node/get.ts: design §6.3. */
import { describe, expect, test } from "vitest";
import { decodeFrame, encodeFrame } from "../../src/codec.ts";
import { digestOf } from "../../src/record.ts";
import { contextOf } from "../../src/causal-context.ts";
import type { ReplicaGetReply } from "../../src/messages.ts";
import { Cluster, dotsOf, valuesOf, type Shape } from "./cluster.ts";

const key = "carts/alice";

/** A cluster whose three replicas hold the same. */
function converged(shape: Shape = {}): Cluster {
  const cluster = new Cluster(shape);
  cluster.put("n1", key, "tea");
  cluster.settle();
  return cluster;
}

/** n1 and n2 hold a write each that the other replicas have not heard of. */
function diverged(): Cluster {
  const cluster = new Cluster();
  for (const node of ["n1", "n2"]) cluster.put(node, key, `of ${node}`, { w: 1 });
  cluster.inFlight.length = 0;
  cluster.settle();
  return cluster;
}

function repliesTo(cluster: Cluster, node: string): ReplicaGetReply[] {
  return cluster.inFlight.filter(({ to }) => to === node).map(({ message }) => message as ReplicaGetReply);
}

describe("answers of replicas", () => {
  test("the same state is a few bytes: no value travels twice", () => {
    // Design §6.3: a replica with the same digest answers `same`.
    const cluster = converged();
    const get = cluster.get("n1", key);
    expect(cluster.inFlight[0]!.message).toMatchObject({
      kind: "ReplicaGet",
      have: digestOf(cluster.record("n1", key)!),
    });
    cluster.deliver("n1", "n2");
    expect(repliesTo(cluster, "n1")).toMatchObject([{ answer: "same", record: undefined }]);
    cluster.deliver("n2", "n1");
    expect(get.answer).toMatchObject({ kind: "GetReply", record: cluster.record("n1", key), answered: ["n1", "n2"] });
  });

  test("the reply is the join of two states that differ", () => {
    // Design §6.3: the reply is the join.
    const cluster = diverged();
    const get = cluster.get("n1", key);
    cluster.deliver("n1", "n2");
    expect(repliesTo(cluster, "n1")).toMatchObject([{ answer: "record" }]);
    cluster.deliver("n2", "n1");
    expect(valuesOf(get.object)).toEqual(["of n1", "of n2"]);
    expect(dotsOf(get.object)).toEqual(["n1.1:1", "n2.1:1"]);
  });

  test("a node that has nothing of its own hands on what it is given", () => {
    // Design §6.3 and §15: records are sent as the stored bytes.
    const cluster = diverged();
    const get = cluster.get("n3", key, { r: 3 });
    cluster.settle();
    expect(valuesOf(get.object)).toEqual(["of n1", "of n2"]);
    const one = cluster.get("n3", key, { r: 2 });
    cluster.deliverAll();
    expect((one.answer as { record: Uint8Array }).record).toEqual(cluster.record("n1", key));
  });

  test("absent is an answer, and absent everywhere is no record", () => {
    // Design §6.3: "not found" counts from a primary that is not missing a record.
    const cluster = new Cluster();
    const get = cluster.get("n1", key);
    cluster.deliver("n1", "n2");
    expect(repliesTo(cluster, "n1")).toMatchObject([{ answer: "absent" }]);
    cluster.settle();
    expect(get.answer).toMatchObject({ kind: "GetReply", record: undefined, answered: ["n1", "n2"] });
  });

  test("a tombstone is hidden, and its context comes with the reply", () => {
    // Design §4.2: reads hide tombstones but return the context.
    const cluster = converged();
    const read = cluster.get("n1", key);
    cluster.settle();
    const gone = cluster.put("n1", key, "x");
    cluster.settle();
    cluster.put("n1", key, undefined, { context: gone.context });
    cluster.settle();
    const get = cluster.get("n2", key);
    cluster.settle();
    expect(valuesOf(get.object)).toEqual(["tea"]);
    expect(get.object.context).toEqual(
      contextOf([1, 2, 3].map((counter) => ({ actor: read.object.siblings[0]!.dot.actor, counter }))),
    );
  });

  test("with `head` the values stay where they are", () => {
    // Design §6.1: head, get returns metadata only.
    const cluster = converged();
    const get = cluster.get("n1", key, { head: true });
    cluster.settle();
    expect(valuesOf(get.object)).toEqual([""]);
    expect(get.object.context).toEqual(cluster.object("n1", key).context);
  });

  test("reading a converged key writes nothing and asks no more than r", () => {
    // Scenario 28, riak_kv#334: a read of a converged key does no writes.
    const cluster = converged();
    const before = ["n1", "n2", "n3"].map((node) => cluster.store(node).writingBatches);
    for (let read = 0; read < 100; read++) cluster.get(`n${(read % 3) + 1}`, key);
    // Every tenth get of a node asks all: 34, 33 and 33 gets, so three times each.
    expect(cluster.inFlight).toHaveLength(100 + 9);
    cluster.deliverAll();
    expect(cluster.status("n1").counters).toMatchObject({ replicaPuts: 0, readRepairs: 0 });
    cluster.settle();
    expect(["n1", "n2", "n3"].map((node) => cluster.store(node).writingBatches)).toEqual(before);
  });
});

describe("a record that cannot be read", () => {
  test("at the coordinator is no vote, never `absent`, and is fetched again", () => {
    // Design §4.2: a record that fails its checksum is missing, not absent.
    const cluster = converged();
    cluster.corrupt("n1", key);
    const get = cluster.get("n1", key);
    expect(cluster.inFlight.filter(({ message }) => message.kind === "ReplicaGet")).toHaveLength(4);
    cluster.settle();
    expect(get.answer).toMatchObject({ kind: "GetReply", answered: ["n2", "n3"] });
    expect(valuesOf(get.object)).toEqual(["tea"]);
    expect(valuesOf(cluster.object("n1", key))).toEqual(["tea"]);
  });

  test("at a replica is answered `missing`, and the next one is asked", () => {
    // Design §4.2 and §6.3: a replica that is missing a record never votes "not found".
    const cluster = converged();
    cluster.corrupt("n2", key);
    const get = cluster.get("n1", key);
    cluster.deliver("n1", "n2");
    expect(repliesTo(cluster, "n1")).toMatchObject([{ answer: "missing" }, { kind: "ReplicaGet" }]);
    cluster.settle();
    expect(get.answer).toMatchObject({ kind: "GetReply", answered: ["n1", "n3"] });
    expect(valuesOf(cluster.object("n2", key))).toEqual(["tea"]);
  });

  test("leaves too few replicas for r, and then the get fails at once", () => {
    // I12: a replica that cannot know does not vote.
    const cluster = converged();
    cluster.corrupt("n1", key);
    const get = cluster.get("n1", key, { r: 3 });
    expect(get.answer).toMatchObject({ code: "UNAVAILABLE", outcome: "none", details: { need: 3, of: "r" } });
  });

  test("from a peer is no answer", () => {
    // Design §13: foreign bytes are checked; a broken record is not joined and not counted.
    const cluster = diverged();
    const get = cluster.get("n1", key);
    const broken = cluster.record("n2", key)!.slice();
    broken[20]! ^= 1;
    const { id } = cluster.inFlight[0]!.message;
    cluster.input("n1", {
      kind: "peer",
      node: "n2",
      message: { kind: "ReplicaGetReply", id, answer: "record", record: broken },
    });
    expect(get.answer).toBeUndefined();
    expect(cluster.inFlight.map(({ to }) => to)).toEqual(["n2", "n3"]);
    expect(cluster.logs.at(-1)).toMatchObject({ event: "bad record from peer" });
  });
});

describe("too few replicas", () => {
  test("known beforehand: UNAVAILABLE at once", () => {
    // Style §1.3: impossible is said as soon as it is known.
    const cluster = converged();
    cluster.isolate("n1");
    expect(cluster.get("n1", key).answer).toMatchObject({
      code: "UNAVAILABLE",
      outcome: "none",
      details: { need: 2, got: 1, of: "r" },
    });
    expect(cluster.get("n1", key, { r: 1 }).answer).toMatchObject({ kind: "GetReply" });
  });

  test("found out while waiting: UNAVAILABLE at once", () => {
    // Style §1.3: impossible is said as soon as it is known.
    const cluster = converged();
    const get = cluster.get("n1", key);
    cluster.crash("n2");
    expect(get.answer).toBeUndefined();
    cluster.crash("n3");
    expect(get.answer).toMatchObject({ code: "UNAVAILABLE", outcome: "none" });
  });

  test("in time: TIMEOUT at the deadline", () => {
    // Design §6.1: timeoutMs is an absolute deadline.
    const cluster = converged();
    const get = cluster.get("n1", key, { timeoutMs: 200 });
    for (let waited = 0; waited < 190; waited += 10) cluster.tick(10);
    expect(get.answer).toBeUndefined();
    cluster.tick(10);
    expect(get.answer).toMatchObject({ code: "TIMEOUT", outcome: "none", retryable: true });
  });

  test("pr is counted on answers: primaries that look alive and are silent do not make it", () => {
    // Scenario 13, riak_kv#485.
    const cluster = converged();
    const get = cluster.get("n1", key, { r: 2, pr: 2, timeoutMs: 100 });
    cluster.drop("n1", "n2");
    cluster.tick(100);
    expect(get.answer).toMatchObject({ code: "TIMEOUT", details: { got: 1 } });
  });
});

describe("not found", () => {
  test("is never said on the word of a stand-in", () => {
    // Design §6.3: a fallback that just started knows nothing.
    const cluster = converged({ nodes: 5 });
    for (const node of ["n2", "n3"]) cluster.crash(node);
    const get = cluster.get("n1", "carts/nobody");
    cluster.settle();
    expect(get.answer).toMatchObject({ code: "UNAVAILABLE", details: { of: "r", need: 2, got: 1 } });
    expect(get.answer).toHaveProperty("message", expect.stringContaining("n4 has nothing, but only stands in for n"));
  });

  test("in a new cluster takes all three, and is said then", () => {
    // All that can be known is known once every primary has said what it holds.
    const cluster = new Cluster({ isFresh: true });
    const get = cluster.get("n1", key);
    expect(cluster.inFlight.map(({ to }) => to)).toEqual(["n2", "n3"]);
    cluster.deliver("n1", "n2");
    cluster.deliver("n2", "n1");
    expect(get.answer).toBeUndefined();
    cluster.settle();
    expect(get.answer).toMatchObject({ kind: "GetReply", record: undefined, answered: ["n1", "n2", "n3"] });
    cluster.crash("n3");
    const lost = cluster.get("n1", key);
    cluster.settle();
    expect(lost.answer).toMatchObject({ code: "UNAVAILABLE" });
    expect(lost.answer).toHaveProperty("message", expect.stringContaining("has not caught up"));
  });

  test("is said by the two others when one has lost its disk", () => {
    const cluster = converged();
    cluster.crash("n2");
    cluster.replaceDisk("n2");
    cluster.restart("n2");
    const get = cluster.get("n1", "carts/nobody");
    cluster.deliver("n1", "n2");
    expect(repliesTo(cluster, "n1")).toMatchObject([{ answer: "fresh" }]);
    cluster.deliver("n2", "n1");
    expect(cluster.inFlight.map(({ to }) => to)).toEqual(["n3"]);
    cluster.settle();
    expect(get.answer).toMatchObject({ kind: "GetReply", record: undefined });
  });

  test("a replica whose disk was lost does not vote that there is nothing", () => {
    // Design §6.3: "not found" counts only from a primary that is not fresh. An acknowledged write on n1 and n2, then n2 gets an
    // empty disk: n2 and n3 together would answer that the key was never written.
    const cluster = new Cluster();
    const put = cluster.put("n1", key, "acknowledged");
    cluster.drop("n1", "n3");
    cluster.settle();
    expect(put.answer).toMatchObject({ kind: "PutReply", answered: ["n1", "n2"] });
    cluster.crash("n2");
    cluster.replaceDisk("n2");
    cluster.restart("n2");
    cluster.isolate("n1");
    const get = cluster.get("n3", key);
    cluster.settle();
    expect(get.answer).toMatchObject({ code: "UNAVAILABLE", outcome: "none" });
  });
});

test.each(["n1", "n4"])("a deadline that no tick has seen yet is sent as no time left, not as less: at %s", (node) => {
  // Design §13: a frame that does not decode closes the link, with everything else that is under way on it.
  const cluster = new Cluster({ nodes: 4 });
  cluster.put("n1", key, "tea");
  cluster.settle();
  cluster.get(node, key, { timeoutMs: 20, deadlineMs: 20 });
  const instant = cluster.instant.bind(cluster);
  cluster.instant = (of) => ({ ...instant(of), monotonicMs: instant(of).monotonicMs + 25 });
  cluster.linkDown(node, node === "n1" ? "n2" : "n1");
  expect(cluster.inFlight.length).toBeGreaterThan(0);
  for (const { message } of cluster.inFlight) expect(decodeFrame(encodeFrame([message]))).toHaveLength(1);
});

test.each(["ReplicaGet", "ReplicaPut"] as const)(
  "a %s with what is no key of this node's is refused, and crashes no node",
  (kind) => {
    // Design §14: foreign bytes never crash a node; LMDB takes keys of 1,978 bytes.
    const cluster = new Cluster();
    for (const bad of [new Uint8Array(3000).fill(97), new Uint8Array(0), Uint8Array.of(98, 0)]) {
      const shared = { id: 7, key: bad, timeoutMs: 1000 };
      const message =
        kind === "ReplicaGet"
          ? ({ ...shared, kind, have: undefined, durable: false } as const)
          : ({ ...shared, kind, record: new Uint8Array(30), early: false, standsFor: undefined } as const);
      cluster.input("n1", { kind: "peer", node: "n2", message });
    }
    const answers = cluster.inFlight.map(({ message }) => message);
    expect(answers).toHaveLength(3);
    for (const answer of answers) expect(answer).toMatchObject({ kind: "Failure", id: 7, outcome: "none" });
  },
);
