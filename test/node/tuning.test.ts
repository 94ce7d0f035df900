/** node/tuning.ts: the defaults fit together. */
import { expect, test } from "vitest";
import { defaultTuning as tuning } from "../../node/tuning.ts";
import { limits } from "../../src/limits.ts";

test("a ping is given up, and others are asked, well before the next one", () => {
  expect(tuning.probeTimeoutMs * 2).toBeLessThan(tuning.probeIntervalMs);
});

test("no hint is older than a tombstone may become, and no request lives longer than messages may", () => {
  // Design §7: a tombstone goes only when it is older than the hint window.
  expect(tuning.tombstoneAgeMs).toBeGreaterThan(tuning.hintAgeMsMax);
  expect(tuning.messageLifetimeMs).toBeGreaterThan(limits.timeoutMsMax);
});

test("every request may be tried again to its end, and no tombstone goes before that", () => {
  expect(tuning.retryWindowMs).toBeGreaterThanOrEqual(limits.timeoutMsMax);
  expect(tuning.tombstoneAgeMs).toBeGreaterThanOrEqual(tuning.retryWindowMs);
});
