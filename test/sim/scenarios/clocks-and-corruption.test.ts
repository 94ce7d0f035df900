/** Clocks that are wrong, processes that stand still, and words that were garbled on their way (scenarios.md §4, by its numbers). */
import { describe, expect, test } from "vitest";
import { scenario } from "../../../sim/index.ts";
import { hashKey, makeKey } from "../../../src/key.ts";
import { encodeRecord } from "../../../src/record.ts";

const key = "b/k";

describe("scenario 41: pauses and clocks that are a minute off lose nothing that was acknowledged", () => {
  // Jepsen, Aerospike 3.99: a pause of 27 s or a clock that far off lost acknowledged writes, and writes told to have failed were there.
  test("what a coordinator does after half a minute stands beside what was written meanwhile", async () => {
    await scenario({ nodes: 4 }, async (s) => {
      const { context } = await s.write("n1", key, "old", { w: 3 });
      s.pause("n1");
      const late = s.put("n1", key, "late", { context, w: 1 });
      await s.tick(10_000);
      await s.write("n2", key, "new", { context, w: 3 });
      s.expectSame("n4 stands in", s.hints("n4"), 1);
      await s.tick(20_000);
      s.resume("n1");
      await s.expectOutcome(late, "ok");
      await s.eventuallyAllHold(key, ["late", "new"]);
    });
  });

  test("what it had begun before replaces nothing that was written by somebody who had read it", async () => {
    await scenario({ nodes: 4 }, async (s) => {
      const { context } = await s.write("n1", key, "old", { w: 3 });
      const begun = [1, 2, 3].map((at) => s.put("n1", key, `begun ${at}`, { context, w: 3 }));
      s.pause("n1");
      await s.tick(10_000);
      const read = await s.read("n2", key, { r: 2 });
      s.expectSame("n2 reads", read.values, ["begun 1", "begun 2", "begun 3"]);
      await s.write("n2", key, "new", { context: read.context, w: 3 });
      await s.tick(20_000);
      s.resume("n1");
      for (const put of begun) await s.answered(put);
      await s.eventuallyAllHold(key, ["new"]);
    });
  });

  test("a clock that is a minute ahead: its writes may fail, nobody else's do", async () => {
    await scenario({}, async (s) => {
      const { context } = await s.write("n1", key, "before", { w: 3 });
      s.setClock("n1", 60_000);
      await s.expectOutcome(s.put("n1", key, "ahead", { context }), "UNAVAILABLE", "unknown");
      await s.write("n2", key, "beside", { context });
      s.setClock("n1", 0);
      await s.tick(61_000);
      const read = await s.read("n3", key, { r: 3 });
      expect(read.values).toContain("beside");
      await s.write("n1", key, "after", { context: read.context });
      await s.eventuallyAllHold(key, ["after"]);
    });
  });

  test("a clock that is a minute behind: it is refused to write over what it takes for the future, and reads it", async () => {
    await scenario({}, async (s) => {
      const { context } = await s.write("n2", key, "before", { w: 3 });
      s.setClock("n1", -60_000);
      await s.expectOutcome(s.put("n1", key, "never", { context }), "CLOCK_SKEW", "none");
      await s.expectRead("n1", key, ["before"], { r: 3 });
      await s.write("n2", key, "after", { context, w: 2 });
      await s.expectRead("n1", key, ["after"], { r: 3 });
      s.setClock("n1", 0);
      await s.eventuallyAllHold(key, ["after"]);
    });
  });
});

describe("scenario 47: what is garbled on its way stays where it arrives", () => {
  // Amazon S3, 20 July 2008: one bit that had turned in a message of gossip said something that could be understood, and spread until
  // the servers did nothing but gossip.
  test("news of members that cannot be is not believed, and not passed on", async () => {
    await scenario({ nodes: 5 }, async (s) => {
      const absurd = [
        { node: "n3", state: "dead", incarnation: 2 ** 50, by: "n2" },
        { node: "n4", state: "suspect", incarnation: 2 ** 30, by: "n2" },
        { node: "n2", state: "alive", incarnation: 2 ** 52, by: "n3" },
        // Nobody, somebody who speaks for another, and one that suspects itself.
        { node: "nobody", state: "dead", incarnation: 5000, by: "n2" },
        { node: "n3", state: "alive", incarnation: 5000, by: "n2" },
        { node: "n4", state: "suspect", incarnation: 5000, by: "n4" },
      ] as const;
      s.say("n2", "n1", { kind: "Ping", id: 1, target: undefined, news: absurd });
      s.say("n2", "n5", { kind: "PingReply", id: 1, isAlive: true, news: absurd });
      await s.tick(20_000);
      for (const node of s.nodes)
        for (const [member, { state, incarnation }] of Object.entries(s.status(node).members)) {
          s.expectSame(`what ${node} believes of ${member}`, state, "alive");
          expect(incarnation).toBeLessThan(100);
          expect(s.nodes).toContain(member);
        }
      await s.write("n1", key, "value", { w: 3, pw: 3 });
    });
  });

  test("a member that is slandered believably refutes it, and is used again", async () => {
    await scenario({ nodes: 4 }, async (s) => {
      const news = [{ node: "n3", state: "dead", incarnation: 5, by: "n2" }] as const;
      s.say("n2", "n1", { kind: "Ping", id: 1, target: undefined, news });
      await s.eventually("n3 has refuted it", () => s.status("n1").members["n3"]?.incarnation === 6, 10_000);
      s.expectSame("n3", s.status("n1").members["n3"]?.state, "alive");
      await s.write("n1", key, "value", { w: 3, pw: 3 });
    });
  });

  test("frames whose end is missing cost their link, and no state", async () => {
    await scenario({ nodes: 3, network: { truncation: 0.05 } }, async (s) => {
      const written: string[] = [];
      for (let round = 0; round < 60; round++) {
        const put = await s.answered(
          s.put(`n${1 + (round % 3)}`, `b/k${round % 4}`, `value ${round}`, { timeoutMs: 1000 }),
        );
        if (put.outcome === "ok") written.push(`value ${round}`);
        await s.tick(100);
      }
      expect(written.length).toBeGreaterThan(10);
      expect(s.count("bad frame")).toBeGreaterThan(0);
    });
  });

  test("a copy of which any byte has changed is refused, and so is one under another key", async () => {
    await scenario({}, async (s) => {
      await s.write("n1", key, "value", { w: 3 });
      const [bytes, stranger] = [makeKey("b", "k"), makeKey("b", "l")];
      const record = encodeRecord(hashKey(bytes), s.held("n1", key));
      const copy = { kind: "ReplicaPut", timeoutMs: 1000, early: false, standsFor: undefined } as const;
      s.forget("n2", key);
      const written = s.writes("n2");
      for (const at of record.keys())
        s.say("n1", "n2", {
          ...copy,
          id: at,
          key: bytes,
          record: record.map((byte, place) => (place === at ? byte ^ 4 : byte)),
        });
      s.say("n1", "n2", { ...copy, id: record.length, key: stranger, record });
      await s.tick(20);
      s.expectSame("what n2 has written of it", s.writes("n2") - written, 0);
      s.say("n1", "n2", { ...copy, id: 1000, key: bytes, record });
      await s.tick(20);
      s.expectHeld("n2", key, ["value"]);
    });
  });
});
