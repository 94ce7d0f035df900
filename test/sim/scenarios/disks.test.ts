/** Disks that fail, and what they were to keep (scenarios.md §4, by its numbers). */
import { describe, expect, test } from "vitest";
import { scenario, type Request } from "../../../sim/index.ts";
import { fails, mutant, type Story } from "./broken.ts";

const key = "b/k";
const isOk = ({ outcome }: Request): boolean => outcome === "ok";

describe("scenario 26: a node whose disk has become read-only is gone, and others stand in for it", () => {
  // riak_kv#1714, verify_readonly: it could not write any more, and stayed in the ring as if it could.
  test("its next write ends it, and it does not come up again while its disk is so", async () => {
    await scenario({ nodes: 4 }, async (s) => {
      s.breakDisk("n3");
      const put = await s.write("n1", key, "value", { w: 3 });
      expect(put.answered).toEqual(["n1", "n2", "n4"]);
      expect(s.isDown("n3")).toBe(true);
      s.start("n3");
      await s.eventually("n3 fails again", () => s.isDown("n3"));
      await s.write("n2", key, "another", { w: 3 });
      expect(s.hints("n4")).toBe(1);
      s.mendDisk("n3");
      s.start("n3");
      await s.eventuallyAllHold(key, ["value", "another"]);
    });
  });

  test("it acknowledges nothing as a coordinator", async () => {
    await scenario({}, async (s) => {
      s.breakDisk("n1");
      await s.expectOutcome(s.put("n1", key, "value", { w: 3 }), "lost");
      expect(s.isDown("n1")).toBe(true);
      await s.write("n2", "b/other", "value", { w: 2 });
    });
  });

  test("nor after one sync that failed: what of it is on the disk nobody knows", async () => {
    await scenario({}, async (s) => {
      await s.write("n1", key, "old", { w: 3 });
      s.failSync("n1");
      await s.expectOutcome(s.put("n1", key, "new", { w: 3 }), "lost");
      s.start("n1");
      s.expectHeld("n1", key, ["old"]);
      await s.eventuallyAllHold(key, ["old", "new"]);
    });
  });
});

// verify_kv1356: data that had been acknowledged was gone after a stop or a kill.
const allDie =
  (dies: "crash" | "cutPower"): Story =>
  async (s) => {
    const keys = Array.from({ length: 10 }, (_, at) => `b/k${at}`);
    const puts = keys.map((one, at) => s.put(`n${1 + (at % 3)}`, one, "value", { w: 2 }));
    await s.eventually("half of them are acknowledged", () => puts.filter(isOk).length >= 5);
    for (const node of s.nodes) s[dies](node);
    const acknowledged = keys.filter((_, at) => isOk(puts[at]!));
    for (const node of s.nodes) s.start(node);
    await s.serving();
    for (const one of acknowledged) await s.expectRead("n1", one, ["value"], { r: 3 });
  };

test("scenario 30: what was acknowledged is there when all processes are killed", async () => {
  await scenario({ disk: { syncMeanMs: 30 } }, allDie("crash"));
});

test("scenario 30, with their machines: when the power is cut", async () => {
  await scenario({ disk: { syncMeanMs: 30 } }, allDie("cutPower"));
});

test("scenario 30 is failed by a node that acknowledges before its disk has it", async () => {
  await fails({ disk: { syncMeanMs: 30 } }, allDie("crash"), mutant("acknowledges before durable"), /^I(7|12):/);
});

test("a full disk refuses writes and reads on, and makes room for both again", async () => {
  await scenario({}, async (s) => {
    await s.write("n1", key, "value", { w: 3 });
    for (const node of s.nodes) s.fillDisk(node);
    await s.expectOutcome(s.put("n1", key, "never"), "STORAGE", "none");
    await s.expectRead("n1", key, ["value"], { r: 3 });
    for (const node of s.nodes) s.freeDisk(node);
    await s.write("n1", key, "again", { w: 3 });
    s.expectAllHeld(key, ["value", "again"]);
  });
});
