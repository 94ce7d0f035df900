/** node/forward.ts: a request that arrives at a node without a replica of the key (design §3.4, §4.3). n4 is such a node. */
import { describe, expect, test } from "vitest";
import { Cluster, dotsOf, valuesOf } from "./cluster.ts";

const key = "carts/alice";

function fourNodes(): Cluster {
  return new Cluster({ nodes: 4 });
}

describe("a forwarded request", () => {
  test("is coordinated by the first primary, and its answer handed back unchanged", () => {
    // Design §3.4: not in the preference list → forward once.
    const cluster = fourNodes();
    const put = cluster.put("n4", key, "tea");
    expect(cluster.inFlight).toMatchObject([{ from: "n4", to: "n1", message: { kind: "Put" } }]);
    cluster.settle();
    expect(put.answers).toMatchObject([{ kind: "PutReply", id: 0, answered: ["n1", "n2"] }]);
    expect(dotsOf(cluster.object("n3", key))).toEqual(["n1.1:1"]);
    expect(cluster.record("n4", key)).toBeUndefined();
    const get = cluster.get("n4", key);
    cluster.settle();
    expect(valuesOf(get.object)).toEqual(["tea"]);
    expect(get.answer).toMatchObject({ id: 1 });
  });

  test("has the time that is left, not the time that it had", () => {
    // src/messages.ts: time travels as time left.
    const cluster = fourNodes();
    cluster.linkDown("n1", "n4");
    cluster.get("n4", key, { timeoutMs: 500 });
    cluster.tick(200);
    cluster.crash("n2");
    expect(cluster.inFlight).toMatchObject([{ to: "n3", message: { kind: "Get", timeoutMs: 300 } }]);
  });

  test("passes over primaries that cannot be reached", () => {
    // Promise 4: any reachable set of nodes large enough serves the request.
    const cluster = fourNodes();
    cluster.crash("n1");
    const put = cluster.put("n4", key, "tea");
    cluster.settle();
    expect(put.answer).toMatchObject({ kind: "PutReply", answered: ["n2", "n3"] });
  });

  test("goes to one that may be down last", () => {
    // Design §7: liveness says whom to ask first. n1 is linked, and says nothing.
    const cluster = new Cluster({ nodes: 4, tuning: { probeIntervalMs: 100, probeTimeoutMs: 30 } });
    while (cluster.status("n4").members["n1"]!.state !== "suspect") {
      cluster.tick(10);
      while (cluster.inFlight.length > 0) {
        const { from, to } = cluster.inFlight[0]!;
        if (from === "n1" || to === "n1") cluster.drop(from, to);
        else cluster.deliver(from, to);
      }
    }
    cluster.put("n4", key, "tea");
    expect(cluster.inFlight.filter(({ message }) => message.kind === "Put")).toMatchObject([{ to: "n2" }]);
  });

  test("is never forwarded again: a node that is no primary either refuses it", () => {
    // Scenario 11 (riak_kv#1754): acknowledgements get lost over several hops.
    const cluster = new Cluster({ nodes: 5 });
    cluster.put("n4", key, "tea");
    const { message } = cluster.inFlight[0]!;
    cluster.input("n5", { kind: "peer", node: "n4", message });
    expect(cluster.inFlight.at(-1)).toMatchObject({
      from: "n5",
      to: "n4",
      message: { kind: "Failure", code: "UNAVAILABLE", outcome: "none" },
    });
  });

  test("that is refused comes back with the refusal", () => {
    // Design §6.2, §14: the error says what certainly did not happen.
    const cluster = fourNodes();
    const put = cluster.put("n4", key, "tea", { context: new Uint8Array([9]) });
    cluster.settle();
    expect(put.answer).toMatchObject({ code: "BAD_CONTEXT", outcome: "none" });
  });

  test("fails for certain when no primary can be reached", () => {
    // I14: nothing was sent, so nothing can have happened.
    const cluster = fourNodes();
    cluster.isolate("n4");
    expect(cluster.put("n4", key, "tea").answer).toMatchObject({ code: "UNAVAILABLE", outcome: "none" });
    expect(cluster.status("n4").openRequests).toBe(0);
  });
});

describe("a coordinator that is lost", () => {
  test("leaves a put unknown: another coordinator would mint a second identity", () => {
    // Design §4.3: a second coordinator never mints a second identity for it unknowingly.
    const cluster = fourNodes();
    const put = cluster.put("n4", key, "tea");
    cluster.crash("n1");
    expect(put.answer).toMatchObject({ code: "UNAVAILABLE", outcome: "unknown", retryable: true });
    expect(cluster.inFlight).toEqual([]);
  });

  test("lets a get go on to the next primary", () => {
    // node/forward.ts: a get has no effect that could happen twice.
    const cluster = fourNodes();
    const get = cluster.get("n4", key);
    cluster.crash("n1");
    cluster.settle();
    expect(get.answer).toMatchObject({ kind: "GetReply", answered: ["n2", "n3"] });
  });

  test("that is silent: TIMEOUT, and the outcome of a put is unknown", () => {
    // Design §6.2: after a timeout the outcome is unknown.
    const cluster = fourNodes();
    const put = cluster.put("n4", key, "tea", { timeoutMs: 100 });
    const get = cluster.get("n4", key, { timeoutMs: 100 });
    cluster.tick(100);
    expect(put.answer).toMatchObject({ code: "TIMEOUT", outcome: "unknown" });
    expect(get.answer).toMatchObject({ code: "TIMEOUT", outcome: "none" });
  });

  test("answers too late: nobody is told twice", () => {
    // Scenario 12: a late answer is ignored and counted.
    const cluster = fourNodes();
    const put = cluster.put("n4", key, "tea", { deadlineMs: 100 });
    cluster.deliver("n4", "n1");
    cluster.tick(100);
    cluster.settle();
    expect(put.answers).toMatchObject([{ code: "TIMEOUT" }]);
    expect(cluster.status("n4").counters.lateReplies).toBe(1);
  });

  test("is the only one whose answer counts", () => {
    // I12: an answer of somebody else under the same number is not this request's.
    const cluster = fourNodes();
    const put = cluster.put("n4", key, "tea");
    const { id } = cluster.inFlight[0]!.message;
    cluster.input("n4", {
      kind: "peer",
      node: "n2",
      message: { kind: "GetReply", id, record: undefined, effective: new Uint8Array(), answered: [] },
    });
    expect(put.answer).toBeUndefined();
  });
});

test("a retry through a coordinator that has heard of the first try mints no second dot", () => {
  // Scenario 10 with a forwarding node, design §6.5: an operation that is here already is not minted again.
  const cluster = fourNodes();
  cluster.put("n4", key, "tea", { op: 7 });
  cluster.deliver("n4", "n1");
  cluster.deliver("n1", "n2");
  cluster.crash("n1");
  const retry = cluster.put("n4", key, "tea", { op: 7 });
  cluster.settle();
  expect(retry.answer).toMatchObject({ kind: "PutReply" });
  expect(dotsOf(cluster.object("n3", key))).toEqual(["n1.1:1"]);
});
