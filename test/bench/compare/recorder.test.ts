// Rates are of what was answered in the measured time, latencies and failures of what was due in it.
import { expect, test } from "vitest";
import { Distribution } from "../../../bench/compare/histogram.ts";
import { Notebook } from "../../../bench/compare/observations.ts";
import { Recorder } from "../../../bench/compare/recorder.ts";

const window = { fromMs: 100, toMs: 700 };
const shown = { siblings: 1, writer: 0, vector: Uint32Array.of(0) };

function times(dueMs: number, endMs: number): { dueMs: number; startMs: number; endMs: number } {
  return { dueMs, startMs: dueMs, endMs };
}

test("counts what belongs to the measured time", () => {
  const recorder = new Recorder(window, undefined);
  recorder.read(1, times(50, 90), "ok", true, shown); // before
  recorder.read(1, times(90, 110), "ok", true, shown); // answered in it
  recorder.read(1, times(110, 130), "ok", true, shown);
  recorder.read(1, times(120, 130), "failed", true, shown);
  recorder.read(1, times(690, 900), "ok", true, shown); // due in it
  recorder.write(1, times(690, 900), "unknown", 1, 690);
  recorder.write(1, times(200, 240), "ok", 2, 230); // the second half of a read-modify-write
  const { answered, succeeded, failed, unknown, readHistogram, writeHistogram } = recorder.tally();
  expect({ answered, succeeded, failed, unknown }).toEqual({ answered: 4, succeeded: 3, failed: 1, unknown: 1 });
  const reads = Distribution.decode(readHistogram).latency();
  expect(reads.count).toBe(2);
  expect(reads.maxMs).toBeCloseTo(210, 0);
  expect(Distribution.decode(writeHistogram).latency().maxMs).toBeCloseTo(10, 0);
});

test("a read that goes on to write has a latency, and is no request", () => {
  const recorder = new Recorder(window, undefined);
  recorder.read(1, times(110, 130), "ok", false, shown);
  expect(recorder.tally().answered).toBe(0);
  expect(Distribution.decode(recorder.tally().readHistogram).count).toBe(1);
});

test("what was not sent has failed in the piece in which it was due", () => {
  const recorder = new Recorder(window, undefined);
  for (const dueMs of [99, 100, 349, 350, 699, 700]) recorder.unsent(dueMs);
  expect(recorder.tally()).toMatchObject({ failed: 4, answered: 0 });
  expect([...recorder.tally().unsent]).toEqual([2, 1, 1]);
});

test("a full notebook notes no more, and the counts go on", () => {
  const recorder = new Recorder(window, new Notebook(1, 2));
  for (let at = 0; at < 5; at++) recorder.read(at, times(110, 120), "ok", true, shown);
  const { answered, observations } = recorder.tally();
  expect(answered).toBe(5);
  expect([...observations.reads.key]).toEqual([0, 1]);
});
