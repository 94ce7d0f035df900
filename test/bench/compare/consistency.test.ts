// Stale reads and lost updates are what their definitions say: a read misses what was acknowledged before it began and is not lost, a
// write is lost if nothing in the end covers it. Compared with the definitions, word for word, on random histories.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ValueHistory, type Judgement } from "../../../bench/compare/consistency.ts";
import { foundOf, observationsOf, type Read, type Write } from "./history-maker.ts";

const window = { fromMs: 0, toMs: 1000 };

function judge(
  writes: readonly Write[],
  reads: readonly Read[],
  last: Record<number, number[] | undefined>,
): Judgement {
  return new ValueHistory(observationsOf(2, writes, reads)).judge([foundOf(last, 2)], window);
}

const write = { process: 0, key: 3, sequence: 1, ackMs: 10 };

describe("a read", () => {
  test("is stale if a write was acknowledged before it began", () => {
    const { consistency, isStale } = judge(
      [write, { ...write, sequence: 2, ackMs: 20 }],
      [{ process: 1, key: 3, startMs: 25, vector: [0, 0], siblings: 0 }],
      { 3: [2, 0] },
    );
    expect(consistency).toMatchObject({ reads: 1, stale: 1, staleShare: 1, lostUpdates: 0, siblingsPerRead: 0 });
    expect(consistency.versionsBehind).toEqual({ p50: 2, p99: 2, max: 2 });
    expect(consistency.msBehind!.max).toBeCloseTo(15, 1);
    expect(isStale.map((each) => [...each])).toEqual([[], [1]]);
  });

  test.each([
    ["covers it", { vector: [1, 0], startMs: 25 }],
    ["began before the acknowledgement", { vector: [0, 0], startMs: 10 }],
    ["failed", { vector: [0, 0], startMs: 25, outcome: "failed" }],
    ["is of another key", { vector: [0, 0], startMs: 25, key: 2 }],
    ["lies outside of the measured time", { vector: [0, 0], startMs: 1000 }],
  ] as const)("is not stale if it %s", (_, read) => {
    const { consistency } = judge([write], [{ process: 1, key: 3, ...read }], { 3: [1, 0] });
    expect(consistency).toMatchObject({ stale: 0, staleShare: 0 });
    expect(consistency.versionsBehind).toBeUndefined();
  });

  test.each(["failed", "unknown"] as const)("need not see a write that is %s", (outcome) => {
    const reads = [{ process: 1, key: 3, startMs: 25, vector: [0, 0] }];
    expect(judge([{ ...write, outcome }], reads, {}).consistency).toMatchObject({ reads: 1, stale: 0, lostUpdates: 0 });
  });

  test("of several siblings counts as all of them", () => {
    const reads = [1, 2, 6].map((siblings) => ({ process: 1, key: 3, startMs: 5, vector: [0, 0], siblings }));
    expect(judge([], reads, {}).consistency).toMatchObject({ siblingsPerRead: 3, siblingsMax: 6 });
  });
});

describe("a write", () => {
  const writes = [write, { ...write, sequence: 2, ackMs: 20 }, { ...write, process: 1, ackMs: 30 }];

  test("is lost if it was acknowledged and nothing in the end covers it; then no read must see it", () => {
    const reads = [{ process: 1, key: 3, startMs: 50, vector: [1, 0] }];
    expect(judge(writes, reads, { 3: [1, 0] }).consistency).toMatchObject({ lostUpdates: 2, stale: 0 });
  });

  test("is not called lost where the end is not known", () => {
    expect(judge(writes, [], { 3: undefined }).consistency.lostUpdates).toBe(0);
  });

  test("that is missing at first is found by a later look", () => {
    const history = new ValueHistory(observationsOf(2, writes, []));
    const first = foundOf({ 3: [2, 0] }, 2);
    expect([...history.keys]).toEqual([3]);
    expect([...history.missing([first])]).toEqual([3]);
    const second = foundOf({ 3: [2, 1] }, 2);
    expect([...history.missing([first, second])]).toEqual([]);
    expect(history.judge([first, second], window).consistency.lostUpdates).toBe(0);
  });
});

describe("random histories", () => {
  const few = fc.nat({ max: 2 });
  const moment = fc.nat({ max: 30 });
  const vector = fc.array(fc.nat({ max: 4 }), { minLength: 2, maxLength: 2 });
  const process = fc.nat({ max: 1 });
  const outcome = fc.constantFrom("ok", "ok", "ok", "failed", "unknown");
  const attempts = fc.array(fc.record({ process, key: few, ackMs: moment, outcome }), { maxLength: 15 });
  const reads = fc.array(fc.record({ process, key: few, startMs: moment, vector, outcome }), { maxLength: 10 });
  const ends = fc.array(vector, { minLength: 3, maxLength: 3 });

  test("are judged as the definitions say", () => {
    fc.assert(
      fc.property(attempts, reads, ends, (tried, observed, end) => {
        const writes = inOrder(tried);
        const { consistency } = judge(writes, observed, Object.fromEntries(end.entries()));
        expect(consistency).toMatchObject(byDefinition(writes, observed, end));
      }),
    );
  });

  /** One process's writes to a key follow each other. */
  function inOrder(tried: readonly Omit<Write, "sequence">[]): Write[] {
    const latest = new Map<string, number>();
    return [...tried]
      .sort((a, b) => a.ackMs - b.ackMs)
      .map((each) => {
        const place = `${each.process} ${each.key}`;
        const sequence = (latest.get(place) ?? 0) + 1;
        latest.set(place, sequence);
        return { ...each, sequence };
      });
  }

  function byDefinition(writes: readonly Write[], observed: readonly Read[], end: readonly number[][]): object {
    const acknowledged = writes.filter((each) => each.outcome === "ok");
    const lost = acknowledged.filter((each) => end[each.key]![each.process]! < each.sequence);
    const read = observed.filter((each) => each.outcome === "ok");
    const missed = read.map(({ key, startMs, vector: seen }) =>
      acknowledged.filter(
        (each) =>
          each.key === key &&
          each.ackMs < startMs &&
          seen[each.process]! < each.sequence &&
          end[key]![each.process]! >= each.sequence,
      ),
    );
    const stale = missed.filter((each) => each.length > 0);
    const max = Math.max(...stale.map((each) => each.length));
    return {
      reads: read.length,
      stale: stale.length,
      lostUpdates: lost.length,
      ...(stale.length > 0 && { versionsBehind: expect.objectContaining({ max }) }),
    };
  }
});
