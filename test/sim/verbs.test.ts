/** sim/verbs.ts, and what sim/scenario.ts says of messages and ways: each verb does to a cluster what it says. */
import { describe, expect, test } from "vitest";
import { scenario, type Scenario } from "../../sim/index.ts";

const key = "b/k";

describe("processes", () => {
  test("crash, cutPower and stop end one, start begins it again, with what is on its disk", async () => {
    await scenario({}, async (s) => {
      await s.write("n1", key, "value", { w: 3 });
      for (const end of ["crash", "cutPower", "stop"] as const) {
        s[end]("n3");
        await s.eventually("n3 is down", () => s.isDown("n3"), 10_000);
        s.expectHeld("n3", key, ["value"]);
        s.start("n3");
        await s.serving();
        s.expectHeld("n3", key, ["value"]);
      }
    });
  });

  test("what is not synced is lost with its process", async () => {
    await scenario({ disk: { syncMinMs: 50 } }, async (s) => {
      s.put("n1", key, "value", { w: 1, sloppy: false });
      s.cutPower("n1");
      expect(s.has("n1", key)).toBe(false);
    });
  });

  test("pause stops one while time goes on, resume has it do what it was asked meanwhile", async () => {
    await scenario({}, async (s) => {
      s.pause("n1");
      const put = s.put("n1", key, "value");
      await s.tick(1000);
      expect(put.outcome).toBeUndefined();
      s.resume("n1");
      await s.expectOutcome(put, "ok");
    });
  });

  test("start finds an empty disk, or an old one", async () => {
    await scenario({ tuning: { antiEntropyIntervalMs: 60_000 } }, async (s) => {
      await s.write("n1", key, "copied", { w: 3 });
      s.copyDisk("n3");
      await s.write("n1", "b/later", "not copied", { w: 3 });
      s.crash("n3");
      s.start("n3", "set back");
      s.expectHeld("n3", key, ["copied"]);
      expect(s.has("n3", "b/later")).toBe(false);
      s.crash("n3");
      s.start("n3", "wiped");
      expect(s.has("n3", key)).toBe(false);
      for (const one of [key, "b/later"])
        await s.expectRead("n1", one, [one === key ? "copied" : "not copied"], { r: 2 });
    });
  });
});

describe("disks", () => {
  test("fillDisk refuses writes until freeDisk", async () => {
    await scenario({}, async (s) => {
      s.fillDisk("n1");
      await s.expectOutcome(s.put("n1", key, "never"), "STORAGE", "none");
      s.freeDisk("n1");
      await s.write("n1", key, "value");
    });
  });

  test("failSync ends the node once, breakDisk whenever it writes until mendDisk", async () => {
    await scenario({}, async (s) => {
      for (const breaks of ["failSync", "breakDisk"] as const) {
        s[breaks]("n1");
        await s.expectOutcome(s.put("n1", key, `before ${breaks}`, { w: 1, sloppy: false }), "lost");
        s.start("n1");
        await s.tick(100);
        s.expectSame(`n1 is down after ${breaks}`, s.isDown("n1"), breaks === "breakDisk");
      }
      s.mendDisk("n1");
      s.start("n1");
      await s.serving();
      await s.write("n1", "b/other", "value");
    });
  });

  test("flip turns a bit of a record, forget takes it away", async () => {
    await scenario({}, async (s) => {
      await s.write("n1", key, "value", { w: 3 });
      s.flip("n2", key);
      expect([s.has("n2", key), s.held("n2", key).siblings]).toEqual([true, []]);
      s.forget("n3", key);
      expect(s.has("n3", key)).toBe(false);
    });
  });
});

test("setClock, driftClock and freezeClock turn a wall clock, thawClock lets it go", async () => {
  const timestampOf = async (s: Scenario, name: string): Promise<number> => {
    await s.write("n1", name, name, { w: 1, sloppy: false });
    return s.held("n1", name).siblings[0]!.timestamp.ms;
  };
  await scenario({}, async (s) => {
    const base = (await timestampOf(s, "b/1")) - s.nowMs;
    s.setClock("n1", 400);
    expect((await timestampOf(s, "b/2")) - s.nowMs - base).toBeGreaterThan(380);
    s.setClock("n1", 0);
    s.driftClock("n1", 100_000);
    await s.tick(5000);
    expect((await timestampOf(s, "b/3")) - s.nowMs - base).toBeGreaterThan(480);
    s.driftClock("n1", 0);
    s.setClock("n1", 0);
    await s.tick(2000);
    s.freezeClock("n1");
    const frozen = await timestampOf(s, "b/4");
    await s.tick(2000);
    expect((await timestampOf(s, "b/5")) - frozen).toBeLessThan(100);
    s.thawClock("n1");
    expect((await timestampOf(s, "b/6")) - frozen).toBeGreaterThan(1900);
  });
});

describe("the network", () => {
  test("cut, isolate and join: whoever is cut off is alone, in both directions", async () => {
    await scenario({}, async (s) => {
      s.isolate("n3");
      await s.tick(3000);
      await s.expectOutcome(s.put("n3", key, "never"), "UNAVAILABLE", "none");
      await s.write("n1", key, "value");
      s.join(["n3"], s.nodes);
      await s.serving("n3");
      await s.write("n3", "b/other", "value", { w: 3 });
    });
  });

  test("mute and block are one way, unblock opens it", async () => {
    await scenario({}, async (s) => {
      s.mute(["n3"], ["n1", "n2"]);
      s.put("n1", key, "value", { timeoutMs: 100 });
      await s.tick(50);
      s.expectHeld("n3", key, ["value"]);
      expect(s.status("n1").counters.puts).toBe(1);
      s.put("n3", "b/mute", "value", { timeoutMs: 100 });
      await s.tick(50);
      expect(s.has("n1", "b/mute")).toBe(false);
      s.unblock(["n3", "n1"], ["n3", "n2"]);
      await s.write("n3", "b/other", "value", { w: 3 });
    });
  });

  test("clog makes frames wait, lose has them vanish", async () => {
    await scenario({}, async (s) => {
      s.clog("n1", "n2", 500);
      const put = s.put("n1", key, "value", { w: 3 });
      await s.tick(400);
      expect(put.outcome).toBeUndefined();
      await s.expectOutcome(put, "ok");
      s.lose("n1", "n2", 1);
      await s.expectOutcome(s.put("n1", "b/lost", "value", { w: 3, timeoutMs: 200 }), "TIMEOUT");
      s.lose("n1", "n2", 0);
      await s.write("n1", "b/other", "value", { w: 3 });
    });
  });

  test("heal opens every way and lets every message pass", async () => {
    await scenario({}, async (s) => {
      s.isolate("n3");
      s.lose("n1", "n2", 1);
      s.clog("n2", "n1", 60_000);
      s.drop("n2", "n1", "ReplicaPutReply");
      s.heal();
      await s.serving();
      await s.write("n1", key, "value", { w: 3 });
    });
  });
});

describe("messages", () => {
  test("drop has those of a kind vanish on one way, until deliver", async () => {
    await scenario({}, async (s) => {
      s.drop("n1", "n3", "ReplicaPut");
      await s.write("n1", key, "value", { w: 2 });
      await s.tick(50);
      expect([s.has("n2", key), s.has("n3", key)]).toEqual([true, false]);
      s.expectSame("messages that waited", s.deliver("n1", "n3", "ReplicaPut"), 0);
      await s.write("n1", "b/other", "value", { w: 3 });
    });
  });

  test("hold has them wait, and deliver sends them on", async () => {
    await scenario({}, async (s) => {
      s.hold("n1", "n3", "ReplicaPut");
      const put = s.put("n1", key, "value", { w: 3 });
      await s.tick(30);
      expect(put.outcome).toBeUndefined();
      s.expectSame("messages that waited", s.deliver("n1", "n3", "ReplicaPut"), 1);
      await s.expectOutcome(put, "ok");
    });
  });

  test("say puts words into a node's mouth", async () => {
    await scenario({}, async (s) => {
      const news = [{ node: "n3", state: "suspect", incarnation: 3, by: "n2" }] as const;
      s.say("n2", "n1", { kind: "Ping", id: 1, target: undefined, news });
      await s.eventually("n3 has heard of it", () => s.status("n3").members["n3"]?.incarnation === 4, 10_000);
    });
  });
});
