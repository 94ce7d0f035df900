/** node/replica.ts: the door of a node (design §3.2), its phases, and what it refuses at once. */
import { describe, expect, test } from "vitest";
import { compareTimestamps } from "../../src/timestamp.ts";
import { limits } from "../../src/limits.ts";
import { Replica } from "../../node/replica.ts";
import { defaultTuning } from "../../node/tuning.ts";
import type { Persist } from "../../node/effects.ts";
import { Cluster, keyOf, valuesOf } from "./cluster.ts";
import { MemoryStore } from "./memory-store.ts";

const key = "carts/alice";

describe("start", () => {
  test("is ready when its identity is on disk, not before", () => {
    // node/effects.ts: `ready`, the identity is durable, the node may be linked and serve.
    const { ring, options } = new Cluster();
    const store = new MemoryStore();
    const now = { monotonicMs: 0, wallMs: 0 };
    const replica = new Replica({ id: "n1", ring, options, tuning: defaultTuning }, store, now);
    const effects = replica.step(now, { kind: "start", freshReplicaId: "fresh id", mayBeOlder: false });
    expect(effects.map(({ kind }) => kind)).toEqual(["persist"]);
    const then = (effects[0] as Persist).then.map(({ kind }) => kind);
    expect(then).toEqual(["deliver", "ready"]);
  });

  test("goes on with what is on disk", () => {
    // I7: everything acknowledged is there after a crash.
    const cluster = new Cluster();
    const put = cluster.put("n1", key, "tea", { w: 3 });
    cluster.settle();
    expect(put.answer).toMatchObject({ kind: "PutReply" });
    for (const node of ["n1", "n2", "n3"]) cluster.crash(node);
    for (const node of ["n1", "n2", "n3"]) cluster.restart(node);
    for (const node of ["n1", "n2", "n3"]) {
      const get = cluster.get(node, key, { r: 1 });
      expect(valuesOf(get.object)).toEqual(["tea"]);
    }
  });

  test("nothing is minted before the identity of this start is durable", () => {
    // I0, design §4.3. After a clean stop the old epochs go on; a put that were let in before the batch is durable which takes
    // back the mark of the clean stop would mint in one of them; if that batch is lost, the next start mints the same dot again.
    const cluster = new Cluster();
    const first = cluster.put("n1", key, "tea");
    cluster.settle();
    cluster.stop("n1");
    cluster.settle();
    cluster.start("n1");
    const early = cluster.put("n1", key, "minted too early", { context: first.context, w: 1 });
    expect(early.answer).toMatchObject({ kind: "Failure", outcome: "none" });
  });

  test("timestamps that got away are not gone below after a crash, though the clock went back", () => {
    // Design §4.4: the bound of what was issued is durable across restarts. A start makes one durable before it is ready.
    const cluster = new Cluster();
    cluster.put("n1", key, "got away");
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
});

describe("an answer to a request of before a restart", () => {
  test("does not acknowledge another put", () => {
    // I12, promise 1: an acknowledged write is on w disks. When message ids began at 1 again after every start, n2's late
    // answer to a put of before the crash counted for a put that n2 had not even on its disk.
    const cluster = new Cluster();
    cluster.put("n1", key, "before the crash");
    cluster.deliver("n1", "n2");
    cluster.crash("n1");
    cluster.restart("n1");
    const put = cluster.put("n1", "carts/bob", "acknowledged");
    cluster.sync("n1");
    cluster.sync("n2");
    cluster.deliver("n2", "n1", "ReplicaPutReply");
    expect(cluster.record("n2", "carts/bob")).toBeUndefined();
    expect(put.answer).toBeUndefined();
  });

  test("does not answer another client's forwarded request", () => {
    // I14, I12: the same at a node that forwards: one client was given the reply, and the context, of another's put.
    const cluster = new Cluster({ nodes: 4 });
    cluster.put("n4", key, "before the crash", { w: 1 });
    cluster.deliver("n4", "n1");
    cluster.crash("n4");
    cluster.restart("n4");
    const put = cluster.put("n4", "carts/bob", "acknowledged");
    cluster.sync("n1");
    cluster.deliver("n1", "n4", "PutReply");
    expect(put.answer).toBeUndefined();
  });
});

describe("a clean stop", () => {
  test("happens at once when nothing is open, and is over when its mark is on disk", () => {
    // node/replica.ts: serving ──stop──▶ stopping ──nothing open──▶ stopped.
    const cluster = new Cluster();
    cluster.stop("n1");
    expect(cluster.isStopped("n1")).toBe(false);
    cluster.sync("n1");
    expect(cluster.isStopped("n1")).toBe(true);
  });

  test("finishes what is open, and refuses what is new", () => {
    // node/effects.ts: nothing more is accepted, what is under way is written, and `stopped` comes out.
    const cluster = new Cluster();
    const open = cluster.put("n1", key, "tea");
    cluster.stop("n1");
    const late = cluster.put("n1", key, "too late");
    expect(late.answer).toMatchObject({ code: "UNAVAILABLE", outcome: "none", retryable: true });
    expect(cluster.get("n1", key).answer).toMatchObject({ code: "UNAVAILABLE" });
    cluster.settle();
    expect(open.answer).toMatchObject({ kind: "PutReply" });
    expect(cluster.isStopped("n1")).toBe(true);
    expect(valuesOf(cluster.object("n1", key))).toEqual(["tea"]);
  });

  test("serves its peers while it drains", () => {
    // node/replica.ts: while stopping it still serves its peers.
    const cluster = new Cluster();
    cluster.put("n1", key, "tea", { w: 3 });
    cluster.drop("n1", "n2");
    cluster.stop("n1");
    const put = cluster.put("n2", "carts/bob", "milk");
    cluster.deliver("n2", "n1");
    cluster.sync("n1");
    cluster.deliver("n1", "n2", "ReplicaPutReply");
    cluster.sync("n2");
    expect(put.answer).toMatchObject({ kind: "PutReply", answered: ["n2", "n1"].sort() });
    expect(cluster.isStopped("n1")).toBe(false);
  });

  test("leaves a hint for whoever has not answered when it waits no longer", () => {
    // Design §7: never silent n − 1. The put was answered late in the stop, and n3 would have had another second.
    const cluster = new Cluster();
    const put = cluster.put("n1", key, "tea", { timeoutMs: 60_000 });
    cluster.drop("n1", "n3");
    cluster.stop("n1");
    cluster.tick(4500);
    cluster.settle();
    expect(put.answer).toMatchObject({ kind: "PutReply" });
    cluster.tick(500);
    cluster.settle();
    expect(cluster.isStopped("n1")).toBe(true);
    cluster.restart("n1");
    expect(cluster.status("n1").hints.targets).toHaveProperty("n3");
  });

  test("waits no longer than 5 s for who does not answer", () => {
    // node/replica.ts: `drainMs` over.
    const cluster = new Cluster();
    cluster.put("n1", key, "tea", { w: 3, timeoutMs: 60_000 });
    cluster.drop("n1", "n2");
    cluster.stop("n1");
    cluster.tick(4990);
    cluster.sync("n1");
    expect(cluster.isStopped("n1")).toBe(false);
    cluster.tick(10);
    cluster.sync("n1");
    expect(cluster.isStopped("n1")).toBe(true);
  });

  test("keeps the epochs open: the next start mints on in them", () => {
    // Design §4.3: after a clean stop the old ones go on.
    const cluster = new Cluster();
    const put = cluster.put("n1", key, "tea");
    cluster.settle();
    cluster.stop("n1");
    cluster.settle();
    cluster.restart("n1");
    cluster.put("n1", key, "milk", { context: put.context });
    cluster.settle();
    expect(cluster.object("n2", key).context).toMatchObject([{ base: 2 }]);
  });

  test("after which nothing is heard any more", () => {
    // node/replica.ts: its last batch says that the stop was clean; what comes after that is ignored.
    const { ring, options } = new Cluster();
    const now = { monotonicMs: 0, wallMs: 0 };
    const replica = new Replica({ id: "n1", ring, options, tuning: defaultTuning }, new MemoryStore(), now);
    replica.step(now, { kind: "start", freshReplicaId: "fresh id", mayBeOlder: false });
    expect(replica.step(now, { kind: "stop" }).map(({ kind }) => kind)).toEqual(["persist"]);
    const message = { kind: "Status", id: 1 } as const;
    expect(replica.step(now, { kind: "client", connection: 0, message })).toEqual([]);
  });
});

describe("refused at once", () => {
  test("a wrong combination of options, by its name", () => {
    // Design §6.1: invalid combinations are refused before anything is sent.
    const cluster = new Cluster();
    const put = cluster.put("n1", key, "tea", { w: 4 });
    expect(put.answer).toMatchObject({ code: "INVALID_ARGUMENT", message: "w is 4, more than n, which is 3" });
    expect(cluster.inFlight).toEqual([]);
  });

  test("what the configuration itself makes wrong", () => {
    // Scenario 14: options of bucket and cluster are obeyed, wherever the request does not say otherwise.
    const cluster = new Cluster({ options: { buckets: { carts: { pr: "all" } } } });
    expect(cluster.get("n1", key).answer).toMatchObject({
      code: "INVALID_ARGUMENT",
      message: "pr is 3, more than r, which is 2",
    });
    expect(cluster.get("n1", key, { r: 3 }).answer).toBeUndefined();
  });

  test("scenario 14: pr of the bucket with two primaries down is an error, not a not-found", () => {
    // riak_kv#1835: a bucket's pr that is masked by a default turns a failure into "not found", and that into a lost write.
    const cluster = new Cluster({ options: { buckets: { carts: { r: 2, pr: 2 } } } });
    cluster.crash("n2");
    cluster.crash("n3");
    expect(cluster.get("n1", key).answer).toMatchObject({ code: "UNAVAILABLE", details: { need: 2, got: 1 } });
  });

  test("keys that are none, and keys that are too long", () => {
    // Design §14: key ≤ 1 KiB; the node checks what it is sent.
    const cluster = new Cluster();
    const get = { kind: "Get", id: 0, timeoutMs: 100, options: undefined, head: false, details: false } as const;
    const codeOf = (bytes: Uint8Array): unknown => cluster.request("n1", { ...get, key: bytes }).answer;
    expect(codeOf(new Uint8Array(0))).toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(codeOf(keyOf("carts/a").slice(0, -1))).toMatchObject({
      code: "INVALID_ARGUMENT",
      message: "the key is empty",
    });
    expect(codeOf(new TextEncoder().encode("no separator"))).toMatchObject({ code: "INVALID_ARGUMENT" });
    const long = Uint8Array.of(...keyOf("carts/a"), ...new Uint8Array(limits.keyBytesMax));
    expect(codeOf(long)).toMatchObject({ code: "TOO_LARGE" });
  });

  test("a copy of a key that this node is no primary of", () => {
    // node/replica.ts: its sender's ring is not ours.
    const cluster = new Cluster({ nodes: 4 });
    const put = cluster.put("n1", key, "tea");
    const { message } = cluster.inFlight[0]!;
    cluster.input("n4", { kind: "peer", node: "n1", message });
    expect(cluster.inFlight.at(-1)).toMatchObject({
      from: "n4",
      message: { kind: "Failure", code: "INVALID_ARGUMENT" },
    });
    expect(cluster.record("n4", key)).toBeUndefined();
    expect(put.answer).toBeUndefined();
  });

  test("more requests than a node works on at a time", () => {
    // Design §14: requests in flight per node are limited; more is overload.
    const cluster = new Cluster();
    for (let open = 0; open < limits.requestsPerNodeMax; open++) cluster.get("n1", key, { timeoutMs: 100 });
    expect(cluster.get("n1", key).answer).toMatchObject({ code: "OVERLOADED", outcome: "none", retryable: true });
    cluster.inFlight.length = 0;
    cluster.tick(100);
    expect(cluster.get("n1", key).answer).toBeUndefined();
  });

  test("writes to new keys while the lease of epochs is used up", () => {
    // Design §4.3: block when exhausted; keys that have an epoch go on.
    const cluster = new Cluster();
    for (let written = 0; written < 10_000; written++) cluster.put("n1", `carts/${written}`, "x", { w: 1, n: 1 });
    expect(cluster.put("n1", "carts/new", "x").answer).toMatchObject({ code: "OVERLOADED", outcome: "none" });
    expect(cluster.put("n1", "carts/1", "x").answer).toBeUndefined();
    cluster.tick(10);
    expect(cluster.put("n1", "carts/new", "x").answer).toMatchObject({ code: "OVERLOADED" });
    cluster.settle();
    cluster.tick(10);
    cluster.put("n1", "carts/new", "x");
    cluster.settle();
    expect(cluster.requests.at(-1)!.answer).toMatchObject({ kind: "PutReply" });
  });

  test("an option that no JSON can show is refused, and crashes no node", () => {
    // Design §14: foreign bytes never crash a node. MessagePack has 64-bit integers; `JSON.stringify`, which makes the sentence, throws.
    const cluster = new Cluster();
    const options = { n: (2n ** 63n) as unknown as number };
    expect(cluster.get("n1", key, options).answer).toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});

test("an option that is an object without a text of its own is refused, and crashes no node", () => {
  // Design §14: foreign bytes never crash a node. MessagePack has maps, and `String` throws on one with a `toString` that is no function.
  const cluster = new Cluster();
  const options = { n: { toString: 1, valueOf: 1 } as unknown as number };
  expect(cluster.get("n1", key, options).answer).toMatchObject({ code: "INVALID_ARGUMENT" });
});
