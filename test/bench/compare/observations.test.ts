// Rows come back as they were noted, and each run begins with an empty notebook.
import { expect, test } from "vitest";
import { isOk, Notebook, outcomeOf } from "../../../bench/compare/observations.ts";

const times = { dueMs: 1, startMs: 2, endMs: 3 };

test("what is noted is taken, once", () => {
  const notebook = new Notebook(2, 10);
  notebook.writes.note(5, times, "unknown", 9, times.dueMs);
  notebook.reads.note(6, times, "ok", false, { siblings: 3, writer: 1, vector: Uint32Array.of(7, 8) });
  const { processes, writes, reads } = notebook.take();
  expect(processes).toBe(2);
  expect([writes.count, writes.key[0], writes.sequence[0], outcomeOf(writes, 0)]).toEqual([1, 5, 9, "unknown"]);
  expect([writes.dueMs[0], writes.startMs[0], writes.endMs[0], writes.isWhole[0]]).toEqual([1, 2, 3, 1]);
  expect([reads.count, reads.key[0], reads.isWhole[0], isOk(reads, 0)]).toEqual([1, 6, 0, true]);
  expect([reads.siblings[0], reads.writer[0]]).toEqual([3, 1]);
  expect([...reads.vectors]).toEqual([7, 8]);
  expect(notebook.take()).toMatchObject({ writes: { count: 0 }, reads: { count: 0 } });
});
