// A counter's read is stale if it is less than what was acknowledged before, and lost is what the counter lacks in the end; what nobody
// knows of may have been counted.
import { describe, expect, test } from "vitest";
import { CounterHistory } from "../../../bench/compare/counter-consistency.ts";
import { foundOf, observationsOf, type Read, type Write } from "./history-maker.ts";

const window = { fromMs: 0, toMs: 1000 };
const increments: readonly Write[] = [
  { process: 0, key: 1, sequence: 0, ackMs: 10 },
  { process: 1, key: 1, sequence: 0, ackMs: 20 },
  { process: 0, key: 1, sequence: 0, ackMs: 30 },
  { process: 1, key: 1, sequence: 0, ackMs: 5, outcome: "unknown" },
];

function historyOf(reads: readonly Read[] = [], before: ReadonlyMap<number, number> = new Map()): CounterHistory {
  return new CounterHistory(observationsOf(2, increments, reads), before);
}

function readOf(value: number, startMs: number): Read {
  return { process: 1, key: 1, startMs, vector: [value, 0] };
}

describe("a read", () => {
  test.each([
    [0, 10, 0],
    [0, 11, 1],
    [1, 25, 1],
    [2, 25, 0],
    [4, 25, 0],
    [0, 99, 3],
  ])("of %i at %i ms misses %i", (value, startMs, missed) => {
    const { consistency } = historyOf([readOf(value, startMs)]).judge([foundOf({ 1: [3, 0] }, 2)], window);
    expect(consistency.versionsBehind?.max ?? 0).toBe(missed);
    expect(consistency.stale).toBe(missed > 0 ? 1 : 0);
  });

  test("counts from what was there before the run", () => {
    const history = historyOf([readOf(101, 25)], new Map([[1, 100]]));
    expect(history.judge([], window).consistency.versionsBehind).toEqual({ p50: 1, p99: 1, max: 1 });
  });

  test("is as old as the first increment that it misses", () => {
    const { msBehind } = historyOf([readOf(1, 25)]).judge([], window).consistency;
    expect(msBehind!.max).toBeCloseTo(5, 1);
  });
});

describe("in the end", () => {
  test("lost is what the value lacks", () => {
    expect(historyOf().judge([foundOf({ 1: [1, 0] }, 2)], window).consistency.lostUpdates).toBe(2);
    expect([...historyOf().missing([foundOf({ 1: [1, 0] }, 2)])]).toEqual([1]);
  });

  test("an unknown increment may stand for one that is lost", () => {
    expect(historyOf().judge([foundOf({ 1: [4, 0] }, 2)], window).consistency.lostUpdates).toBe(0);
  });

  test("nothing is called lost that could not be read", () => {
    expect(historyOf().judge([foundOf({ 1: undefined }, 2)], window).consistency.lostUpdates).toBe(0);
  });

  test("what is lost once is not lost in the next run, too", () => {
    expect(historyOf().after([foundOf({ 1: [1, 0] }, 2)])).toEqual(new Map([[1, 1]]));
    expect(historyOf([], new Map([[2, 7]])).after([foundOf({ 1: [9, 0] }, 2)])).toEqual(
      new Map([
        [2, 7],
        [1, 3],
      ]),
    );
  });
});
