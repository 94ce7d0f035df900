// What a function asks the machine for is answered otherwise on another day, and what it asked is known.
import { expect, test } from "vitest";
import { onAnotherDay } from "../../client/another-day.ts";

const yearMs = 365 * 24 * 3600 * 1000;

test.each<[string, () => unknown, string]>([
  ["the clock", () => Date.now(), "Date.now()"],
  ["a date", () => new Date().getTime(), "new Date()"],
  ["a stopwatch", () => performance.now(), "performance.now()"],
])("%s is far from today", (_, ask, name) => {
  const today = ask() as number;
  const { value, asked } = onAnotherDay(ask);
  expect((value as number) - today).toBeGreaterThan(yearMs);
  expect(asked).toEqual([name]);
});

test("dice and ids are noted", () => {
  const { asked } = onAnotherDay(() => [
    Math.random(),
    crypto.randomUUID(),
    crypto.getRandomValues(new Uint8Array(1)),
    Date(),
  ]);
  expect(asked).toEqual(["Math.random()", "crypto.randomUUID()", "crypto.getRandomValues()", "Date()"]);
});

test("a given moment is a value like any other", () => {
  const { value, asked } = onAnotherDay(() => [new Date(5), new Date(5) instanceof Date, Date.parse("1970-01-01")]);
  expect(value).toEqual([new Date(5), true, 0]);
  expect(asked).toEqual([]);
});

test("afterwards everything is as it was, also after a failure", () => {
  const own = (): unknown[] =>
    [Math, Date, performance, crypto, globalThis].map((object) => Object.getOwnPropertyDescriptors(object));
  const before = own();
  expect(() =>
    onAnotherDay(() => {
      throw new Error("no idea");
    }),
  ).toThrow("no idea");
  expect(own()).toEqual(before);
});
