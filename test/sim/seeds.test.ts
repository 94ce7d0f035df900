// What many seeds amount to: the shipped store holds every invariant, a seed is one run, and each way to fail has its name.
import { describe, expect, test } from "vitest";
import { Replica } from "../../node/replica.ts";
import { exitStatus, runSeed, runSeeds, runSeedTwice, type Crew } from "../../sim/index.ts";

/** What thirty seeds go through at the least: each mark of what the node does. */
const marks = [
  "crash with unsynced writes",
  "cutPower",
  "stop",
  "block",
  "clog",
  "pause",
  "lose",
  "link lost",
  "bad frame",
  "setClock",
  "driftClock",
  "freezeClock",
  "wiped disk",
  "set back disk",
  "flip",
  "failSync",
  "breakDisk",
  "fillDisk",
  "core",
  "hint stored",
  "hint removed",
  "hint dropped",
  "stand-in asked",
  "member suspect",
  "member dead",
  "refutes",
  "tombstone collected",
  "counted keysRepairedHere",
  "counted keysRepairedThere",
  "counted readRepairs",
  "counted hedges",
];

describe("seeds", () => {
  test("thirty seeds hold every invariant", async () => {
    const report = await runSeeds({ seed: 1, count: 30, repeatEvery: 10 });
    expect(report.failures.map(({ seed, violations, error }) => ({ seed, violations, error }))).toEqual([]);
    const missing = marks.filter((mark) => report.coverage[mark] === undefined);
    expect(missing).toEqual([]);
  });

  test("the same seed gives the same run, whatever ran before it", async () => {
    const forwards: string[] = [];
    for (const seed of [7, 8, 9]) forwards.push((await runSeed(seed)).hash);
    const backwards: string[] = [];
    for (const seed of [9, 8, 7]) backwards.unshift((await runSeed(seed, { trace: () => {} })).hash);
    expect(backwards).toEqual(forwards);
    expect(new Set(forwards).size).toBe(3);
  });

  test("a node that draws its own dice is found out", async () => {
    let draws = 0;
    const report = await runSeedTwice(1, {
      createMachine: (config, store, now) => {
        const replica = new Replica(config, store, now);
        return { step: (now, input) => (++draws % 997 === 0 ? [] : replica.step(now, input)) };
      },
    });
    expect([report.kind, exitStatus[report.kind]]).toEqual(["nondeterministic", 4]);
  });

  test("whoever plays them, seeds are told in their order, and all that were played", async () => {
    const shipped = await runSeed(5);
    const crew: Crew = {
      size: 3,
      // The later ones come back first; one is not played at all.
      play: async (seed, isRepeated) => {
        for (let turns = 10 * (10 - seed); turns > 0; turns--) await Promise.resolve();
        const kind = seed === 6 ? "liveness" : "ok";
        return seed === 7 ? undefined : { ...shipped, seed, kind, events: isRepeated ? 1000 : 1 };
      },
    };
    const told: number[] = [];
    const report = await runSeeds({ seed: 5, count: 5, repeatEvery: 4, crew, onSeed: ({ seed }) => told.push(seed) });
    expect(told).toEqual([5, 6, 8, 9]);
    expect(report).toMatchObject({ seeds: 4, events: 2002, simulatedMs: 4 * shipped.simulatedMs });
    expect(report.failures.map(({ seed }) => seed)).toEqual([6]);
  });

  test("a node that throws is a crash, with its stack", async () => {
    const report = await runSeed(1, {
      createMachine: () => ({
        step: () => {
          throw new Error("broken on purpose");
        },
      }),
    });
    expect(report.kind).toBe("crash");
    expect(report.error).toContain("broken on purpose");
  });

  test("a cluster that never answers is a liveness failure", async () => {
    const report = await runSeed(1, { createMachine: () => ({ step: () => [] }) });
    expect([report.kind, exitStatus[report.kind]]).toEqual(["liveness", 2]);
  });

  test("a trace has one line per event, with time, columns and names", async () => {
    const lines: string[] = [];
    await runSeed(11, { trace: (line) => lines.push(line) });
    expect(lines[0]).toContain("11: ");
    expect(
      lines.some((line) =>
        /^ +\d+\.\d{3} ms {2}[○·×●]( [○·×●])* {2}n\d +gets from n\d: ReplicaPut #\d+ b\/k\d+/.test(line),
      ),
    ).toBe(true);
  });
});
