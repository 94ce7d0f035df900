/** sim/scenario.ts: the language of stories. Each verb does what it says, and what a story gets wrong it is told in a sentence. */
import { describe, expect, test } from "vitest";
import { Recording, scenario, type Call, type Scenario, type Setting } from "../../sim/index.ts";
import { tampered } from "./mutant.ts";

const key = "b/k";
const putCall = (value: unknown): Call => ({ kind: "put", bucket: "b", key: "k", value });
const getCall: Call = { kind: "get", bucket: "b", key: "k" };

/** What a story that fails says. */
async function failure(story: (s: Scenario) => Promise<void> | void, setting: Setting = {}): Promise<string> {
  const error: unknown = await scenario(setting, story).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return error instanceof Error ? error.message : "nothing failed";
}

describe("time", () => {
  test("tick and until let it pass, after and at say what happens meanwhile", async () => {
    await scenario({}, async (s) => {
      const beganMs = s.nowMs;
      s.after(500).crash("n3");
      s.at(beganMs + 700).start("n3");
      await s.tick(600);
      expect(s.nowMs).toBeCloseTo(beganMs + 600);
      expect(s.isDown("n3")).toBe(true);
      await s.until(beganMs + 900);
      expect(s.nowMs).toBeCloseTo(beganMs + 900);
      expect(s.isDown("n3")).toBe(false);
    });
  });

  test("a story is over when all that it has announced has happened", async () => {
    const report = await scenario({}, (s) => {
      s.after(5000).crash("n3");
      s.after(6000).call("c1", putCall("late"));
    });
    expect(report.coverage["crash"]).toBe(1);
    expect(report.script.calls.get("c1")).toMatchObject([{ told: { outcome: "ok" } }]);
  });

  test("what is awaited takes no longer than it must", async () => {
    await scenario({}, async (s) => {
      const beganMs = s.nowMs;
      await s.write("n1", key, "value");
      expect(s.nowMs - beganMs).toBeLessThan(100);
      s.after(1000).crash("n3");
      await s.eventually("n3 is down", () => s.isDown("n3"));
      expect(s.nowMs - beganMs).toBeLessThan(1200);
    });
  });
});

describe("clients", () => {
  test("call what they are told in order, and remember what they have seen", async () => {
    await scenario({}, async (s) => {
      const calls = [putCall("first"), putCall("second"), getCall].map((call) => s.call("c1", call));
      expect(calls.map(({ isOver }) => isOver)).toEqual([false, false, false]);
      expect(await s.told(calls[2]!)).toEqual({ outcome: "ok", value: "second", siblings: ["second"] });
      expect(calls[0]!.told).toMatchObject({ outcome: "ok" });
      expect(await s.told(s.call("c2", { ...putCall("beside"), seen: "nothing" } as Call))).toMatchObject({
        outcome: "ok",
      });
      await s.eventuallyAllHold(key, ["beside", "second"]);
    });
  });

  test("are told why they were refused", async () => {
    await scenario({}, async (s) => {
      for (const node of s.nodes) s.crash(node);
      const called = s.call("c1", { ...putCall("never"), options: { timeoutMs: 500 } } as Call);
      expect(await s.told(called)).toEqual({ outcome: "none", error: "UNAVAILABLE" });
    });
  });

  test("update what they read, and leave", async () => {
    await scenario({}, async (s) => {
      await s.write("n1", key, 1);
      const change = (value: number): number => value + 1;
      await s.told(s.call("c1", { kind: "update", bucket: "b", key: "k", change }));
      s.call("c1", { kind: "leave" });
      expect(await s.told(s.call("c1", getCall))).toMatchObject({ value: 2 });
    });
  });
});

describe("requests to a node", () => {
  test("write what they are given, replace what they have seen, and show it", async () => {
    await scenario({}, async (s) => {
      const first = await s.write("n1", key, { text: "first", list: [1, 2] });
      await s.expectRead("n2", key, [{ text: "first", list: [1, 2] }], { r: 3 });
      await s.write("n2", key, "second", { context: first.context, w: 3 });
      await s.expectRead("n3", key, ["second"], { r: 3 });
      await s.remove("n3", key, { context: (await s.read("n3", key)).context });
      await s.expectRead("n1", key, [], { r: 3 });
    });
  });

  test("another try of a write is the same write", async () => {
    await scenario({}, async (s) => {
      const put = await s.write("n1", key, "value", { w: 3 });
      await s.write("n2", key, "value", { retryOf: put, w: 3 });
      s.expectHeld("n3", key, ["value"]);
      expect(s.held("n3", key).siblings).toHaveLength(1);
    });
  });

  test("are lost with the process that had them", async () => {
    await scenario({}, async (s) => {
      const put = s.put("n1", key, "perhaps", { w: 3 });
      s.crash("n1");
      await s.expectOutcome(put, "lost");
      expect(() => put.values).toThrow("the put of b/k at n1 shows no object: it is lost");
    });
  });
});

describe("what a story sees", () => {
  test("who holds a key: by the ring, and by its bucket's n", async () => {
    const options = { buckets: { b: { n: 3 }, single: { n: 1 } } };
    await scenario({ nodes: 5, partitions: 16, options }, async (s) => {
      const [one, another] = ["b/1", "b/2", "b/3", "b/4", "b/5"].map((name) => s.primaries(name).join(" "));
      expect(one).not.toBe(another);
      expect(s.primaries("single/k")).toHaveLength(1);
      await s.write(s.primaries("b/1")[0]!, "b/1", "value", { w: 3 });
      s.expectAllHeld("b/1", ["value"]);
      expect(s.nodes.filter((node) => s.has(node, "b/1")).sort()).toEqual([...s.primaries("b/1")].sort());
    });
  });

  test("hints, what they keep and for whom", async () => {
    await scenario({ nodes: 4 }, async (s) => {
      s.crash("n3");
      await s.write("n1", key, "value", { w: 3 });
      s.expectHints("n4", 1);
      expect(s.kept("n4", "n3", key)).toEqual(s.held("n1", key));
      expect(s.kept("n4", "n2", key).siblings).toEqual([]);
    });
  });

  test("how much was said and written", async () => {
    await scenario({}, async (s) => {
      await s.write("n1", key, "value", { w: 3 });
      expect([s.sent("ReplicaPut"), s.writes("n1"), s.count("disk full")]).toEqual([2, 1, 0]);
      expect(s.status("n1")).toMatchObject({ node: "n1", counters: { puts: 1 } });
    });
  });
});

describe("a failure", () => {
  test("says what was found and what was expected, and what happened last", async () => {
    const said = await failure(async (s) => {
      await s.write("n1", key, "old", { w: 3 });
      s.expectHeld("n3", key, ["new", "another"]);
    });
    expect(said).toMatch(
      /^n3 holds of b\/k: \["old"\], where \["new", "another"\] was expected\n\nseed 1, the last of \d+ lines/,
    );
    expect(said).toMatch(/n3 +gets from n1: ReplicaPut/);
    expect(said).not.toMatch(/Ping|TreeRoots|Status/);
  });

  test.each<[string, (s: Scenario) => Promise<unknown>]>([
    [
      "the put of b/k at n1: STORAGE, outcome none (the disk of n1 is full), where ok was expected",
      async (s) => {
        s.fillDisk("n1");
        await s.write("n1", key, "value");
      },
    ],
    [
      "the delete of b/k at n1: ok, where TIMEOUT, outcome unknown, was expected",
      (s) => s.expectOutcome(s.delete("n1", key), "TIMEOUT", "unknown"),
    ],
    [
      "the get of b/k at n1: not answered at all, where ok was expected",
      async (s) => {
        s.pause("n1");
        await s.read("n1", key);
      },
    ],
    ["n2 reads of b/k: [], where [1] was expected", (s) => s.expectRead("n2", key, [1])],
    ["hints that n1 keeps: 0, where 2 was expected", async (s) => s.expectHints("n1", 2)],
    [
      'primaries that have a record of b/k: ["n1", "n2", "n3"], where [] was expected',
      async (s) => {
        await s.write("n1", key, "value", { w: 3 });
        s.expectGone(key);
      },
    ],
    ["the story expected that within 500 ms pigs fly", (s) => s.eventually("pigs fly", () => false, 500)],
    ["n1 holds of b/k: [], where [1] was expected", (s) => s.eventuallyAllHold(key, [1], 500)],
  ])("%s", async (sentence, story) => {
    expect((await failure(async (s) => void (await story(s)))).split("\n")[0]).toBe(sentence);
  });

  test("keeps the error that the story has thrown, whose first line leads into the story", async () => {
    const own = new Error("my own");
    const error: unknown = await scenario({}, () => {
      throw own;
    }).catch((thrown: unknown) => thrown);
    expect(error).toBe(own);
    expect(own.message).toMatch(/^my own\n\nseed 1/);
    const found: unknown = await scenario({}, (s) => s.expectHints("n1", 7)).catch((thrown: unknown) => thrown);
    expect((found as Error).stack!.split("\n").find((line) => line.startsWith("    at "))).toContain(
      "scenario.test.ts",
    );
  });

  test("of an invariant comes first, and ends the story where it waits, even one without an end", async () => {
    const createMachine = tampered((effects) =>
      effects.flatMap((effect) => (effect.kind === "persist" ? [{ ...effect, then: [] }, ...effect.then] : [effect])),
    );
    const said = await failure(
      async (s) => {
        s.put("n1", key, "value", { w: 3 });
        for (;;) await s.tick(10);
      },
      { createMachine },
    );
    expect(said).toMatch(/^I7: n\d acknowledges a write to b\/k that is not on its disk\n\nseed 1/);
  });

  test("found after the story fails it, too", async () => {
    const createMachine = tampered((effects) =>
      effects.filter((effect) => effect.kind !== "send" || effect.message.kind !== "TreeKeysReply"),
    );
    const said = await failure(
      async (s) => {
        s.drop("n1", "n3", "ReplicaPut");
        await s.write("n1", key, "value", { w: 2 });
      },
      { createMachine, tuning: { hintBytesMax: 0, readRepairShare: 0 } },
    );
    expect(said).toMatch(/^I3: /);
  });
});

describe("a mistake of the story is told in a sentence:", () => {
  test.each<[string, (s: Scenario) => unknown]>([
    ["there is no node n9; there are n1, n2, n3", (s) => s.crash("n9")],
    ["there is no node n9; there are n1, n2, n3", (s) => s.after(10).pause("n9")],
    ["there is no node n9; there are n1, n2, n3", (s) => s.put("n9", key, 1)],
    ["there is no node n9; there are n1, n2, n3", (s) => s.hold("n1", "n9", "Ping")],
    ["there is no node n9; there are n1, n2, n3", (s) => s.expectHeld("n9", key, [])],
    ["there is no n9; there are n1, n2, n3, c1, c2", (s) => s.cut(["n1"], ["n9"])],
    ["there is no client c3; there are c1, c2", (s) => s.call("c3", getCall)],
    ['"k" names no key: a key is written bucket/key', (s) => s.put("n1", "k", 1)],
    ['"k" names no key: a key is written bucket/key', (s) => s.held("n1", "k")],
    ["start does nothing: n1 is not down, but serving", (s) => s.start("n1")],
    ["resume does nothing: n1 is not paused", (s) => s.resume("n1")],
    ["flip does nothing: n1 has no record of b/k", (s) => s.flip("n1", key)],
    [
      "forget does nothing: n1 is paused, or waits for its disk: let time pass first",
      (s) => {
        s.put("n1", key, 1);
        s.forget("n1", key);
      },
    ],
    [
      "crash does nothing: n1 is down",
      (s) => {
        s.crash("n1");
        s.crash("n1");
      },
    ],
    [
      "n1 is down and takes no requests",
      (s) => {
        s.crash("n1");
        s.get("n1", key);
      },
    ],
    [
      'n1 is starting and takes no requests: wait for it, `await s.serving("n1")`',
      (s) => {
        s.crash("n1");
        s.start("n1");
        s.get("n1", key);
      },
    ],
    [
      "n1 says nothing of itself: it is down",
      (s) => {
        s.crash("n1");
        s.status("n1");
      },
    ],
    ["no ReplicaPut from n1 to n2 is held or dropped", (s) => s.deliver("n1", "n2", "ReplicaPut")],
    ["a story sets a clock off by 60000 ms at most, not 90000", (s) => s.setClock("n1", 90_000)],
  ])("%s", async (sentence, story) => {
    expect((await failure((s) => void story(s))).split("\n")[0]).toBe(sentence);
  });

  test("a moment that is over", async () => {
    expect(await failure((s) => s.at(10).crash("n1"))).toMatch(
      /^10 ms is over: the run is at [\d.]+ ms. `after` counts from now/,
    );
  });

  test("more replicas than nodes", async () => {
    expect(await failure(() => {}, { nodes: 2, n: 3 })).toBe("n is 3, and there are only 2 nodes");
  });
});

test("the whole run can be seen, as lines and as data, and is the same every time", async () => {
  const lines: string[] = [];
  const recording = new Recording();
  const story = async (s: Scenario): Promise<void> => void (await s.write("n1", key, "value"));
  const report = await scenario({ trace: (line) => lines.push(line), recording }, story);
  expect(lines.some((line) => line.includes("gets from n1: ReplicaPut"))).toBe(true);
  expect(JSON.stringify(recording.recorded(report))).toContain("ReplicaPut");
  expect((await scenario({}, story)).hash).toBe(report.hash);
  expect((await scenario({ seed: 2 }, story)).hash).not.toBe(report.hash);
});
