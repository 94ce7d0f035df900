// Claim: whatever was put in runs once, when it is due and in that order, and the alarm is always set to the next.
import { expect, test } from "vitest";
import { DueQueue } from "../../../bench/compare/due-queue.ts";
import { nowMs } from "../../../bench/compare/monotonic.ts";

/** An alarm that rings when the test says so. */
class FakeAlarm {
  readonly set_: number[] = [];
  ring: () => void = () => undefined;

  set(atMs: number): void {
    this.set_.push(atMs);
  }
}

function makeQueue(): { readonly queue: DueQueue; readonly alarm: FakeAlarm } {
  const alarm = new FakeAlarm();
  const queue = new DueQueue((ring) => {
    alarm.ring = ring;
    return alarm;
  });
  return { queue, alarm };
}

test("what is due runs in the order in which it is due, and the rest waits", () => {
  const { queue, alarm } = makeQueue();
  const ran: string[] = [];
  const now = nowMs();
  const laterMs = now + 1e9;
  queue.add(now - 1, () => ran.push("second"));
  queue.add(laterMs, () => ran.push("never"));
  queue.add(now - 2, () => ran.push("first"));
  queue.add(now - 0.5, () => ran.push("third"));
  expect(ran).toEqual([]);
  alarm.ring();
  expect(ran).toEqual(["first", "second", "third"]);
  alarm.ring();
  queue.look();
  expect(ran).toHaveLength(3);
});

test("the alarm is set to what is due next", () => {
  const { queue, alarm } = makeQueue();
  const now = nowMs();
  queue.add(now + 1e9, () => undefined);
  queue.add(now + 2e9, () => undefined);
  queue.add(now - 1, () => undefined);
  expect(alarm.set_).toEqual([now + 1e9, now - 1]);
  alarm.ring();
  expect(alarm.set_.at(-1)).toBe(now + 1e9);
});

test("who has the processor anyway need not wait for the alarm; what it adds meanwhile has its turn", () => {
  const { queue } = makeQueue();
  const ran: string[] = [];
  queue.add(nowMs() - 1, () => {
    ran.push("outer");
    queue.add(nowMs() - 5, () => ran.push("inner"));
  });
  queue.look();
  expect(ran).toEqual(["outer", "inner"]);
});
