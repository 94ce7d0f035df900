/** node/local-health.ts: a node that is slow itself is slow to suspect others (Lifeguard section IV-A). */
import { expect, test } from "vitest";
import { LocalHealth } from "../../node/local-health.ts";

test("what speaks against the node stretches its times, up to nine times; each success takes one back", () => {
  // The issue: a node with a slow event loop doubts itself. Bounded, or it would never find out that it is well again.
  const health = new LocalHealth();
  expect(health.multiplier).toBe(1);
  health.worsen(3);
  expect(health.multiplier).toBe(4);
  health.improve();
  expect(health.multiplier).toBe(3);
  health.worsen(100);
  expect(health.multiplier).toBe(9);
  for (let at = 0; at < 20; at++) health.improve();
  expect(health.multiplier).toBe(1);
});
