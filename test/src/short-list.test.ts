// Claim: whatever is appended is there, in order, and the list that comes back is the one to go on with.
import { expect, test } from "vitest";
import { appended } from "../../src/short-list.ts";

test("a list has what was appended, in order", () => {
  let list: number[] = [];
  for (let item = 0; item < 40; item++) list = appended(list, item);
  expect(list).toEqual(Array.from({ length: 40 }, (_, at) => at));
});

test("an empty list that others hold stays empty", () => {
  const none: number[] = [];
  expect(appended(none, 1)).toEqual([1]);
  expect(none).toEqual([]);
});
