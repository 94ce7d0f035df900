// A value's stamp says what its writer had seen of the key when it wrote, and nothing of other keys.
import { expect, test } from "vitest";
import { Knowledge } from "../../../bench/compare/knowledge.ts";
import { joinStamp } from "../../../bench/compare/stamp.ts";

function vectorOf(value: Uint8Array): number[] {
  const row = new Uint32Array(2);
  expect(joinStamp(value, 2, row, 0)).toBe(true);
  return [...row];
}

test("a write has seen all that its process has written and read before", () => {
  const mine = new Knowledge(0, 2, 10);
  const theirs = new Knowledge(1, 2, 10);
  expect(vectorOf(mine.nextValue(3, 20, false))).toEqual([1, 0]);
  const read = theirs.nextValue(3, 20, false);
  expect(vectorOf(read)).toEqual([0, 1]);
  expect(mine.learn(3, read)).toBe(true);
  expect(vectorOf(mine.nextValue(3, 20, false))).toEqual([2, 1]);
  expect(mine.sequenceOf(3)).toBe(2);
  expect(vectorOf(mine.nextValue(4, 20, false))).toEqual([1, 0]);
});

test("a blind write counts on and has seen nothing", () => {
  const mine = new Knowledge(0, 2, 1);
  const theirs = new Knowledge(1, 2, 1);
  mine.learn(0, theirs.nextValue(0, 20, false));
  mine.nextValue(0, 20, false);
  expect(vectorOf(mine.nextValue(0, 20, true))).toEqual([2, 0]);
});

test("values have the size that is asked for", () => {
  expect(new Knowledge(0, 1, 1).nextValue(0, 6, false)).toHaveLength(6);
  expect(new Knowledge(0, 1, 1).nextValue(0, 10_000, false)).toHaveLength(10_000);
});

test("keys can become more, and what was known of others stays", () => {
  const mine = new Knowledge(0, 1, 1);
  mine.nextValue(0, 20, false);
  mine.reserve(0);
  mine.makeRoom(100);
  expect(mine.sequenceOf(0)).toBe(1);
  expect(mine.isWriting(0)).toBe(true);
  expect(mine.isWriting(99)).toBe(false);
  mine.release(0);
  expect(mine.isWriting(0)).toBe(false);
});
