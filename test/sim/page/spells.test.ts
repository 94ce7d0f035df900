// Paths that fail together are told as one: who is cut off from whom, and in which direction.
import { expect, test } from "vitest";
import type { RecordedSpan } from "../../../sim/recorded.ts";
import { spellsOf } from "../../../sim/page/spells.ts";

function blocked(paths: readonly (readonly [lane: number, toward: number])[], begin = 1, end = 5): RecordedSpan[] {
  return paths.map(([lane, toward]) => ({ kind: "blocked", lane, toward, text: "", begin, end }));
}

test("a partition both ways has two sides, told by the smaller one", () => {
  const paths = [2, 3, 4].flatMap((other) => [[other, 0] as const, [0, other] as const]);
  expect(spellsOf(blocked(paths))).toMatchObject([
    { lanes: [0], others: [2, 3, 4], isBothWays: true, begin: 1, end: 5 },
  ]);
});

test("one way: who does not reach whom", () => {
  expect(spellsOf(blocked([2, 3, 4].map((other) => [0, other])))).toMatchObject([
    { lanes: [0], others: [2, 3, 4], isBothWays: false, isInward: false },
  ]);
  expect(spellsOf(blocked([2, 3, 4].map((other) => [other, 0])))).toMatchObject([
    { lanes: [0], others: [2, 3, 4], isBothWays: false, isInward: true },
  ]);
});

test("paths that have nothing to do with each other are several", () => {
  const spells = spellsOf(
    blocked([
      [0, 1],
      [2, 3],
    ]),
  );
  expect(spells.map(({ lanes, others }) => [lanes, others])).toEqual([
    [[0], [1]],
    [[2], [3]],
  ]);
});

test("what does not begin and end together is not one", () => {
  expect(spellsOf([...blocked([[0, 1]]), ...blocked([[0, 2]], 2)]).length).toBe(2);
});

test("nodes are each by themselves", () => {
  const down = [0, 1].map((lane) => ({ kind: "down", lane, text: "down", begin: 1 }));
  expect(spellsOf(down)).toMatchObject([
    { lanes: [0], others: [], end: undefined },
    { lanes: [1], others: [], end: undefined },
  ]);
});
