/**
 * Those who stand in for a primary, and what they keep for it (scenarios.md §4, by its numbers): no failure of a replica ends in a
 * copy less that nobody knows of.
 */
import { describe, expect, test } from "vitest";
import { scenario, type Scenario } from "../../../sim/index.ts";
import { neverMs } from "../../../sim/tuning.ts";
import { fails, keepsNoHints, mutant, type Story } from "./broken.ts";

const key = "b/k";
/** What hints bring is not brought by anti-entropy. */
const handoffAlone = { antiEntropyIntervalMs: neverMs };

// riak_kv#912: the late acknowledgement met a state machine that did not expect any, and the request crashed.
const lateAnswer: Story = async (s) => {
  s.hold("n3", "n1", "ReplicaPutReply");
  const put = s.put("n1", key, "value", { w: 3, dw: 3 });
  await s.tick(100);
  expect(put.outcome).toBeUndefined();
  s.cut(["n1"], ["n3"]);
  await s.expectOutcome(put, "ok");
  expect(put.answered).toEqual(["n1", "n2", "n4"]);
  s.expectHints("n4", 1);
  const { lateReplies } = s.status("n1").counters;
  s.join(["n1"], ["n3"]);
  await s.serving();
  s.expectSame("late answers", s.deliver("n3", "n1", "ReplicaPutReply"), 1);
  await s.eventually("n1 counts it", () => s.status("n1").counters.lateReplies === lateReplies + 1);
  await s.eventually("n4 is rid of its hint", () => s.hints("n4") === 0);
  s.expectAllHeld(key, ["value"]);
  expect(s.held("n3", key).siblings).toHaveLength(1);
};

test("scenario 12: a replica that answers when a stand-in has taken its place changes nothing", async () => {
  await scenario({ nodes: 4 }, lateAnswer);
});

test("scenario 12 is failed by a node that counts an answer twice", async () => {
  await fails({ nodes: 4 }, lateAnswer, mutant("counts an answer twice"), /^I12:/);
});

// riak_core#154, riak_kv#847: a node that had started looked for partitions to hand over in memory alone, and theirs stayed on disk.
const returning =
  (first: string, second: string): Story =>
  async (s) => {
    s.crash("n3");
    await s.write("n1", key, "value", { w: 3, dw: 3 });
    s.expectHints("n4", 1);
    s.cutPower("n4");
    s.start(first);
    await s.serving();
    s.expectHeld("n3", key, []);
    s.start(second);
    await s.eventually("n4 has handed its hint over", () => s.hints("n4") === 0, 10_000);
    s.expectAllHeld(key, ["value"]);
  };

test("scenario 15: hints are handed over after their keeper has started again, when their target is back", async () => {
  await scenario({ nodes: 4, tuning: handoffAlone }, returning("n3", "n4"));
});

test("scenario 15, the other way round: the target comes back when the keeper has", async () => {
  await scenario({ nodes: 4, tuning: handoffAlone }, returning("n4", "n3"));
});

test("scenario 15 is failed by a node that drops its hints when it starts", async () => {
  const createMachine = mutant("drops its hints when it starts");
  await fails({ nodes: 4, tuning: handoffAlone }, returning("n3", "n4"), createMachine, /^I8:/);
});

// Riak could have two stand-ins on one machine: both of the answers that w needed came from one disk.
const lostDisks =
  (w: number, lost: readonly string[]): Story =>
  async (s) => {
    for (const primary of ["n2", "n3"]) s.crash(primary);
    const put = await s.write("n1", key, "value", { w, dw: w });
    expect(new Set(put.answered).size).toBeGreaterThanOrEqual(w);
    for (const node of lost) s.crash(node);
    for (const node of lost) s.start(node, "wiped");
    for (const primary of ["n2", "n3"]) s.start(primary);
    await s.eventuallyAllHold(key, ["value"]);
  };

test.each(["n1", "n4", "n5"])(
  "scenario 19: no two copies lie on one disk, so of two the disk of %s may be lost",
  async (lost) => {
    await scenario({ nodes: 5 }, lostDisks(2, [lost]));
  },
);

test.each([
  ["n1", "n4"],
  ["n1", "n5"],
  ["n4", "n5"],
])("scenario 19: and of three the disks of %s and %s", async (...lost) => {
  await scenario({ nodes: 5 }, lostDisks(3, lost));
});

test("scenario 19, with no room for a second machine: then it is an error, and not a write that one disk has twice", async () => {
  await scenario({}, async (s) => {
    for (const primary of ["n2", "n3"]) s.crash(primary);
    await s.tick(100);
    await s.expectOutcome(s.put("n1", key, "value", { w: 2, dw: 2 }), "UNAVAILABLE", "none");
    expect(s.has("n1", key)).toBe(false);
  });
});

test("scenario 44: a storm of repairs to a replica that does not answer leaves a bounded heap of hints, and none for oneself", async () => {
  // CASSANDRA-3440: every repair that timed out became a hint, some of them for the node itself, until its memory was full.
  const hintBytesMax = 3000;
  const keys = Array.from({ length: 60 }, (_, at) => `b/k${at}`);
  await scenario({ tuning: { hintBytesMax, readRepairShare: 1 } }, async (s) => {
    for (const to of ["n1", "n2"]) s.drop("n3", to, "ReplicaPutReply");
    s.drop("n1", "n3", "ReplicaPut");
    const puts = keys.map((one) => s.put("n1", one, "value", { w: 2 }));
    for (const put of puts) await s.expectOutcome(put, "ok");
    for (let round = 0; round < 3; round++) {
      for (const one of keys) s.get("n1", one, { r: 2 });
      for (const one of keys) s.get("n2", one, { r: 2 });
      await s.tick(2000);
    }
    for (const node of ["n1", "n2", "n3"]) {
      const { hints, openRequests } = s.status(node);
      expect(hints.bytes).toBeLessThanOrEqual(hintBytesMax);
      expect(Object.keys(hints.targets)).not.toContain(node);
      expect(openRequests).toBeLessThanOrEqual(keys.length);
    }
    expect(s.status("n1").hints.dropped).toBeGreaterThan(0);
  });
});

describe("scenario 45: however a replica fails, there is a hint for it, or a copy less that was counted", () => {
  // Voldemort 1.3.4, 1.8.10: for some errors (quota, a put in parallel, a failing slop store) nobody remembered what had been missed.
  const failures: Readonly<Record<string, (s: Scenario) => void>> = {
    "it does not answer": (s) => s.drop("n1", "n3", "ReplicaPut"),
    "its answer is lost": (s) => s.drop("n3", "n1", "ReplicaPutReply"),
    "it is down": (s) => s.crash("n3"),
    "it dies meanwhile": (s) => s.after(1).crash("n3"),
    "it is paused": (s) => s.pause("n3"),
    "its disk is full": (s) => s.fillDisk("n3"),
    "its disk breaks": (s) => s.breakDisk("n3"),
    "its clock is far behind": (s) => s.setClock("n3", -10_000),
  };

  const missing =
    (failure: string): Story =>
    async (s) => {
      failures[failure]!(s);
      await s.write("n1", key, "value", { w: 2 });
      await s.tick(3000);
      s.expectSame("hints for n3", s.hints("n1") + s.hints("n4"), 1);
      s.heal();
      s.setClock("n3", 0);
      s.freeDisk("n3");
      s.mendDisk("n3");
      if (failure === "it is paused") s.resume("n3");
      if (s.isDown("n3")) s.start("n3");
      await s.eventuallyAllHold(key, ["value"]);
    };

  test.each(Object.keys(failures))("%s", async (failure) => {
    await scenario({ nodes: 4, tuning: handoffAlone }, missing(failure));
  });

  test("is failed by a node that keeps no hints", async () => {
    await fails({ nodes: 4, tuning: handoffAlone }, missing("it does not answer"), keepsNoHints, /hints for n3: 0/);
  });

  test("there is no room for hints either", async () => {
    await scenario({ nodes: 4, tuning: { hintBytesMax: 0 } }, async (s) => {
      s.crash("n3");
      await s.write("n1", key, "value", { w: 2 });
      await s.tick(3000);
      expect(s.status("n1").hints.dropped + s.status("n4").hints.dropped).toBeGreaterThan(0);
      await s.expectOutcome(s.put("n1", key, "another", { w: 3 }), "UNAVAILABLE");
      s.start("n3");
      await s.eventuallyAllHold(key, ["value", "another"]);
    });
  });
});
