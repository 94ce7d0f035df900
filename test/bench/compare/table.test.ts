// The table says everything that was found, in lines that fit a terminal, and invents nothing that was not.
import { describe, expect, it } from "vitest";
import { advise } from "../../../bench/compare/advice.ts";
import { renderTable } from "../../../bench/compare/table.ts";
import {
  cellOf,
  consistencyOf,
  figuresOf,
  latencyOf,
  open,
  plausibleResults,
  settingOf,
  throughJson,
} from "./plausible-results.ts";

const bare = { faults: [], staleness: [], advice: undefined };

describe("a table", () => {
  it("fits 100 columns, however long the names of settings are", () => {
    const results = plausibleResults();
    const lines = renderTable({ ...results, advice: advise(results.cells, { maxStaleShare: 0.001, p99Ms: 10 }) }).split(
      "\n",
    );
    expect(lines.filter((line) => line.length > 100)).toEqual([]);
    expect(lines.length).toBeGreaterThan(100);
  });

  it("begins each workload with what a choice is made by", () => {
    const figures = figuresOf({
      perSecond: 54_281.4,
      reads: latencyOf(8.56),
      writes: latencyOf(11.5),
      consistency: consistencyOf(100_000, 140, { lostUpdates: 3 }),
      failed: 5,
      unknown: 2,
      cpuSecondsPerMillion: 25.81,
    });
    const cell = cellOf({ figures, setting: settingOf({ r: 1 }), ofFloor: 0.5712 });
    const lines = renderTable(plausibleResults({ ...bare, cells: [cell] })).split("\n");
    const at = lines.indexOf("A: half reads, half updates · closed loop, 256 in flight");
    expect(lines.slice(at + 1, at + 4)).toEqual([
      "            done     of  CPU s  ──────────────── reads  ───────────── writes   not",
      "setting    per s  floor  per M   stale  p50 ms  p99 ms  lost  p50 ms  p99 ms  done",
      "n3 r1 w2  54,281   0.57   25.8  0.14 %    3.42    8.56     3    4.60    11.5     7",
    ]);
  });

  it("has all other figures below", () => {
    const text = renderTable(plausibleResults());
    for (const heading of [
      "p99.9 ms",
      "failed",
      "unknown",
      "bytes",
      "messages",
      "versions behind",
      "ms behind",
      "siblings",
    ])
      expect(text).toContain(heading);
  });

  it("leaves out columns of which nothing is known", () => {
    const figures = figuresOf({
      writes: latencyOf(0, 0),
      bytesPerRequest: undefined,
      messagesPerRequest: undefined,
      cpuSecondsPerMillion: undefined,
    });
    const text = renderTable(plausibleResults({ ...bare, cells: [cellOf({ figures, workload: "C" })] }));
    for (const heading of ["floor", "CPU", "writes", "per request", "behind"]) expect(text).not.toContain(heading);
    expect(text).toContain("reads");
  });

  it("keeps systems and their settings apart", () => {
    const cells = (["coterie", "floor"] as const).flatMap((system) =>
      [1, 2].map((r) => cellOf({ system, setting: settingOf({ r }), figures: figuresOf() })),
    );
    const text = renderTable(
      plausibleResults({ ...bare, cells: [...cells, cellOf({ system: "redis", figures: figuresOf() })] }),
    );
    const names = ["n3 r1 w2", "n3 r2 w2", "floor n3 r1 w2", "floor n3 r2 w2", "redis"];
    for (const name of names) expect(text).toMatch(new RegExp(`^${name} +50,000`, "m"));
  });

  it("separates loads and workloads", () => {
    const text = renderTable(
      plausibleResults({
        ...bare,
        cells: [cellOf({ figures: figuresOf() }), cellOf({ figures: figuresOf(), load: open })],
      }),
    );
    expect(text).toContain("closed loop, 256 in flight");
    expect(text).toContain("open loop, 20,000 requests/s");
  });

  it("says each promise once, with the settings that it was made for", () => {
    const [one, other] = [settingOf({}), settingOf({ r: 3, w: 1, dw: 1 })];
    const cells = [one, other, one].map((setting) =>
      cellOf({ setting, figures: figuresOf(), guarantee: "Reads see writes." }),
    );
    expect(renderTable(plausibleResults({ ...bare, cells }))).toContain(
      "What was promised\nn3 r2 w2; n3 r3 w1: Reads see writes.\n",
    );
  });
});

describe("a fault run", () => {
  it("has a line for before, during and after", () => {
    const [fault] = plausibleResults().faults;
    const piece = { perSecond: 100, p50Ms: 1, p99Ms: 4, failed: 0, unknown: 0, stale: 0 };
    const timeline = [
      { ...piece, atMs: 0, p50Ms: 3 },
      { ...piece, atMs: 1000, perSecond: 200, p99Ms: 9 },
      { ...piece, atMs: 2000, failed: 7, unknown: 1 },
      { ...piece, atMs: 3000, failed: 4, stale: 2 },
      { ...piece, atMs: 4000, perSecond: 50 },
    ];
    const run = { ...fault!, faultFromMs: 2500, faultToMs: 3900, timeline };
    const lines = renderTable(plausibleResults({ ...bare, cells: [], faults: [run] })).split("\n");
    const at = lines.indexOf("A node is killed and returns: n3 r2 w2, A, open loop, 5,000 requests/s");
    expect(lines.slice(at + 2, at + 6).map((line) => line.split(/ {2,}/))).toEqual([
      ["the fault", "per s", "p50 ms", "worst p99 ms", "failed", "unknown", "stale"],
      ["before", "150", "3.00", "9.00", "0", "0", "0"],
      ["during", "100", "1.00", "4.00", "11", "1", "2"],
      ["after", "50", "1.00", "4.00", "0", "0", "0"],
    ]);
  });
});

it("a fault during which nothing succeeds has no latency", () => {
  const [fault] = plausibleResults().faults;
  const timeline = fault!.timeline.map((piece) =>
    piece.atMs >= 10_000 && piece.atMs < 20_000 ? { ...piece, perSecond: 0, p50Ms: 0, p99Ms: 0 } : piece,
  );
  const text = renderTable(plausibleResults({ ...bare, cells: [], faults: [{ ...fault!, timeline }] }));
  expect(text).toMatch(/^during +0 +– +– /m);
});

describe("staleness", () => {
  it("stands there measured and predicted, with what is not known as a dash", () => {
    const [, curve] = plausibleResults().staleness;
    const text = renderTable(plausibleResults({ ...bare, cells: [], staleness: [curve!] }));
    expect(text).toMatch(/^n3 r1 w1 +measured +[\d.]+ %.* –$/m);
    expect(text).toMatch(/^ +predicted +50 %.* 99\.99 %$/m);
    expect(text).toMatch(/^n3 r1 w1 +0\.21 % +– +24\.8 +2\.4 % +2\.5 %/m);
  });

  it("keeps curves apart that were taken at different moments", () => {
    const [strict, lax] = plausibleResults().staleness;
    const short = { ...lax!, atMs: [0, 7], measured: [0.5, 0.75], predicted: [0.5, 0.8] };
    const text = renderTable(plausibleResults({ ...bare, cells: [], staleness: [strict!, short] }));
    expect(text).toMatch(/^setting +at once +7 ms$/m);
    expect(text).toMatch(/^n3 r1 w1 +measured +50 % +75 %$/m);
  });
});

it("has nothing more to say than what was found", () => {
  const text = renderTable(plausibleResults({ ...bare, cells: [] }));
  expect(text.trim().split("\n")).toHaveLength(3);
});

it("says the same of results that were read from JSON", () => {
  const results = plausibleResults();
  expect(renderTable(throughJson(results))).toBe(renderTable(results));
});
