// bench/compare/costs.ts: what a system used in the measured time, shared among its requests; unknown where a part is.
import { expect, test } from "vitest";
import { costsOf, measuringUsage, medianCosts } from "../../../bench/compare/costs.ts";
import type { Usage } from "../../../bench/compare/system.ts";

const unknown = { bytesPerRequest: undefined, messagesPerRequest: undefined, cpuSecondsPerMillion: undefined };

test("only what is used between the moments counts", async () => {
  const told = [usage(10, 1000, 7), usage(12, 5000, 27)];
  const { measured, used } = await measuringUsage({ usage: () => Promise.resolve(told.shift()) }, (moments) => {
    moments.onBegin!();
    moments.onEnd!();
    return Promise.resolve("measured");
  });
  expect(measured).toBe("measured");
  expect(used).toEqual(usage(2, 4000, 20));
  expect(costsOf(used, 1000)).toEqual({ bytesPerRequest: 4, messagesPerRequest: 0.02, cpuSecondsPerMillion: 2000 });
});

test("what is not known, is not known afterwards", async () => {
  const told = [usage(1, undefined, 5), usage(2, undefined, 6)];
  const ask = { usage: () => Promise.resolve(told.shift()) };
  const measure = (moments: { onBegin?(): void; onEnd?(): void }): Promise<void> => {
    moments.onBegin!();
    moments.onEnd!();
    return Promise.resolve();
  };
  expect((await measuringUsage(ask, measure)).used).toEqual(usage(1, undefined, 1));
  expect((await measuringUsage(ask, measure)).used).toBeUndefined();
  expect(costsOf(undefined, 10)).toEqual(unknown);
  expect(costsOf(usage(1, 1, 1), 0)).toEqual(unknown);
});

test("a system of which a process has ended is no result", async () => {
  const ended = new Error("a node ended");
  for (const at of ["begin", "end"]) {
    const isGone = (): Promise<Usage> => Promise.reject(ended);
    const told = [at === "begin" ? isGone : () => Promise.resolve(usage(1, 1, 1)), isGone];
    const measured = measuringUsage({ usage: () => told.shift()!() }, async (moments) => {
      moments.onBegin!();
      await new Promise((resolve) => setImmediate(resolve)); // nobody waits for it yet, and that is no unhandled rejection
      moments.onEnd!();
    });
    await expect(measured).rejects.toBe(ended);
  }
});

test("of several rounds the median of those that know it", () => {
  const rounds = [1, 5, undefined, 2].map((cpuSecondsPerMillion) => ({ ...unknown, cpuSecondsPerMillion }));
  expect(medianCosts(rounds)).toEqual({ ...unknown, cpuSecondsPerMillion: 2 });
});

function usage(cpuSeconds: number, bytesSent: number | undefined, messagesSent: number): Usage {
  return { cpuSeconds, bytesSent, messagesSent };
}
