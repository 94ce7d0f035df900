// A sweep asks of each once, so many at a time, and again of what has failed, until it gives up.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { sweep } from "../../../bench/compare/sweep.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("asks of each, not of all at once", async () => {
  const asked: number[] = [];
  let underWay = 0;
  let most = 0;
  const failed = await sweep(1000, (at, done) => {
    asked.push(at);
    most = Math.max(most, ++underWay);
    queueMicrotask(() => {
      underWay--;
      done(true);
    });
  });
  expect(failed).toEqual([]);
  expect(asked).toEqual([...asked.keys()]);
  expect(asked).toHaveLength(1000);
  expect(most).toBe(256);
});

test("asks again of what has failed, and says what fails every time", async () => {
  const tries = new Map<number, number>();
  const sweeping = sweep(10, (at, done) => {
    tries.set(at, (tries.get(at) ?? 0) + 1);
    queueMicrotask(() => done(at !== 7 && (at !== 3 || tries.get(3)! > 2)));
  });
  await vi.runAllTimersAsync();
  expect(await sweeping).toEqual([7]);
  expect([tries.get(0), tries.get(3), tries.get(7)]).toEqual([1, 3, 20]);
});

test("of none, nothing is asked", async () => {
  expect(await sweep(0, () => expect.unreachable())).toEqual([]);
});
