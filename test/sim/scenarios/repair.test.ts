/**
 * What makes replicas the same again (scenarios.md §4, by its numbers): it finds whatever differs, ends when nothing does any more, and
 * stumbles over no single record.
 */
import { expect, test } from "vitest";
import { scenario, type Scenario } from "../../../sim/index.ts";
import { fails, hasLyingTrees, mutant, type Story } from "./broken.ts";

const key = "b/k";
const primaries = ["n1", "n2", "n3"];
/** Nobody keeps hints: what was missed is found by comparing, or not at all. */
const withoutHints = { hintBytesMax: 0 };

/** Whatever nodes have written so far. */
function writes(s: Scenario): number {
  return s.nodes.reduce((sum, node) => sum + s.writes(node), 0);
}

// verify_dvv_repl: each version that came over became one more sibling, for the two sides' clocks knew nothing of each other.
const versionsOutOfOrder: Story = async (s) => {
  s.isolate("n3");
  await s.tick(2000);
  await s.write("n3", key, "own", { w: 1, sloppy: false });
  s.heal();
  s.cut(["n2"], ["n3"]);
  await s.serving();
  let context: Uint8Array | undefined;
  for (let version = 1; version <= 100; version++) {
    ({ context } = await s.write("n1", key, `version ${version}`, { context, w: 1 }));
    expect(s.held("n3", key).siblings.length).toBeLessThanOrEqual(2);
  }
  await s.eventuallyAllHold(key, ["own", "version 100"]);
};
const disorderly = { network: { delayMeanMs: 20, reorder: 0.5 }, tuning: { hintAgeMsMax: 100 } };

test("scenario 8: a replica with a sibling of its own that receives a hundred versions out of order ends with two", async () => {
  await scenario(disorderly, versionsOutOfOrder);
});

test("scenario 8 is failed by a node that ignores contexts", async () => {
  await fails(disorderly, versionsOutOfOrder, mutant("ignores contexts"), /^I10?:/);
});

// riak_kv#473: trees that did not say what the data said had the same keys repaired for ever.
const oneRepair: Story = async (s) => {
  await s.write("n1", key, "value", { w: 3 });
  await s.tick(1000);
  s.forget("n3", key);
  await s.eventuallyAllHold(key, ["value"], 10_000);
  await s.tick(1000);
  const [written, asked] = [writes(s), s.sent("ReplicaGet")];
  await s.tick(4000);
  s.expectSame("writes since", writes(s) - written, 0);
  s.expectSame("records asked for since", s.sent("ReplicaGet") - asked, 0);
};

test("scenario 20: what anti-entropy has repaired it leaves alone", async () => {
  await scenario({}, oneRepair);
});

test("scenario 20 is failed by a node that has trees that say something else than its records", async () => {
  await fails({}, oneRepair, hasLyingTrees, /asked for since/);
});

test("scenario 21: what was put together in another order is the same, and nothing is repaired", async () => {
  // riak_kv#1189: a hash went over a dictionary in the order in which it had been filled, and replicas that held the same differed.
  const pairs = primaries.flatMap((from) => primaries.filter((to) => to !== from).map((to) => [from, to] as const));
  await scenario({ tuning: withoutHints }, async (s) => {
    for (const [from, to] of pairs) s.hold(from, to, "ReplicaPut");
    for (const [from, to] of pairs) s.drop(from, to, "TreeRoots");
    for (const node of primaries) for (const value of [1, 2]) s.put(node, key, `${node} ${value}`, { w: 1 });
    await s.tick(300);
    for (const [from, to] of pairs.toReversed()) {
      s.deliver(from, to, "ReplicaPut");
      await s.tick(20);
    }
    s.expectAllHeld(key, ["n1 1", "n1 2", "n2 1", "n2 2", "n3 1", "n3 2"]);
    for (const [from, to] of pairs) s.deliver(from, to, "TreeRoots");
    const [written, compared] = [writes(s), s.sent("TreeRootsReply")];
    await s.eventually("they compare their trees", () => s.sent("TreeRootsReply") - compared > 10);
    s.expectSame("writes since", writes(s) - written, 0);
    s.expectSame("looks into trees that differ", s.sent("TreeNodes"), 0);
  });
});

test("scenario 23: the same value under another context is another state, and is repaired", async () => {
  // ferrosa PR#47: trees hashed keys and not what they held, so they were equal whatever the replicas had missed.
  await scenario({ tuning: { ...withoutHints, readRepairShare: 0 } }, async (s) => {
    const { context } = await s.write("n1", key, "same", { w: 3 });
    s.drop("n1", "n3", "ReplicaPut");
    await s.write("n1", key, "same", { context });
    s.expectAllHeld(key, ["same"]);
    expect(s.held("n3", key).context).not.toEqual(s.held("n1", key).context);
    s.deliver("n1", "n3", "ReplicaPut");
    const same = (): boolean => JSON.stringify(s.held("n3", key).context) === JSON.stringify(s.held("n1", key).context);
    await s.eventually("n3 has the context, too", same, 10_000);
  });
});

test("scenario 24: one record that cannot be read holds up no tree, and is fetched from a peer", async () => {
  // Riak 3.0.10, #1824: the rebuilding of a tree stopped at the first object that it could not read, for ever.
  await scenario({ tuning: withoutHints }, async (s) => {
    await s.write("n1", key, "value", { w: 3 });
    s.isolate("n3");
    await s.tick(2000);
    await s.write("n1", "b/other", "missed", { w: 2 });
    s.flip("n3", key);
    s.crash("n3");
    s.heal();
    s.start("n3");
    await s.eventuallyAllHold("b/other", ["missed"], 20_000);
    await s.eventuallyAllHold(key, ["value"], 20_000);
    expect(s.status("n3").counters.badRecords).toBeGreaterThan(0);
    expect(s.status("n3").partitions?.every(({ isReady }) => isReady)).toBe(true);
  });
});

test("a bad record is fetched again as soon as somebody writes the key", async () => {
  await scenario({ tuning: { antiEntropyIntervalMs: 60_000, scrubIntervalMs: 60_000 } }, async (s) => {
    await s.write("n1", key, "value", { w: 3 });
    s.flip("n1", key);
    await s.write("n2", key, "beside", { w: 3 });
    await s.eventuallyAllHold(key, ["value", "beside"], 10_000);
  });
});

// riak_kv#334, verify_no_writes_on_read: each read set off a repair of replicas that had nothing to be repaired.
const readsAlone: Story = async (s) => {
  await s.write("n1", key, "value", { w: 3 });
  await s.tick(2000);
  const [written, copies] = [writes(s), s.sent("ReplicaPut")];
  for (let reads = 0; reads < 100; reads++)
    await s.expectRead(`n${1 + (reads % 4)}`, key, ["value"], {
      r: 1 + (reads % 3),
      readRepair: reads % 2 ? "async" : "blocking",
    });
  await s.tick(2000);
  s.expectSame("writes since", writes(s) - written, 0);
  s.expectSame("copies sent since", s.sent("ReplicaPut") - copies, 0);
};

test("scenario 28: a hundred reads of what is the same everywhere write nothing", async () => {
  await scenario({ nodes: 4, tuning: { readRepairShare: 1 } }, readsAlone);
});

test("scenario 28 is failed by a node that writes what it reads", async () => {
  await fails({ nodes: 4, tuning: { readRepairShare: 1 } }, readsAlone, mutant("writes what it reads"), /writes since/);
});

test("a new cluster is looked after from its first seconds on", async () => {
  // riak_kv#1656: trees were first built a day after the start, and until then nothing compared anything.
  await scenario({ isWarm: false, tuning: withoutHints }, async (s) => {
    await s.serving();
    s.drop("n1", "n3", "ReplicaPut");
    await s.write("n1", key, "value", { w: 2 });
    s.deliver("n1", "n3", "ReplicaPut");
    await s.eventuallyAllHold(key, ["value"], 5000);
  });
});
