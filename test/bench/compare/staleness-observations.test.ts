// Claim: a read counts from the moment at which its write was committed to that at which its coordinator took it, whatever clients saw.
import { expect, test } from "vitest";
import { noteKinds } from "../../../bench/compare/leg-recorder.ts";
import { Observations } from "../../../bench/compare/staleness-observations.ts";
import { Random } from "../../../src/random.ts";

const { requested, answered, asked } = noteKinds;

test("what clients saw waits for the nodes' notes", () => {
  const observations = new Observations(new Random(1));
  observations.addPause({ after: 10, before: 11 });
  observations.addRead({ id: 12, after: 11, replicas: [2, 0, 1], reader: 1, behind: 2, moment: 0, sentMs: 0.3 });
  observations.addRead({ id: 13, after: 11, replicas: [2, 0, 1], reader: 2, behind: 0, moment: 4, sentMs: 9.8 });
  observations.take(2, Float64Array.from([requested, 10, -1, 95, answered, 10, -1, 100, requested, 11, -1, 102]));
  expect([observations.pausesMs, observations.reads, observations.areOpen]).toEqual([[2], [], true]);
  // The reader asks nodes 2 and 1, which are the first and the last of the key's replicas.
  observations.take(0, Float64Array.from([requested, 12, -1, 110.5, asked, 12, 2, 110.5, asked, 12, 1, 110.5]));
  expect(observations.reads).toEqual([]);
  observations.take(2, Float64Array.from([answered, 11, -1, 107]));
  expect(observations.reads).toEqual([{ reader: 1, tMs: 3.5, behind: 2, moment: 0, asked: [1, 0, 2] }]);
  observations.take(1, Float64Array.from([requested, 13, -1, 117]));
  expect(observations.reads[1]).toEqual({ reader: 2, tMs: 10, behind: 0, moment: 4, asked: [2] });
  expect(observations.areOpen).toBe(false);
  // 3.2 and 0.2 ms later than they were sent.
  expect(observations.latenessMs).toBeCloseTo((3.2 / 64) * (63 / 64) + 0.2 / 64);
});
