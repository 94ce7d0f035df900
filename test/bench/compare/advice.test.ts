// The advice names the cheapest setting that keeps the limits in every workload, says what its neighbours would have cost, and claims no
// more than the count of reads can show.
import { describe, expect, it } from "vitest";
import { advise } from "../../../bench/compare/advice.ts";
import type { Cell } from "../../../bench/compare/results.ts";
import { staleShareBound } from "../../../bench/compare/stale-bound.ts";
import { cellOf, closed, consistencyOf, figuresOf, latencyOf, open, settingOf } from "./plausible-results.ts";

const one = settingOf({ r: 1, w: 1, dw: 1 });
const two = settingOf({ r: 1 });
const quorum = settingOf({});
const all = settingOf({ r: 3, w: 3, dw: 3 });
const limits = { maxStaleShare: 0.001, p99Ms: 10 };

interface Found {
  readonly cpu?: number | undefined;
  readonly p99Ms?: number;
  readonly stale?: number;
  readonly reads?: number;
  readonly lost?: number;
  readonly failed?: number;
}

describe("with limits", () => {
  const grid = [
    cell(one, { cpu: 20, p99Ms: 4, stale: 2000 }),
    cell(two, { cpu: 25, p99Ms: 5, stale: 50 }),
    cell(quorum, { cpu: 30, p99Ms: 6, stale: 0 }),
    cell(all, { cpu: 40, p99Ms: 12, stale: 0 }),
  ];

  it.each([0, 1, 2, 3])("takes the cheapest that keeps them, in whatever order they were measured (%i)", (turns) => {
    const turned = [...grid.slice(turns), ...grid.slice(0, turns)];
    const advice = advise(turned, limits);
    expect(advice?.setting).toEqual(two);
    expect(advice?.sentence).toBe(
      "Take n3 r1 w2: of 4 settings it is the cheapest that keeps stale reads within 0.1 % and p99 within 10 ms in A (open loop), " +
        "at 25.0 CPU s per million requests, p99 5.00 ms and 0.05 % of reads stale. " +
        "So many reads show, with 95 % confidence, that under 0.063 % are stale. " +
        "The next cheaper, n3 r1 w1 (20.0 CPU s, −20 %), does not: 2 % of its reads in A were stale. " +
        "Stricter is n3 r2 w2 (30.0 CPU s, +20 %; p99 6.00 ms; none of 100,000 reads stale). " +
        "n3 r1 w2 promises no fresh reads (r + w ≤ n): with nodes away or slow more may be stale, see --kill, --slow-link and --staleness.",
    );
  });

  it("wants them kept in every workload", () => {
    const slow = { ...cell(two, { cpu: 25, p99Ms: 11, stale: 0 }), workload: "B" as const };
    const advice = advise([...grid, slow, { ...grid[2]!, workload: "B" }], limits);
    expect(advice?.setting).toEqual(quorum);
    expect(advice?.sentence).toContain("n3 r1 w2 (25.0 CPU s, −17 %), does not: its p99 in B was 11.0 ms.");
    expect(advice?.sentence).toContain("in A and B (open loop)");
  });

  it("says in which workload a figure was found, where there are several", () => {
    const slow = { ...cell(two, { cpu: 25, p99Ms: 8, stale: 0 }), workload: "B" as const };
    const sentence = advise([cell(two, { cpu: 25, p99Ms: 5 }), slow], {
      maxStaleShare: undefined,
      p99Ms: undefined,
    })?.sentence;
    expect(sentence).toContain("takes 25.0 CPU s per million requests, p99 8.00 ms in B and none of");
  });

  it("looks at writes as well as at reads, and only at those that there were", () => {
    const slowWrites = figuresOf({ reads: latencyOf(1), writes: latencyOf(11) });
    const noWrites = figuresOf({ reads: latencyOf(1), writes: latencyOf(11, 0) });
    expect(advise([cellOf({ figures: slowWrites })], limits)?.setting).toBeUndefined();
    expect(advise([cellOf({ figures: noWrites })], limits)?.setting).toEqual(quorum);
  });

  it("judges by open loops where there are any", () => {
    const queueing = cell(two, { cpu: 25, p99Ms: 80, stale: 0 }, closed);
    expect(advise([...grid, queueing], limits)?.setting).toEqual(two);
    expect(advise([queueing], limits)?.setting).toBeUndefined();
    expect(advise([queueing], { maxStaleShare: 0.001, p99Ms: undefined })?.sentence).toContain("(closed loop)");
  });

  it("compares what settings cost only where all of them were measured", () => {
    const dear = { ...cell(one, { cpu: 900, stale: 0 }), workload: "counter" as const };
    const cells = [cell(one, { cpu: 20, stale: 0 }), dear, cell(quorum, { cpu: 30, stale: 0 })];
    expect(advise(cells, limits)?.setting).toEqual(one);
  });

  it("goes by latency where what a request costs is not known of all", () => {
    const cells = [
      cell(quorum, { cpu: undefined, p99Ms: 6 }),
      cell(two, { cpu: 25, p99Ms: 5 }),
      cell(one, { cpu: 1, p99Ms: 7 }),
    ];
    const advice = advise(cells, limits);
    expect(advice?.setting).toEqual(two);
    expect(advice?.sentence).toContain("of 3 settings it is the fastest that keeps");
    expect(advice?.sentence).toContain("Stricter is n3 r2 w2 (p99 6.00 ms; none of 100,000 reads stale).");
  });

  it("takes no advice from the figures of other systems", () => {
    const peer = cell(one, { cpu: 1, stale: 0 });
    expect(
      advise(
        [
          { ...peer, system: "redis" },
          { ...peer, system: "floor" },
        ],
        limits,
      ),
    ).toBeUndefined();
    expect(advise([...grid, { ...peer, system: "etcd" }], limits)?.setting).toEqual(two);
  });

  it("does not take what was measured while all was well for a promise", () => {
    const promised = (setting: typeof one): boolean =>
      !advise([cell(setting, { stale: 0 })], limits)!.sentence.includes("promises no fresh reads");
    expect([one, two, quorum, all].map(promised)).toEqual([false, false, true, true]);
  });

  it("says what else a setting did", () => {
    const lww = settingOf({ resolver: "lww" });
    const advice = advise([cell(lww, { lost: 311, failed: 1 })], limits);
    expect(advice?.sentence).toContain("With n3 r2 w2 lww, 311 acknowledged updates were lost.");
    expect(advice?.sentence).toContain("With n3 r2 w2 lww, 1 request failed or had no certain outcome.");
  });

  it("says if a setting did not keep up with an open loop", () => {
    const busy = { ...cell(quorum, {}), load: { kind: "open", perSecond: 51_000 } } as const;
    expect(advise([busy], limits)?.sentence).not.toContain("keep up");
    const beaten = { ...busy, load: { kind: "open", perSecond: 60_000 } } as const;
    expect(advise([beaten], limits)?.sentence).toContain(
      "n3 r2 w2 did not keep up with the load in A: 50,000 requests/s.",
    );
  });

  it("says which comes nearest if none keeps them, and by what it fails", () => {
    const cells = [cell(one, { cpu: 20, p99Ms: 4, stale: 2000 }), cell(quorum, { cpu: 30, p99Ms: 14, stale: 0 })];
    expect(advise(cells, limits)).toEqual({
      ...limits,
      setting: undefined,
      sentence:
        "None of 2 settings keeps stale reads within 0.1 % and p99 within 10 ms in A (open loop). " +
        "n3 r2 w2 comes nearest: its p99 in A was 14.0 ms.",
    });
  });

  it("calls nothing slow that only chance has made fewer arrivals of", () => {
    const sentenceOf = (done: number): string => {
      const figures = figuresOf({ perSecond: done, reads: latencyOf(2, done), writes: latencyOf(2, 0) });
      return advise([cellOf({ figures, load: { kind: "open", perSecond: 150 } })], limits)!.sentence;
    };
    expect(sentenceOf(135)).not.toContain("keep up");
    expect(sentenceOf(90)).toContain("did not keep up with the load in A: 90 requests/s");
  });

  it("says that nothing was due rather than that nothing worked", () => {
    const none = figuresOf({
      perSecond: 0,
      reads: latencyOf(0, 0),
      writes: latencyOf(0, 0),
      consistency: consistencyOf(0, 0),
    });
    const idle = cellOf({ figures: none, load: { kind: "open", perSecond: 1 } });
    const sentence = advise([idle], limits)!.sentence;
    expect(sentence).toContain("no request was due in A");
    expect(sentence).not.toContain("keep up");
    const failing = cellOf({ figures: { ...none, failed: 3 }, load: { kind: "open", perSecond: 1 } });
    expect(advise([failing], limits)!.sentence).toContain("did not keep up with the load in A: 0 requests/s");
  });

  it("does not recommend what did not work at all", () => {
    const nothing = figuresOf({
      reads: latencyOf(0, 0),
      writes: latencyOf(0, 0),
      consistency: consistencyOf(0, 0),
      failed: 9,
    });
    const advice = advise([cellOf({ figures: nothing })], { maxStaleShare: 0.001, p99Ms: undefined });
    expect(advice?.setting).toBeUndefined();
    expect(advice?.sentence).toContain("nothing succeeded in A");
    const stale = cell(one, { stale: 2000 });
    const nearest = advise([cellOf({ figures: nothing, load: open }), stale], {
      maxStaleShare: 0.001,
      p99Ms: undefined,
    });
    expect(nearest?.sentence).toContain("n3 r1 w1 comes nearest: 2 % of its reads in A were stale.");
  });
});

describe("what a count of reads can show", () => {
  it("is no more than three in so many if none was stale", () => {
    expect(staleShareBound({ stale: 0, reads: 3000 })).toBeCloseTo(0.001, 12);
    expect(staleShareBound({ stale: 0, reads: 0 })).toBe(1);
    expect(staleShareBound({ stale: 0, reads: 2 })).toBe(1);
  });

  // Upper ends of the one-sided 95 % interval of a Poisson count: Garwood (1936).
  it.each([
    [1, 4.744],
    [2, 6.296],
    [5, 10.513],
    [10, 16.962],
    [50, 63.287],
  ])("is about the exact interval if %i were", (stale, exact) => {
    const events = staleShareBound({ stale, reads: 1_000_000 }) * 1_000_000;
    expect(Math.abs(events / exact - 1)).toBeLessThan(0.02);
  });

  it("is said when it is less than what was asked for", () => {
    const few = advise([cell(quorum, { reads: 1200 })], limits);
    expect(few?.setting).toEqual(quorum);
    expect(few?.sentence).toContain("that under 0.25 % are stale: measure for longer to be sure of 0.1 %.");
    const many = advise([cell(quorum, { reads: 120_000 })], limits);
    expect(many?.sentence).toContain(
      "none of 120,000 reads stale. So many reads show, with 95 % confidence, that under 0.0025 % are stale.",
    );
    const never = advise([cell(quorum, {})], { maxStaleShare: 0, p99Ms: undefined });
    expect(never?.sentence).toContain("that none are, no measurement can show.");
  });

  it("is nothing without reads", () => {
    const figures = figuresOf({ reads: latencyOf(0, 0), consistency: consistencyOf(0, 0) });
    expect(advise([cellOf({ figures, workload: "put" })], limits)?.sentence).toContain(
      "nothing is known of stale ones",
    );
  });
});

describe("without limits", () => {
  const none = { maxStaleShare: undefined, p99Ms: undefined };

  it("says what the cheapest gives away, and what it costs to keep it", () => {
    const cells = [
      cell(quorum, { cpu: 30, p99Ms: 6 }),
      cell(one, { cpu: 20, p99Ms: 4, stale: 2000 }),
      cell(all, { cpu: 40, p99Ms: 12 }),
    ];
    expect(advise(cells, none)).toEqual({
      ...none,
      setting: undefined,
      sentence:
        "The cheapest of 3 settings is n3 r1 w1, at 20.0 CPU s per million requests, p99 4.00 ms and 2 % of reads stale. " +
        "The cheapest of those with the fewest stale reads is n3 r2 w2 (30.0 CPU s, +50 %; p99 6.00 ms; none of 100,000 reads stale). " +
        "n3 r1 w1 promises no fresh reads (r + w ≤ n): with nodes away or slow more may be stale, see --kill, --slow-link and --staleness. " +
        "Say --max-stale and --p99 to be told which setting keeps them.",
    });
  });

  it("has little to say of one setting, and nothing of none", () => {
    expect(advise([cell(quorum, {})], none)?.sentence).toMatch(
      /^n3 r2 w2, the only setting measured, takes 30\.0 CPU s/,
    );
    expect(advise([], none)).toBeUndefined();
  });
});

function cell(setting: Cell["setting"], found: Found, load: Cell["load"] = open): Cell {
  const { p99Ms = 4, stale = 0, reads = 100_000, lost = 0, failed = 0 } = found;
  const figures = figuresOf({
    reads: latencyOf(p99Ms),
    writes: latencyOf(p99Ms / 2),
    consistency: consistencyOf(reads, stale, { lostUpdates: lost }),
    failed,
    cpuSecondsPerMillion: "cpu" in found ? found.cpu : 30,
  });
  return cellOf({ setting, figures, load });
}
