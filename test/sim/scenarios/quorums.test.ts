/** What a quorum proves, and what an error says (scenarios.md §4, by its numbers). */
import { expect, test } from "vitest";
import { scenario } from "../../../sim/index.ts";
import { asksNoPrimaries, fails, mendsLater, mutant, type Story } from "./broken.ts";

const key = "b/k";

test("scenario 13: primaries that are there and do not answer are no quorum of primaries", async () => {
  // riak_kv#485: pr and pw were checked against who was believed to be up, and then anybody's answers did.
  await scenario({ nodes: 5 }, async (s) => {
    for (const primary of ["n2", "n3"])
      for (const kind of ["ReplicaPut", "ReplicaGet"] as const) s.drop("n1", primary, kind);
    await s.expectOutcome(s.put("n1", key, "value", { w: 2, pw: 2 }), "TIMEOUT", "unknown");
    await s.expectRead("n1", key, ["value"], { r: 2 });
    const get = await s.expectOutcome(s.get("n1", key, { r: 2, pr: 2 }), "TIMEOUT");
    expect(get.answer).toMatchObject({ details: { of: "pr", need: 2, got: 1 } });
    for (const primary of ["n2", "n3"]) expect(s.status("n1").members[primary]?.state).toBe("alive");
  });
});

const onlyStandIns: Story = async (s) => {
  const put = s.put("n1", key, "value", { w: 2, pw: 2 });
  s.cut(["n1", "n4", "n5"], ["n2", "n3"]);
  await s.expectOutcome(put, "UNAVAILABLE", "unknown");
  await s.eventually("two stand-ins keep a hint", () => s.hints("n4") + s.hints("n5") === 2);
  await s.expectOutcome(s.put("n1", key, "never", { w: 3, pw: 2 }), "UNAVAILABLE", "none");
  await s.expectOutcome(s.get("n1", key, { r: 3, pr: 2 }), "UNAVAILABLE");
  await s.expectRead("n1", key, ["value"], { r: 3 });
};

test("scenario 13, with stand-ins that answer: they are none of the primaries", async () => {
  await scenario({ nodes: 5 }, onlyStandIns);
});

test("scenario 13 is failed by a node that takes anybody for a primary", async () => {
  await fails({ nodes: 5 }, onlyStandIns, asksNoPrimaries, /^I12:/);
});

test("scenario 14: what a bucket says of pr and pw holds, and the default of none does not mask it", async () => {
  // riak_kv#1835: the default, 0, masked the bucket's own; whoever had just come up said "not found", and a client that believed it wrote
  // a new object over the old one. test/src/options.test.ts has the whole matrix.
  const buckets = { b: { r: 2, pr: 2, w: 2, pw: 2 }, loose: { r: 2, w: 2 } };
  await scenario({ nodes: 5, options: { buckets } }, async (s) => {
    for (const bucket of ["b", "loose"]) await s.write("n1", `${bucket}/k`, "value", { w: 3 });
    for (const primary of ["n2", "n3"]) s.crash(primary);
    await s.tick(100);
    await s.expectRead("n1", "loose/k", ["value"]);
    await s.write("n1", "loose/k", "another");
    await s.expectOutcome(s.get("n1", key), "UNAVAILABLE");
    await s.expectOutcome(s.put("n1", key, "another"), "UNAVAILABLE", "none");
    await s.expectRead("n1", key, ["value"], { pr: 0 });
  });
});

const emptyDisk: Story = async (s) => {
  await s.write("n3", key, "value", { w: 3, dw: 3 });
  for (const node of s.nodes) s.crash(node);
  for (const node of ["n1", "n2"]) s.start(node, "wiped");
  await s.serving();
  await s.expectOutcome(s.get("n1", key, { r: 1 }), "UNAVAILABLE");
  s.start("n3");
  await s.serving();
  await s.expectRead("n1", key, ["value"], { r: 1 });
};

test("scenario 14, of whoever has just come up: an empty disk says not found to nobody", async () => {
  await scenario({}, emptyDisk);
});

test("scenario 14 is failed by a node that says absent on an empty disk", async () => {
  await fails({}, emptyDisk, mutant('says "absent" on an empty disk'), /^I12:/);
});

// Jepsen, Scylla 4.2: writes that had been told to have failed were read later.
const refusal: Story = async (s) => {
  const strict = { sloppy: false } as const;
  s.isolate("n1");
  await s.tick(3000);
  await s.expectOutcome(s.put("n1", key, "never", { ...strict, w: 2 }), "UNAVAILABLE", "none");
  for (const node of s.nodes) expect(s.has(node, key)).toBe(false);
  s.heal();
  await s.serving();
  for (const primary of ["n2", "n3"]) s.hold("n1", primary, "ReplicaPut");
  await s.expectOutcome(s.put("n1", key, "perhaps", { ...strict, w: 2, timeoutMs: 500 }), "TIMEOUT", "unknown");
  for (const primary of ["n2", "n3"]) s.deliver("n1", primary, "ReplicaPut");
  await s.eventuallyAllHold(key, ["perhaps"]);
};

test("scenario 40: what was refused with outcome none is never seen, and what is unknown may be", async () => {
  await scenario({ nodes: 5 }, refusal);
});

test("scenario 40 is failed by a node that promises too much", async () => {
  await fails({ nodes: 5 }, refusal, mutant("promises too much"), /outcome unknown, was expected/);
});

test("scenario 42: five writers of one set lose nothing that was acknowledged, whatever the quorum and the partition", async () => {
  // Jepsen, Riak and Cassandra: where the last writer wins, 30 to 70 % of acknowledged writes were gone, at r = w = pr = pw = all too.
  // Siblings are merged by whoever reads them, and lose none.
  await scenario({ nodes: 5 }, async (s) => {
    const acknowledged = new Set<string>();
    const add = async (node: string, element: string): Promise<void> => {
      const read = await s.answered(s.get(node, key, { r: 1 }));
      if (read.outcome !== "ok") return;
      const known = (read.values as string[][]).flat();
      const put = s.put(node, key, [...new Set([...known, element])], { context: read.context, w: 2, timeoutMs: 500 });
      if ((await s.answered(put)).outcome === "ok") acknowledged.add(element);
    };
    s.after(300).cut(["n1", "n2", "n4"], ["n3", "n5"]);
    s.after(4000).join(["n1", "n2", "n4"], ["n3", "n5"]);
    for (let round = 0; round < 20; round++) for (const node of s.nodes) await add(node, `${node} ${round}`);
    await s.tick(5000);
    const { values } = await s.read("n1", key, { r: 3 });
    const found = new Set((values as string[][]).flat());
    expect([...acknowledged].filter((element) => !found.has(element))).toEqual([]);
    expect(acknowledged.size).toBeGreaterThan(80);
    expect(s.count("stand-in asked")).toBeGreaterThan(0);
  });
});

// CASSANDRA-14635: a write that had reached one of three was read once and never again; blocking read repair is what prevents it.
const partOfAWrite: Story = async (s) => {
  const { context } = await s.write("n1", key, "old", { w: 3 });
  for (const primary of ["n2", "n3"]) s.drop("n1", primary, "ReplicaPut");
  await s.expectOutcome(s.put("n1", key, "new", { context, timeoutMs: 100 }), "TIMEOUT", "unknown");
  s.drop("n3", "n2", "ReplicaGet");
  const blocking = { r: 2, sloppy: false, readRepair: "blocking" } as const;
  await s.expectRead("n3", key, ["new"], blocking);
  // At once: what is not on their disks by now is lost.
  for (const node of ["n1", "n3"]) s.cutPower(node);
  s.start("n3");
  await s.serving();
  await s.expectRead("n2", key, ["new"], blocking);
};

test("scenario 43: what one read has seen of a failed write, the next one sees too, whoever dies in between", async () => {
  await scenario({ nodes: 3 }, partOfAWrite);
});

test("scenario 43 is failed by a node that answers before it has repaired", async () => {
  await fails({ nodes: 3 }, partOfAWrite, mendsLater, /^I17:/);
});
