/**
 * Writes that are coordinated twice, by too many, or by nobody (scenarios.md §4, by its numbers): one operation is one write, whoever has
 * had it in hand.
 */
import { expect, test } from "vitest";
import { scenario, type Call, type Scenario } from "../../../sim/index.ts";
import { dotsOf } from "../../../src/causal-context.ts";
import { fails, mutant, type Story } from "./broken.ts";

const key = "b/k";
const put = (value: unknown): Call => ({ kind: "put", bucket: "b", key: "k", value });
const get: Call = { kind: "get", bucket: "b", key: "k" };

/** The client talks to this node alone. */
function confine(s: Scenario, client: string, node: string): void {
  s.cut(
    [client],
    s.nodes.filter((other) => other !== node),
  );
}

test("scenario 7: two clients that read, and write what they read, in turn have two siblings at most", async () => {
  // sibling_explosion, riak_test#383: with version vectors alone each write of either was one sibling more: ninety-nine in the end.
  await scenario({}, async (s) => {
    for (let round = 0; round < 100; round++) {
      for (const client of ["c1", "c2"]) await s.told(s.call(client, get));
      for (const client of ["c1", "c2"])
        await s.told(s.call(client, { ...put(`${client} ${round}`), seen: "last read" } as Call));
      expect(s.held("n1", key).siblings.length).toBeLessThanOrEqual(2);
    }
    await s.eventuallyAllHold(key, ["c1 99", "c2 99"]);
  });
});

const rounds = 20;
// riak_kv#1046, #1047, #1062: a put that was forwarded while its partition moved was coordinated here and there, and one client that
// wrote what it had read saw siblings.
const deadLinks: Story = async (s) => {
  for (let round = 0; round < rounds; round++) {
    const [forwarder, next] = [`n${4 + (round % 2)}`, `n${1 + (round % 3)}`];
    const { context, values } = await s.read(next, key, { r: 3 });
    s.expectSame("siblings", values.length, round === 0 ? 0 : 1);
    const isDone = round % 4 < 2;
    if (isDone) for (const primary of s.primaries(key)) s.drop(primary, forwarder, "PutReply");
    const put = s.put(forwarder, key, `value ${round}`, { context });
    if (isDone) await s.tick(100);
    s.cut([forwarder], s.primaries(key));
    await s.expectOutcome(put, "UNAVAILABLE", "unknown");
    await s.write(next, key, `value ${round}`, { context, retryOf: put });
    s.heal();
    await s.serving();
  }
  await s.eventuallyAllHold(key, [`value ${rounds - 1}`]);
  s.expectSame("dots that were ever issued", [...dotsOf(s.held("n1", key).context)].length, rounds);
};
const forwarding = { nodes: 5, tuning: { readRepairShare: 0 } };

test("scenario 9: a put whose link dies while it is forwarded, before or after it was done, is coordinated once", async () => {
  await scenario(forwarding, deadLinks);
});

test("scenario 9 is failed by a node that forgets operations", async () => {
  await fails(forwarding, deadLinks, mutant("forgets operations"), /^I9:/);
});

test("scenario 10: a put whose coordinator pauses is tried elsewhere, and is one value to every reader and to the next writer", async () => {
  // riak_kv#1188, #627: after three seconds the put was handed to the next coordinator, and to the next one: ten siblings of one put.
  await scenario({ clients: 1 }, async (s) => {
    await s.told(s.call("c1", put("before")));
    s.pause("n1");
    s.after(5000).resume("n1");
    expect(await s.told(s.call("c1", put("value")))).toMatchObject({ outcome: "ok" });
    s.expectSame("n1, when another had written it,", s.held("n1", key).siblings.length, 1);
    await s.tick(5000);
    // Both have minted a dot for it: neither could know of the other.
    s.expectAllHeld(key, ["value"]);
    expect(s.held("n3", key).siblings).toHaveLength(2);
    expect(await s.told(s.call("c1", get))).toMatchObject({ siblings: ["value"] });
    await s.told(s.call("c1", put("after")));
    await s.eventuallyAllHold(key, ["after"]);
    expect(s.held("n3", key).siblings).toHaveLength(1);
  });
});

test("scenario 11: a put whose answer was lost, and which is tried again after a newer one, takes nothing from that", async () => {
  // riak_kv#1754: the forwarding node lost the answer and tried again later; where the last writer wins, the old value covered a newer
  // one that had been acknowledged.
  await scenario({ nodes: 4 }, async (s) => {
    for (const primary of ["n1", "n2", "n3"]) s.drop(primary, "n4", "PutReply");
    const first = s.put("n4", key, "old", { timeoutMs: 500 });
    await s.expectOutcome(first, "TIMEOUT", "unknown");
    const { context } = await s.read("n1", key, { r: 3 });
    await s.write("n1", key, "new", { context, w: 3 });
    await s.write("n2", key, "old", { retryOf: first, w: 3 });
    await s.eventuallyAllHold(key, ["new"]);
  });
});

test("scenario 11 under load: clients that write what they have read lose nothing while links come and go", async () => {
  await scenario({ nodes: 5, clients: 8 }, async (s) => {
    const names = Array.from({ length: 8 }, (_, at) => `c${at + 1}`);
    const strict = { r: 2, w: 2, pr: 2, pw: 2, timeoutMs: 1000 };
    for (const name of names)
      for (let call = 0; call < 12; call++) {
        const bucketAndKey = { bucket: "b", key: `k${(call * 7) % 5}`, options: strict };
        s.after(call * 300).call(name, { kind: "get", ...bucketAndKey });
        s.after(call * 300).call(name, { kind: "put", ...bucketAndKey, value: `${name} ${call}`, seen: "last read" });
      }
    for (let step = 0; step < 12; step++) {
      const [some, others] = [[`n${1 + (step % 5)}`], [`n${1 + ((step + 2) % 5)}`]];
      s.after(step * 300).cut(some, others);
      s.after(step * 300 + 700).join(some, others);
    }
  });
});

test("a client's retry after an answer that never came writes nothing twice", async () => {
  // scylladb/gocql#1075: after a write timeout the driver sent operations again that were not idempotent, and lists had elements twice.
  await scenario({ clients: 1 }, async (s) => {
    await s.told(s.call("c1", put(["milk"])));
    for (const node of s.nodes) s.lose(node, "c1", 1);
    s.after(3000).lose("n2", "c1", 0);
    s.after(3000).lose("n3", "c1", 0);
    const called = s.call("c1", { ...put(["milk", "tea"]), options: { timeoutMs: 10_000 } } as Call);
    expect(await s.told(called)).toMatchObject({ outcome: "ok" });
    await s.eventuallyAllHold(key, [["milk", "tea"]]);
    for (const node of s.nodes) s.lose(node, "c1", 0);
    expect(s.held("n1", key).siblings.length).toBe(1);
  });
});

test("a node that can send and not hear keeps no client from being served", async () => {
  // TigerBeetle: a primary whose words went out and to whom none came in kept everybody else from taking over.
  await scenario({ nodes: 4, clients: 1 }, async (s) => {
    await s.told(s.call("c1", put("before")));
    s.mute([...s.nodes, "c1"], ["n1"]);
    for (let round = 0; round < 5; round++) {
      const [write, read] = [s.call("c1", put(`value ${round}`)), s.call("c1", get)];
      expect(await s.told(write)).toMatchObject({ outcome: "ok" });
      expect(await s.told(read)).toMatchObject({ outcome: "ok", value: `value ${round}` });
    }
    await s.expectRead("n4", key, ["value 4"], { r: 3 });
    s.heal();
    await s.eventuallyAllHold(key, ["value 4"]);
  });
});

test("a client whose only node can reach nobody is told so, and what it was refused is nowhere", async () => {
  await scenario({ nodes: 3 }, async (s) => {
    confine(s, "c1", "n1");
    s.isolate("n1");
    await s.tick(3000);
    const called = s.call("c1", put("never"));
    expect(await s.told(called)).toMatchObject({ outcome: "none", error: "UNAVAILABLE" });
    for (const node of s.nodes) expect(s.has(node, key)).toBe(false);
  });
});
