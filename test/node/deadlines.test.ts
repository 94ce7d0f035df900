/** node/deadlines.ts: the timing wheel (design §3.2: deadlines are data looked at on ticks). */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Deadlines } from "../../node/deadlines.ts";
import { Cluster } from "./cluster.ts";

const slotMs = 10;
const turnMs = 1024 * slotMs;

test("each comes up once, not before its time or a turn of the wheel, and at the first tick of its 10 ms", () => {
  // Against a model that keeps a list: the same ids at each tick, whatever the gaps between ticks and the turns of the wheel.
  const gap = fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 30_000 }));
  const step = fc.record({ after: gap, adds: fc.array(fc.oneof(gap, fc.integer({ min: -100, max: 0 }))) });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 50_000 }), fc.array(step), (start, steps) => {
      const wheel = new Deadlines(start);
      let open: { readonly id: number; readonly fromMs: number }[] = [];
      let now = start;
      let id = 0;
      for (const { after, adds } of steps) {
        for (const inMs of adds) {
          wheel.add(now + inMs, ++id);
          const turnFrom = Math.floor(now / slotMs) * slotMs;
          const fromMs = Math.max(Math.ceil((now + inMs) / slotMs) * slotMs, turnFrom + slotMs);
          open.push({ id, fromMs: Math.min(fromMs, turnFrom + turnMs - slotMs) });
        }
        now += after;
        const due = open.filter(({ fromMs }) => fromMs <= now);
        open = open.filter((entry) => !due.includes(entry));
        expect(wheel.due(now).sort((a, b) => a - b)).toEqual(due.map((entry) => entry.id));
      }
    }),
  );
});

test("they come up in the order of their slots", () => {
  // The order of a run must be the same every time (promise 6).
  const wheel = new Deadlines(0);
  for (const [id, atMs] of [30, 10, 20, 10].entries()) wheel.add(atMs, id);
  expect(wheel.due(40)).toEqual([1, 3, 2, 0]);
});

test("time that stands still brings nothing up twice", () => {
  // A tick may come twice within one slot.
  const wheel = new Deadlines(0);
  wheel.add(10, 1);
  expect([wheel.due(10), wheel.due(10), wheel.due(15)]).toEqual([[1], [], []]);
});

test("a request with a deadline of many turns of the wheel fails at its deadline, not at a turn", () => {
  // limits.timeoutMsMax is 600 s, a turn is about 10 s: what comes up early is added again.
  const cluster = new Cluster();
  const get = cluster.get("n1", "carts/alice", { timeoutMs: 600_000 });
  for (let waited = 1000; waited < 600_000; waited += 1000) cluster.tick(1000);
  cluster.tick(990);
  expect(get.answer).toBeUndefined();
  cluster.tick(10);
  expect(get.answer).toMatchObject({ code: "TIMEOUT" });
});
