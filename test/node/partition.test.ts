/** node/partition.ts: write and sync of one node's objects (design §4.2, §4.3), and the amnesia scenarios of kv679. */
import { describe, expect, test } from "vitest";
import { decodeRecord, encodeRecord } from "../../src/record.ts";
import { emptyObject } from "../../src/object.ts";
import { plainWrite } from "../plain-write.ts";
import { contextOf, emptyContext } from "../../src/causal-context.ts";
import { makeActor } from "../../src/dot.ts";
import { hashKey } from "../../src/key.ts";
import { makeOpId } from "../../src/op-id.ts";
import { earliest } from "../../src/timestamp.ts";
import { encodeToken } from "../../src/token.ts";
import type { ReplicaPutReply } from "../../src/messages.ts";
import type { Effect } from "../../node/effects.ts";
import { actorText, Cluster, dotsOf, dotText, keyOf, valuesOf } from "./cluster.ts";

const key = "carts/alice";

/** What n1 answers to a copy of `record`, and whether it wrote anything for it. */
function copyTo(cluster: Cluster, record: Uint8Array): { readonly wrote: number } {
  const before = cluster.store("n1").writingBatches;
  const message = {
    kind: "ReplicaPut",
    id: 1,
    key: keyOf(key),
    record,
    timeoutMs: 1000,
    early: false,
    standsFor: undefined,
  } as const;
  cluster.input("n1", { kind: "peer", node: "n2", message });
  return { wrote: cluster.store("n1").writingBatches - before };
}

function repliesToN2(cluster: Cluster): ReplicaPutReply[] {
  return cluster.inFlight.filter(({ to }) => to === "n2").map(({ message }) => message as ReplicaPutReply);
}

/** A record that some other replica made at a wall clock so far ahead of n1's. */
function foreignRecord(cluster: Cluster, value: string, aheadMs = 0): Uint8Array {
  const dot = { actor: makeActor("another.", 1), counter: 1 };
  const timestamp = { ms: cluster.instant("n1").wallMs + aheadMs, counter: 0 };
  const sibling = { dot, value: new TextEncoder().encode(value), timestamp, op: makeOpId("someone.", 1) };
  return encodeRecord(hashKey(keyOf(key)), plainWrite(emptyObject, emptyContext, sibling));
}

function settled(cluster: Cluster, node: string, value: string, context?: Uint8Array): Uint8Array {
  const put = cluster.put(node, key, value, { context });
  cluster.settle();
  return put.context;
}

describe("sync", () => {
  test("stores a new record as the bytes that came, and answers when they are on disk", () => {
    // Design §15: records are encoded once and stored as they were sent.
    const cluster = new Cluster();
    const record = foreignRecord(cluster, "tea");
    expect(copyTo(cluster, record).wrote).toBe(1);
    expect(cluster.record("n1", key)).toBe(record);
    expect(repliesToN2(cluster)).toEqual([]);
    cluster.sync("n1");
    expect(repliesToN2(cluster)).toEqual([{ kind: "ReplicaPutReply", id: 1, durable: true }]);
  });

  test("of the same state writes nothing, and waits for the disk all the same", () => {
    // node/store.ts: a batch without writes is a barrier, since the record may still be on its way to the disk.
    const cluster = new Cluster();
    const record = foreignRecord(cluster, "tea");
    copyTo(cluster, record);
    expect(copyTo(cluster, record).wrote).toBe(0);
    expect(repliesToN2(cluster)).toEqual([]);
    cluster.sync("n1", 1);
    expect(repliesToN2(cluster)).toHaveLength(1);
    cluster.sync("n1", 1);
    expect(repliesToN2(cluster)).toHaveLength(2);
  });

  test("of an older state writes nothing", () => {
    // Scenario 28: what is known already is not written again.
    const cluster = new Cluster();
    const context = settled(cluster, "n2", "tea");
    const old = cluster.record("n1", key)!;
    settled(cluster, "n2", "milk", context);
    expect(copyTo(cluster, old).wrote).toBe(0);
    expect(valuesOf(cluster.object("n1", key))).toEqual(["milk"]);
  });

  test("of a concurrent state keeps both siblings", () => {
    // Promise 2: concurrent writes are kept side by side.
    const cluster = new Cluster();
    settled(cluster, "n1", "tea");
    copyTo(cluster, foreignRecord(cluster, "milk"));
    expect(valuesOf(cluster.object("n1", key))).toEqual(["milk", "tea"]);
  });

  test("of a timestamp too far ahead is refused and changes nothing", () => {
    // Design §4.4: refused with a named error, never clamped.
    const cluster = new Cluster();
    expect(copyTo(cluster, foreignRecord(cluster, "tea", 501)).wrote).toBe(0);
    expect(repliesToN2(cluster)).toMatchObject([{ kind: "Failure", code: "CLOCK_SKEW" }]);
    expect(copyTo(cluster, foreignRecord(cluster, "tea", 500)).wrote).toBe(1);
  });

  test("of bytes that are no record is refused and changes nothing", () => {
    // Design §14: foreign bytes never crash a node.
    const cluster = new Cluster();
    const record = foreignRecord(cluster, "tea");
    for (const broken of [new Uint8Array(0), record.slice(0, -1), record.slice(0, 13), new Uint8Array(40)])
      expect(copyTo(cluster, broken).wrote).toBe(0);
    expect(repliesToN2(cluster).map((reply) => (reply as { code?: string }).code)).toEqual(Array(4).fill("PROTOCOL"));
    expect(cluster.record("n1", key)).toBeUndefined();
  });

  test("heals a record that cannot be read", () => {
    // Design §4.2: missing, not absent; the copy that comes replaces it.
    const cluster = new Cluster();
    settled(cluster, "n2", "tea");
    const good = cluster.record("n1", key)!;
    cluster.corrupt("n1", key);
    copyTo(cluster, good);
    expect(cluster.record("n1", key)).toEqual(good);
  });
});

describe("amnesia", () => {
  test("scenario 1: a coordinator that forgot a key issues no old dot for it", () => {
    // riak_kv#679, kv679_dataloss: put×k via n1; forget; put new via n1; replicate; the new value is in the end state.
    const cluster = new Cluster();
    let context: Uint8Array | undefined;
    for (const value of ["1", "2", "3"]) context = settled(cluster, "n1", value, context);
    cluster.forget("n1", key);
    settled(cluster, "n1", "new");
    expect(dotsOf(cluster.object("n2", key))).toEqual(["n1.1:3", "n1.2:1"]);
    expect(valuesOf(cluster.object("n2", key))).toEqual(["3", "new"]);
  });

  test("scenario 1 with the old context: the new value replaces what its writer had read", () => {
    // The same, by a client that goes on reading and writing: no false sibling, and nothing lost.
    const cluster = new Cluster();
    const context = settled(cluster, "n1", "old");
    cluster.forget("n1", key);
    settled(cluster, "n1", "new", context);
    for (const node of ["n1", "n2", "n3"]) expect(valuesOf(cluster.object(node, key))).toEqual(["new"]);
    expect(cluster.status("n1").counters.amnesias).toBe(1);
  });

  test("scenario 2: what comes back from a replica that lagged behind is not minted on from", () => {
    // kv679_dataloss_fb without fallbacks: n1's w1 reached n2 only, w2 and w3 only n3. n1 forgets, and gets w1 back by a copy.
    const cluster = new Cluster();
    cluster.linkDown("n1", "n3");
    const first = settled(cluster, "n1", "w1");
    cluster.linkUp("n1", "n3");
    cluster.linkDown("n1", "n2");
    const third = settled(cluster, "n1", "w3", settled(cluster, "n1", "w2", first));
    cluster.linkUp("n1", "n2");
    cluster.linkDown("n1", "n3");
    cluster.forget("n1", key);
    copyTo(cluster, cluster.record("n2", key)!);
    cluster.put("n1", key, "w4", { context: first });
    cluster.linkUp("n1", "n3");
    cluster.settle();
    const last = settled(cluster, "n1", "w5", first);
    expect(cluster.object("n3", key).siblings.map(({ dot }) => actorText(dot.actor))).not.toContain("n1.1:2");
    expect(valuesOf(cluster.object("n3", key))).toEqual(["w3", "w4", "w5"]);
    expect(new Set([third, last]).size).toBe(2);
  });

  test("scenario 3: dots that come back in a write of somebody else close the epoch", () => {
    // kv679_dataloss_fb2 (PR#1643): amnesia shows on a write that this replica does not coordinate. n2 knows n1.1:1, n3 knows
    // n1.1:1..2; n1 forgets and is given n2's write, then mints. Its new dot must be none that n3 has seen overwritten.
    const cluster = new Cluster();
    const first = settled(cluster, "n1", "1");
    cluster.linkDown("n1", "n2");
    settled(cluster, "n1", "2", first);
    cluster.forget("n1", key);
    cluster.linkUp("n1", "n2");
    cluster.linkDown("n2", "n3");
    cluster.linkDown("n1", "n3");
    settled(cluster, "n2", "by n2", first);
    expect(cluster.status("n1").counters.amnesias).toBe(1);
    settled(cluster, "n1", "after amnesia");
    cluster.linkUp("n2", "n3");
    cluster.linkUp("n1", "n3");
    settled(cluster, "n1", "last");
    expect(valuesOf(cluster.object("n3", key))).toEqual(["2", "after amnesia", "by n2", "last"]);
    expect(dotsOf(cluster.object("n3", key))).toEqual(["n1.1:2", "n1.2:2", "n1.2:3", "n2.1:1"]);
  });

  test("fetches the key from the others", () => {
    // Design §4.3: repair by reading the peers.
    const cluster = new Cluster();
    const context = settled(cluster, "n1", "tea");
    settled(cluster, "n3", "sibling");
    cluster.forget("n1", key);
    cluster.put("n1", key, "milk", { context });
    cluster.settle();
    expect(valuesOf(cluster.object("n1", key))).toEqual(["milk", "sibling"]);
    expect(cluster.logs.some(({ event, node }) => event === "amnesia" && node === "n1")).toBe(true);
  });

  test("a crash that loses a record whose dot got away issues no such dot again", () => {
    // Design §4.3: a dot that reached a peer and not the own disk is never issued twice.
    const cluster = new Cluster();
    settled(cluster, "n1", "tea");
    cluster.put("n1", key, "lost here");
    cluster.deliver("n1", "n2");
    cluster.crash("n1");
    cluster.restart("n1");
    settled(cluster, "n1", "after the crash");
    expect(dotsOf(cluster.object("n2", key))).toEqual(["n1.1:1", "n1.1:2", "n1b.1:1"]);
    expect(valuesOf(cluster.object("n2", key))).toEqual(["after the crash", "lost here", "tea"]);
  });

  test("scenario 6: a copied directory writes under a name of its own", () => {
    // PR#1027, #1865: two replicas of one id would overwrite each other for ever.
    const cluster = new Cluster();
    settled(cluster, "n1", "tea");
    cluster.crash("n1");
    cluster.restart("n1", true);
    settled(cluster, "n1", "of the copy");
    expect(dotsOf(cluster.object("n2", key))).toEqual(["n1.1:1", "n1b.1:1"]);
  });

  test("a wiped node starts anew and is filled again by what it is sent", () => {
    // Design §4.3: a lost directory is a new replica.
    const cluster = new Cluster();
    const context = settled(cluster, "n1", "tea");
    cluster.crash("n1");
    cluster.replaceDisk("n1");
    cluster.restart("n1");
    settled(cluster, "n1", "milk", context);
    for (const node of ["n1", "n2", "n3"]) expect(dotsOf(cluster.object(node, key))).toEqual(["n1b.1:1"]);
  });

  test("amnesia is noticed once, not on every later write", () => {
    // I10: contexts have at most n entries and one per epoch that was opened for a reason. A context with a gap, of a client that wrote
    // blindly, made the replica that lost the key open a fresh epoch for every write.
    const cluster = new Cluster();
    cluster.isolate("n1");
    const puts = ["1", "2", "3"].map((value) => cluster.put("n1", key, value, { w: 1 }));
    cluster.settle();
    cluster.forget("n1", key);
    let { context } = puts[2]!;
    for (let turn = 0; turn < 10; turn++) {
      const put = cluster.put("n1", key, `${turn}`, { w: 1, context });
      cluster.settle();
      ({ context } = put);
    }
    expect(cluster.status("n1").counters.amnesias).toBe(1);
    expect(cluster.object("n1", key).context.length).toBeLessThanOrEqual(3);
  });

  test("a directory that was set back and coordinates before it is told so issues no old dot", () => {
    // I0, R10: an old snapshot forces a new actor.
    const issued = new Map<string, string>();
    const cluster = new Cluster({ observe: (_, effect) => noteIssued(issued, effect) });
    const snapshot = cluster.store("n1").copy();
    cluster.crash("n1");
    cluster.restart("n1");
    settled(cluster, "n1", "after the snapshot");
    cluster.crash("n1");
    cluster.replaceDisk("n1", snapshot);
    cluster.restart("n1");
    settled(cluster, "n1", "on the old disk");
    expect(valuesOf(cluster.object("n2", key))).toEqual(["after the snapshot", "on the old disk"]);
  });

  test("a disk that was rolled back to a clean stop becomes a new replica as soon as somebody knows more of it", () => {
    // R10 again, where neither the files nor the store show it: epochs of after the snapshot are in the other replicas.
    const { cluster, context } = rolledBack();
    expect(cluster.put("n1", key, "x", { context }).answer).toMatchObject({ code: "BAD_CONTEXT", outcome: "none" });
    settled(cluster, "n2", "by n2", context);
    expect(cluster.logs.some(({ node, event }) => node === "n1" && event === "new replica id")).toBe(true);
    settled(cluster, "n1", "of the new replica");
    expect(valuesOf(cluster.object("n3", key))).toEqual(["by n2", "of the new replica"]);
    expect(dotsOf(cluster.object("n3", key))[0]).toBe("n1c.1:1");
  });

  test("of a new replica nothing is minted before its identity is durable", () => {
    // Design §4.3: a lease is durable before the first epoch of it is handed out.
    const { cluster, context } = rolledBack();
    cluster.put("n2", key, "by n2", { context });
    cluster.sync("n2");
    cluster.deliver("n2", "n1");
    expect(cluster.put("n1", key, "too early").answer).toMatchObject({ code: "OVERLOADED", outcome: "none" });
    cluster.settle();
    settled(cluster, "n1", "in time");
    expect(valuesOf(cluster.object("n2", key))).toEqual(["by n2", "in time"]);
  });

  test("contexts that clients forge crash no node", () => {
    // Design §14: foreign bytes never crash a node. n1 cannot tell that a token claims epochs which n2 never began, and n2 takes it for a
    // sign that its disk was set back: it starts over, every time.
    const cluster = new Cluster();
    for (let forged = 0; forged < 2; forged++) {
      const actor = makeActor(fromHex(cluster.status("n2").replicaId), 20_000);
      const token = { context: contextOf([{ actor, counter: 1 }]), latest: earliest };
      cluster.put("n1", key, "x", { context: encodeToken(hashKey(keyOf(key)), token) });
      expect(() => cluster.settle()).not.toThrow();
    }
  });
});

/** n1's disk is rolled back below the file system to the state of a clean stop, and n1 has written since: `context`. */
function rolledBack(): { readonly cluster: Cluster; readonly context: Uint8Array } {
  const cluster = new Cluster();
  cluster.stop("n1");
  cluster.settle();
  const snapshot = cluster.store("n1").copy();
  cluster.restart("n1");
  const context = settled(cluster, "n1", "after the snapshot");
  cluster.crash("n1");
  cluster.replaceDisk("n1", snapshot);
  cluster.restart("n1");
  return { cluster, context };
}

/** Dot → operation, of all that is written anywhere. */
function noteIssued(issued: Map<string, string>, effect: Effect): void {
  if (effect.kind !== "persist") return;
  for (const { table, value } of effect.writes) {
    if (table !== "objects" || value === undefined) continue;
    for (const { dot, op } of decodeRecord(value).siblings) {
      expect(issued.get(dotText(dot)) ?? op, `${dotText(dot)} names two operations`).toBe(op);
      issued.set(dotText(dot), op);
    }
  }
}

function fromHex(hex: string): string {
  return (hex.match(/../g) ?? []).map((digits) => String.fromCharCode(Number.parseInt(digits, 16))).join("");
}
