// I15: retries amplify the load of an overloaded cluster by less than two.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { RetryBudget } from "../../client/retry-budget.ts";

function takeAll(budget: RetryBudget): number {
  let taken = 0;
  while (budget.take()) taken++;
  return taken;
}

test("a few tries are there from the beginning, and no more than those are saved up", () => {
  const budget = new RetryBudget();
  for (let success = 0; success < 1000; success++) budget.succeeded();
  expect(takeAll(budget)).toBe(64);
  expect(budget.take()).toBe(false);
});

test("two successes pay for one more", () => {
  const budget = new RetryBudget();
  takeAll(budget);
  budget.succeeded();
  expect(budget.take()).toBe(false);
  budget.succeeded();
  expect(budget.take()).toBe(true);
});

test("however successes and tries come, tries are at most half the successes and those of the beginning", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 1000 }), (events) => {
      const budget = new RetryBudget();
      let successes = 0;
      let tries = 0;
      for (const isSuccess of events) {
        if (isSuccess) budget.succeeded();
        if (isSuccess) successes++;
        else if (budget.take()) tries++;
      }
      expect(tries).toBeLessThanOrEqual(successes / 2 + 64);
    }),
  );
});
