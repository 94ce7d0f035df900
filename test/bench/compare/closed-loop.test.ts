// A closed loop keeps its number of requests under way and no more, ends when the last is answered, and lets others have their turn when
// nothing succeeds.
import { expect, test } from "vitest";
import { runClosedLoop } from "../../../bench/compare/closed-loop.ts";
import { nowMs } from "../../../bench/compare/monotonic.ts";
import { FakeSession } from "./fake-session.ts";
import { optionsOf } from "./loop-options.ts";

const lengthMs = 30;

test("so many are under way, and none when it is over", async () => {
  const session = new FakeSession();
  session.answer = (answer) => void setImmediate(answer);
  await runClosedLoop(optionsOf(session, { workload: "A", records: 1000 }), 16, nowMs() + lengthMs);
  expect(session.underWayMax).toBe(16);
  expect(session.underWay).toBe(0);
  expect(session.requests).toBeGreaterThan(16);
});

test("with more lanes than keys, lanes wait: a process writes a key once at a time", async () => {
  const session = new FakeSession();
  session.answer = (answer) => void setImmediate(answer);
  await runClosedLoop(optionsOf(session, { workload: "put", records: 3 }), 16, nowMs() + lengthMs);
  expect(session.underWayMax).toBe(3);
  expect(session.overlapping).toBe(0);
});

test("what fails at once is not asked again at once", async () => {
  const session = new FakeSession();
  session.outcome = "failed";
  let turns = 0;
  const others = setInterval(() => turns++, 1);
  await runClosedLoop(optionsOf(session, { workload: "get", records: 10 }), 4, nowMs() + lengthMs);
  clearInterval(others);
  expect(turns).toBeGreaterThan(0);
  expect(session.requests).toBeLessThanOrEqual(4 * lengthMs);
});

test("a loop whose time is over before it begins asks nothing", async () => {
  const session = new FakeSession();
  await runClosedLoop(optionsOf(session, { workload: "get", records: 10 }), 4, nowMs() - 1);
  expect(session.requests).toBe(0);
});
