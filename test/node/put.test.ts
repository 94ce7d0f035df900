/** node/put.ts: design §6.2, §3.4, §14; and the scenarios of scenarios.md §4 that live in a put. */
import { describe, expect, test } from "vitest";
import { decodeToken, encodeToken } from "../../src/token.ts";
import { decodeEffective } from "../../src/option-codec.ts";
import { hashKey } from "../../src/key.ts";
import { compareTimestamps } from "../../src/timestamp.ts";
import type { PutReply } from "../../src/messages.ts";
import { Cluster, dotsOf, keyOf, valuesOf } from "./cluster.ts";

const key = "carts/alice";

describe("an acknowledgement", () => {
  test("comes only once w replicas have the write on disk", () => {
    // Design §6.1: dw is w by default. §3.2: what stands in a batch's `then` runs after that batch is durable.
    const cluster = new Cluster();
    const put = cluster.put("n1", key, "tea");
    cluster.deliver("n1", "n2");
    cluster.deliver("n1", "n3");
    expect(cluster.inFlight).toEqual([]);
    cluster.sync("n1");
    expect(put.answer).toBeUndefined();
    cluster.sync("n2");
    expect(put.answer).toBeUndefined();
    cluster.deliver("n2", "n1");
    expect(put.answer).toMatchObject({ kind: "PutReply", answered: ["n1", "n2"] });
  });

  test("needs no disk of the coordinator, if w others have it", () => {
    // Design §6.2: distinct nodes are tallied; the coordinator is one of them, not a special one.
    const cluster = new Cluster();
    const put = cluster.put("n1", key, "tea");
    for (const peer of ["n2", "n3"]) {
      cluster.deliver("n1", peer);
      cluster.sync(peer);
      cluster.deliver(peer, "n1");
    }
    expect(put.answer).toMatchObject({ kind: "PutReply", answered: ["n2", "n3"] });
  });

  test("is given once, and late replies are counted, not obeyed", () => {
    // Scenario 12: a late answer finds its request over, and given up by then on the replica.
    const cluster = new Cluster();
    const put = cluster.put("n1", key, "tea");
    cluster.deliver("n1", "n2");
    cluster.sync("n2");
    cluster.sync("n1");
    cluster.deliver("n2", "n1");
    cluster.tick(2000);
    expect(put.answers).toHaveLength(1);
    cluster.deliver("n1", "n3");
    cluster.sync("n3");
    cluster.deliver("n3", "n1");
    expect(put.answers).toHaveLength(1);
    expect(cluster.status("n1").counters.lateReplies).toBe(1);
  });

  test("carries what the writer has seen: its own write, and not the sibling that it has not read", () => {
    // Design §4.2: the reply's context is the request's context and the new dot.
    const cluster = new Cluster();
    cluster.put("n1", key, "unread");
    const put = cluster.put("n1", key, "tea");
    cluster.settle();
    cluster.put("n1", key, "milk", { context: put.context });
    cluster.settle();
    expect(valuesOf(cluster.object("n2", key))).toEqual(["milk", "unread"]);
  });

  test("echoes the options as they were used, and where each came from", () => {
    // Design §6.1: every reply echoes the effective options.
    const cluster = new Cluster({ options: { defaults: { pw: 1 }, buckets: { carts: { w: "all" } } } });
    const put = cluster.put("n1", key, "tea", { dw: 1 });
    cluster.settle();
    const effective = decodeEffective((put.answer as PutReply).effective);
    expect(effective).toMatchObject({ n: 3, w: 3, pw: 1, dw: 1 });
    expect(effective.from).toMatchObject({ n: "default", pw: "cluster", w: "bucket", dw: "request" });
  });

  test("brings the object with it if it is asked to", () => {
    // Design §6.1, returnValue: put returns the merged object.
    const cluster = new Cluster();
    cluster.put("n1", key, "sibling");
    const put = cluster.put("n1", key, "tea", { returnValue: true });
    cluster.settle();
    expect((put.answer as PutReply).record).toEqual(cluster.record("n1", key));
    expect(valuesOf(cluster.object("n1", key))).toEqual(["sibling", "tea"]);
  });
});

describe("answers from memory", () => {
  test("come at once with dw 0", () => {
    // Design §6.1: lower values of dw accept from memory.
    const cluster = new Cluster();
    const put = cluster.put("n1", key, "tea", { dw: 0 });
    cluster.deliver("n1", "n2");
    cluster.deliver("n2", "n1");
    expect(put.answer).toMatchObject({ kind: "PutReply", answered: ["n1", "n2"] });
    expect([cluster.store("n1").unsynced, cluster.store("n2").unsynced]).toEqual([1, 1]);
  });

  test("are not enough for dw 1: one of them must be from disk", () => {
    // Design §6.1: dw is how many of the w must be synced.
    const cluster = new Cluster();
    const put = cluster.put("n1", key, "tea", { dw: 1 });
    cluster.deliver("n1", "n2");
    cluster.deliver("n2", "n1");
    expect(put.answer).toBeUndefined();
    cluster.sync("n1");
    expect(put.answer).toMatchObject({ kind: "PutReply" });
  });

  test("count as answers and no longer as a hope for disk, once their node is lost", () => {
    // src/quorum.ts: accepted ──fails──▶ volatile.
    const cluster = new Cluster();
    const put = cluster.put("n1", key, "tea", { w: 3, dw: 2 });
    for (const peer of ["n2", "n3"]) {
      cluster.deliver("n1", peer);
      cluster.deliver(peer, "n1");
    }
    cluster.crash("n2");
    expect(put.answer).toBeUndefined();
    cluster.crash("n3");
    expect(put.answer).toMatchObject({
      kind: "Failure",
      code: "UNAVAILABLE",
      outcome: "unknown",
      details: { of: "dw" },
    });
  });
});

describe("a write whose timestamp is past the durable bound", () => {
  // The first bound is durable before a node serves, and covers 200 ms; whoever has been idle since has none for its next write.
  const idle = (): Cluster => {
    const cluster = new Cluster();
    cluster.tick(5000);
    return cluster;
  };

  test("leaves when its bound is durable, and that is one wait with its record's", () => {
    // Design §4.4: the bound of what was issued is durable across restarts.
    const cluster = idle();
    const put = cluster.put("n1", key, "tea");
    expect(cluster.inFlight).toEqual([]);
    cluster.sync("n1");
    expect(cluster.inFlight.map(({ to, message }) => `${message.kind} to ${to}`)).toEqual([
      "ReplicaPut to n2",
      "ReplicaPut to n3",
    ]);
    cluster.settle();
    expect(put.answer).toMatchObject({ kind: "PutReply" });
  });

  test("is not gone below after a crash, though the clock went back", () => {
    // The same. The copy of a write was at n2, and its bound died with n1: n1's next write was older, and lost under last-write-wins.
    const cluster = idle();
    cluster.put("n1", key, "got away");
    cluster.sync("n1");
    cluster.deliver("n1", "n2");
    cluster.crash("n1");
    cluster.setWall("n1", -200);
    cluster.restart("n1");
    cluster.put("n1", key, "later");
    cluster.settle();
    const [gotAway, later] = cluster.object("n2", key).siblings;
    expect(valuesOf(cluster.object("n2", key))).toEqual(["got away", "later"]);
    expect(compareTimestamps(later!.timestamp, gotAway!.timestamp)).toBeGreaterThan(0);
  });

  test("is not acknowledged from memory either", () => {
    // The reply's token carries the timestamp.
    const cluster = idle();
    const put = cluster.put("n1", key, "tea", { w: 1, dw: 0 });
    expect(put.answer).toBeUndefined();
    cluster.sync("n1");
    expect(put.answer).toMatchObject({ kind: "PutReply" });
  });

  test("waits also when another write has asked for the bound, and when it is a retry", () => {
    // Whoever asked: what counts is what is durable.
    const cluster = idle();
    cluster.put("n1", key, "tea");
    cluster.put("n1", "carts/bob", "milk", { op: 7 });
    cluster.put("n1", "carts/bob", "milk", { op: 7 });
    expect(cluster.inFlight).toEqual([]);
    cluster.settle();
    expect(cluster.requests.every(({ answer }) => answer?.kind === "PutReply")).toBe(true);
  });

  test("is rare under load: the bound is renewed ahead", () => {
    // node/identity.ts: renewed on ticks, when half of the lead is used up.
    const cluster = idle();
    for (let tick = 0; tick < 100; tick++) {
      cluster.put("n1", key, "tea", { context: cluster.requests.at(-1)?.context });
      expect(cluster.inFlight).toHaveLength(tick === 0 ? 0 : 2);
      cluster.settle();
      cluster.tick(10);
    }
  });
});

describe("too few replicas", () => {
  test("known beforehand: nothing is written, outcome none", () => {
    // Design §1 promise 5, and I14: a definite failure never takes effect.
    const cluster = new Cluster();
    cluster.isolate("n1");
    const put = cluster.put("n1", key, "tea");
    expect(put.answer).toMatchObject({
      kind: "Failure",
      code: "UNAVAILABLE",
      outcome: "none",
      details: { need: 2, got: 0, of: "w" },
    });
    expect(cluster.record("n1", key)).toBeUndefined();
    expect(cluster.inFlight).toEqual([]);
  });

  test("found out while waiting: failure at once, outcome unknown, and nothing is rolled back", () => {
    // Design §6.2: impossible is said at once, after too few answers the outcome is unknown.
    const cluster = new Cluster();
    const put = cluster.put("n1", key, "tea");
    cluster.sync("n1");
    cluster.linkDown("n1", "n2");
    expect(put.answer).toBeUndefined();
    cluster.linkDown("n1", "n3");
    expect(put.answer).toMatchObject({
      code: "UNAVAILABLE",
      outcome: "unknown",
      details: { need: 2, got: 1, of: "w", answered: ["n1"] },
    });
    expect(valuesOf(cluster.object("n1", key))).toEqual(["tea"]);
  });

  test("in time: TIMEOUT at the deadline, outcome unknown, with who answered", () => {
    // Design §6.2: at the deadline the error carries who acknowledged.
    const cluster = new Cluster();
    const put = cluster.put("n1", key, "tea", { timeoutMs: 200 });
    cluster.sync("n1");
    cluster.tick(190);
    expect(put.answer).toBeUndefined();
    cluster.tick(10);
    expect(put.answer).toMatchObject({
      code: "TIMEOUT",
      outcome: "unknown",
      retryable: true,
      details: { answered: ["n1"] },
    });
    cluster.settle();
    expect(put.answers).toHaveLength(1);
  });

  test("a link that comes back lets a late answer count", () => {
    // src/quorum.ts: a late answer is an answer all the same.
    const cluster = new Cluster();
    const put = cluster.put("n1", key, "tea", { w: 2 });
    cluster.deliver("n1", "n2");
    cluster.linkDown("n1", "n2");
    cluster.linkUp("n1", "n2");
    cluster.sync("n2");
    cluster.deliver("n2", "n1");
    cluster.sync("n1");
    expect(put.answer).toMatchObject({ kind: "PutReply", answered: ["n1", "n2"] });
  });

  test("the peers are told the time that is left, and drop what has expired", () => {
    // Design §6.1: the deadline is carried in every message; expired work is dropped before it is done.
    const cluster = new Cluster();
    cluster.put("n1", key, "tea", { timeoutMs: 300 });
    const { message } = cluster.inFlight[0]!;
    expect(message).toMatchObject({ kind: "ReplicaPut", timeoutMs: 300 });
    cluster.input("n2", { kind: "peer", node: "n1", message: { ...message, timeoutMs: 0 } as never });
    expect(cluster.record("n2", key)).toBeUndefined();
  });

  test("a refusing replica is no vote, and its reason is in the error", () => {
    // I12 and scenario 45: no failure of a replica passes as an answer.
    const cluster = new Cluster();
    cluster.setWall("n2", -10_000);
    cluster.setWall("n3", -10_000);
    const put = cluster.put("n1", key, "tea");
    cluster.sync("n1");
    cluster.settle();
    expect(put.answer).toMatchObject({ code: "UNAVAILABLE", outcome: "unknown", details: { got: 1 } });
    expect((put.answer as { message: string }).message).toMatch(/n2: a timestamp is 10000 ms ahead/);
  });

  test("a request that has expired when it arrives is not begun", () => {
    // Design §6.1: expired work is dropped before it is done. A forwarded put may come with no time left.
    const cluster = new Cluster();
    const put = cluster.put("n1", key, "tea", { deadlineMs: 0 });
    cluster.settle();
    expect(dotsOf(cluster.object("n1", key))).toEqual([]);
    expect(put.answer).toMatchObject({ outcome: "none" });
  });
});

describe("primaries", () => {
  test("are counted on answers, not on who is believed to be up", () => {
    // Scenario 13, riak_kv#485: n2 and n3 look alive and drop everything; pw 2 is not met by hope.
    const cluster = new Cluster({ nodes: 5 });
    const put = cluster.put("n1", key, "tea", { w: 2, pw: 2, timeoutMs: 100 });
    cluster.sync("n1");
    for (const peer of ["n2", "n3"]) cluster.drop("n1", peer);
    expect(cluster.inFlight).toEqual([]);
    cluster.tick(100);
    expect(put.answer).toMatchObject({ code: "TIMEOUT", outcome: "unknown", details: { got: 1 } });
  });

  test("an answer of a node outside the preference list never counts", () => {
    // I12: acknowledgements come from distinct replicas of the operation's own preference list.
    const cluster = new Cluster({ nodes: 5 });
    const put = cluster.put("n1", key, "tea");
    const { id } = cluster.inFlight[0]!.message;
    for (const stranger of ["n4", "n5", "n5"])
      cluster.input("n1", { kind: "peer", node: stranger, message: { kind: "ReplicaPutReply", id, durable: true } });
    expect(put.answer).toBeUndefined();
  });

  test("an answer given twice is one answer", () => {
    // Style §1.4: count who, not how many.
    const cluster = new Cluster();
    const put = cluster.put("n1", key, "tea", { w: 3 });
    const { id } = cluster.inFlight[0]!.message;
    for (const peer of ["n1", "n2", "n2", "n2"])
      cluster.input("n1", { kind: "peer", node: peer, message: { kind: "ReplicaPutReply", id, durable: true } });
    expect(put.answer).toBeUndefined();
  });
});

describe("a retry", () => {
  test("at the same coordinator mints no second dot", () => {
    // Design §6.5, I9; scenario 10: a slow answer and a retry are still one write.
    const cluster = new Cluster();
    const first = cluster.put("n1", key, "tea", { op: 7, timeoutMs: 100 });
    cluster.tick(100);
    expect(first.answer).toMatchObject({ code: "TIMEOUT" });
    const second = cluster.put("n1", key, "tea", { op: 7 });
    cluster.settle();
    expect(second.answer).toMatchObject({ kind: "PutReply" });
    expect(dotsOf(cluster.object("n1", key))).toEqual(["n1.1:1"]);
    expect(decodeToken(hashKey(keyOf(key)), second.context).context).toEqual(cluster.object("n1", key).context);
  });

  test("is acknowledged only after the first try's record is on disk", () => {
    // node/partition.ts: without a record a batch is a barrier, because what is here may still be on its way to the disk.
    const cluster = new Cluster();
    cluster.put("n1", key, "tea", { op: 7, w: 1 });
    const second = cluster.put("n1", key, "tea", { op: 7, w: 1 });
    expect(second.answer).toBeUndefined();
    cluster.sync("n1", 1);
    expect(second.answer).toBeUndefined();
    cluster.sync("n1", 1);
    expect(second.answer).toMatchObject({ kind: "PutReply" });
  });

  test("elsewhere makes two dots, shown as one, and a context that covers both", () => {
    // Design §6.5: two siblings with one opId are shown as one; the collapse happens when reading.
    const cluster = new Cluster();
    cluster.linkDown("n1", "n2");
    cluster.put("n1", key, "tea", { op: 7, w: 1 });
    cluster.put("n2", key, "tea", { op: 7, w: 1 });
    cluster.settle();
    const get = cluster.get("n3", key, { r: 1 });
    expect(dotsOf(get.object)).toEqual(["n1.1:1", "n2.1:1"]);
    expect(valuesOf(get.object)).toEqual(["tea"]);
    const token = encodeToken(hashKey(keyOf(key)), {
      context: get.object.context,
      latest: get.object.siblings[1]!.timestamp,
    });
    cluster.put("n3", key, "milk", { context: token });
    cluster.settle();
    expect(dotsOf(cluster.object("n3", key))).toEqual(["n3.1:1"]);
  });
});

describe("clients that take turns", () => {
  test("one that reads before it writes never makes a sibling", () => {
    // I10: one sequential client has one sibling at every step; scenario 9, through alternating coordinators.
    const cluster = new Cluster();
    let context: Uint8Array | undefined;
    for (let turn = 0; turn < 20; turn++) {
      const put = cluster.put(`n${(turn % 3) + 1}`, key, `${turn}`, { context });
      cluster.settle();
      context = put.context;
      expect(valuesOf(cluster.object("n1", key))).toEqual([`${turn}`]);
    }
  });

  test("a delete wins over what it has seen and stands beside what it has not", () => {
    // Design §4.2: delete is a write of a tombstone; a concurrent put survives next to it.
    const cluster = new Cluster();
    const seen = cluster.put("n1", key, "seen");
    cluster.settle();
    cluster.put("n2", key, "concurrent");
    const gone = cluster.put("n1", key, undefined, { context: seen.context });
    cluster.settle();
    expect(gone.answer).toMatchObject({ kind: "PutReply" });
    expect(valuesOf(cluster.object("n3", key))).toEqual(["concurrent"]);
    expect(cluster.object("n3", key).siblings).toHaveLength(2);
  });
});
