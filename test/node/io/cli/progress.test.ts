// How far a long run has come, for people.
import { expect, test } from "vitest";
import { progressLine } from "../../../../node/io/cli/progress.ts";

test.each([
  [{ done: 412, count: 2000, failed: 0, elapsedMs: 80_784 }, "412 of 2000 seeds, 5.1/s, 5.2 min left, 0 failed"],
  [{ done: 1, count: 3, failed: 1, elapsedMs: 4000 }, "1 of 3 seeds, 0.3/s, 8 s left, 1 failed"],
  [{ done: 100, count: 1_000_000, failed: 2, elapsedMs: 10_000 }, "100 of 1000000 seeds, 10.0/s, 28 h left, 2 failed"],
  [{ done: 10, count: 10, failed: 0, elapsedMs: 1000 }, "10 of 10 seeds, 10.0/s, 0 ms left, 0 failed"],
])("%o", (done, line) => {
  expect(progressLine(done)).toBe(line);
});
