// In an open loop requests are due whatever became of earlier ones, and their latency counts from then: a process or a system that is
// behind is not overlooked.
import { expect, test } from "vitest";
import { nowMs } from "../../../bench/compare/monotonic.ts";
import { Notebook } from "../../../bench/compare/observations.ts";
import { outstandingMax, runOpenLoop } from "../../../bench/compare/open-loop.ts";
import { Recorder } from "../../../bench/compare/recorder.ts";
import { FakeSession } from "./fake-session.ts";
import { optionsOf } from "./loop-options.ts";

function recorderOf(durationMs: number): Recorder {
  const fromMs = nowMs();
  return new Recorder({ fromMs, toMs: fromMs + durationMs }, new Notebook(1, 100_000));
}

test("all that is due is sent, in order, and none before its time", async () => {
  const session = new FakeSession();
  const recorder = recorderOf(100);
  await runOpenLoop(optionsOf(session, { workload: "get", records: 10, recorder }), 5000, nowMs() + 100);
  const { count, dueMs, startMs } = recorder.tally().observations.reads;
  expect(count).toBe(session.requests);
  expect(count).toBeGreaterThan(350); // five hundred, give or take twenty-two
  expect(count).toBeLessThan(650);
  expect(dueMs).toEqual(dueMs.slice().sort());
  expect(startMs.every((start, row) => start >= dueMs[row]!)).toBe(true);
});

test("what is due while the process is busy is sent late, and its latency tells", async () => {
  const session = new FakeSession();
  session.answer = (answer, request) => {
    const untilMs = nowMs() + (request === 10 ? 40 : 0);
    while (nowMs() < untilMs);
    queueMicrotask(answer);
  };
  const recorder = recorderOf(100);
  await runOpenLoop(optionsOf(session, { workload: "get", records: 10, recorder }), 2000, nowMs() + 100);
  const { readHistogram, observations } = recorder.tally();
  const { dueMs, startMs } = observations.reads;
  const latestMs = Math.max(...startMs.map((start, row) => start - dueMs[row]!));
  expect(latestMs).toBeGreaterThan(20);
  expect(readHistogram).not.toBe(recorderOf(100).tally().readHistogram);
});

test("arrivals that nobody could bear do not outlast their time", async () => {
  const session = new FakeSession();
  session.answer = (answer) => setTimeout(answer, 300);
  let turns = 0;
  let isCounted = false;
  const noteTurn = (): void => {
    if (isCounted) return;
    isCounted = true;
    turns++;
    setImmediate(() => (isCounted = false));
  };
  class Counting extends Recorder {
    override unsent(dueMs: number): void {
      super.unsent(dueMs);
      noteTurn();
    }
  }
  const fromMs = nowMs();
  const recorder = new Counting({ fromMs, toMs: fromMs + 200 }, undefined);
  await runOpenLoop(optionsOf(session, { workload: "get", records: 10, recorder }), 5e6, fromMs + 200);
  expect(recorder.tally().unsent.reduce((sum, one) => sum + one, 0)).toBeGreaterThan(800_000);
  expect(turns).toBeLessThan(500); // a turn of the timer takes at least a millisecond; by five hundreds at a time it were 1900
});

test("above its bound of requests without an answer, arrivals fail unsent", async () => {
  const session = new FakeSession();
  const held: (() => void)[] = [];
  session.answer = (answer) => void held.push(answer);
  class Releasing extends Recorder {
    override unsent(dueMs: number): void {
      super.unsent(dueMs);
      session.answer = (answer) => queueMicrotask(answer);
      for (const answer of held.splice(0)) setImmediate(answer);
    }
  }
  const fromMs = nowMs();
  const recorder = new Releasing({ fromMs, toMs: fromMs + 2 ** 20 }, undefined);
  await runOpenLoop(optionsOf(session, { workload: "get", records: 10, recorder }), 1e6, fromMs + 200);
  const { unsent, failed, answered } = recorder.tally();
  const dropped = unsent.reduce((sum, one) => sum + one, 0);
  expect(session.underWayMax).toBe(outstandingMax);
  expect(dropped).toBeGreaterThan(0);
  expect(failed).toBe(dropped);
  expect(answered).toBe(session.requests);
});
