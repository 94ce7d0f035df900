// A piece's rate is of what was answered in it, its latencies and failures of what was due in it.
import { expect, test } from "vitest";
import { timelineOf } from "../../../bench/compare/timeline.ts";
import { observationsOf } from "./history-maker.ts";

const window = { fromMs: 1000, toMs: 1600 };
const none = new Uint32Array(3);

test("puts each request where it belongs", () => {
  const observations = observationsOf(
    1,
    [
      { process: 0, key: 1, sequence: 1, startMs: 1010, ackMs: 1020 },
      { process: 0, key: 1, sequence: 2, startMs: 1200, ackMs: 1300 },
      { process: 0, key: 1, sequence: 3, startMs: 1240, ackMs: 1550, outcome: "unknown" },
      { process: 0, key: 1, sequence: 4, startMs: 1590, ackMs: 1700 },
      { process: 0, key: 1, sequence: 5, startMs: 900, ackMs: 1001 },
    ],
    [{ process: 0, key: 1, startMs: 1510, endMs: 1511, vector: [0] }],
  );
  const pieces = timelineOf(observations, [Uint8Array.of(1)], [Uint32Array.of(0, 7, 0)], window);
  expect(pieces.map(({ p50Ms, p99Ms, ...others }) => ({ ...others, p50Ms: p50Ms, p99Ms: Math.round(p99Ms) }))).toEqual([
    { atMs: 0, perSecond: 8, p50Ms: 10, p99Ms: 100, failed: 0, unknown: 1, stale: 0 },
    { atMs: 250, perSecond: 4, p50Ms: 0, p99Ms: 0, failed: 7, unknown: 0, stale: 0 },
    { atMs: 500, perSecond: 10, p50Ms: 1, p99Ms: 110, failed: 0, unknown: 0, stale: 1 }, // of 100 ms
  ]);
});

test("a read that goes on to write is no request of its own", () => {
  const observations = observationsOf(
    1,
    [],
    [{ process: 0, key: 1, startMs: 1010, endMs: 1020, vector: [0], isWhole: false }],
  );
  const [first] = timelineOf(observations, [Uint8Array.of(0)], [none], window);
  expect(first).toMatchObject({ perSecond: 0, p50Ms: 0 });
});
