// Nobody is told of the same siblings twice, as far as a bounded memory reaches.
import { expect, test } from "vitest";
import { Told } from "../../client/told.ts";

test("siblings of a key are new once", () => {
  const told = new Told();
  expect(told.isNew("alice", "a:1 b:1")).toBe(true);
  expect(told.isNew("alice", "a:1 b:1")).toBe(false);
  expect(told.isNew("alice", "a:1 b:2")).toBe(true);
  expect(told.isNew("bob", "a:1 b:1")).toBe(true);
});

test("what is long ago is forgotten, and what is not is known", () => {
  const told = new Told();
  for (let at = 0; at < 20_000; at++) told.isNew(`${at}`, "");
  expect(told.isNew("19999", "")).toBe(false);
  expect(told.isNew("15001", "")).toBe(false);
  expect(told.isNew("1", "")).toBe(true);
});
