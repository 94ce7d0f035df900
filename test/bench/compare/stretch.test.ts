// bench/compare/stretch.ts: of a part of a run only what was due in it, and what was answered in it.
import { expect, test } from "vitest";
import type { Judgement } from "../../../bench/compare/consistency.ts";
import { Notebook } from "../../../bench/compare/observations.ts";
import { stretchFigures, windowOf } from "../../../bench/compare/stretch.ts";

const whole = { fromMs: 10_000, toMs: 13_000 };
const stretch = { fromMs: 1000, toMs: 2000 };
const judgement = { consistency: { reads: 1 } } as unknown as Judgement;

test("latencies and failures are of what was due, the rate of what was answered", () => {
  const notes = new Notebook(1, 100);
  const vector = new Uint32Array(1);
  const read = (dueMs: number, endMs: number, outcome: "ok" | "failed" | "unknown" = "ok", isWhole = true): void =>
    notes.reads.note(1, { dueMs: 10_000 + dueMs, startMs: 10_000 + dueMs, endMs: 10_000 + endMs }, outcome, isWhole, {
      siblings: 1,
      writer: 0,
      vector,
    });
  read(900, 1100); // answered in it
  read(1000, 1010); // both
  read(1999, 2500); // due in it
  read(2000, 2001);
  read(1500, 1501, "failed");
  read(1500, 9000, "unknown");
  read(1600, 1700, "ok", false); // half of a read-modify-write
  notes.writes.note(1, { dueMs: 11_500, startMs: 11_700, endMs: 11_720 }, "ok", 1, 11_700); // the other half
  const unsent = [Uint32Array.of(9, 9, 9, 9, 1, 2, 3, 4, 9, 9, 9, 9)];
  const figures = stretchFigures([notes.take()], judgement, unsent, stretch, whole);
  expect(figures).toMatchObject({ perSecond: 3, failed: 1 + 10, unknown: 1, consistency: { reads: 1 } });
  expect(figures.reads).toMatchObject({ count: 3 });
  expect([figures.reads.p50Ms, figures.reads.maxMs].map(Math.round)).toEqual([100, 501]);
  expect(figures.writes).toMatchObject({ count: 1 });
  expect(Math.round(figures.writes.maxMs)).toBe(20); // as in the figures of the whole run
});

test("it lies in the whole", () => {
  expect(windowOf(stretch, whole)).toEqual({ fromMs: 11_000, toMs: 12_000 });
});
