// Promise 6, the same seed gives the same run: nothing in a run can ask the machine for time or chance without being found out.
import { describe, expect, test } from "vitest";
import { Replica } from "../../node/replica.ts";
import { runSeed, type SeedReport } from "../../sim/index.ts";
import { forbidAmbient } from "../../sim/ambient.ts";
import { merge } from "../../client/resolver.ts";
import { simulate } from "../../sim/simulate.ts";

const questions: Readonly<Record<string, () => unknown>> = {
  "Date.now()": () => Date.now(),
  "new Date()": () => new Date(),
  "Math.random()": () => Math.random(),
  "performance.now()": () => performance.now(),
  "crypto.randomUUID()": () => crypto.randomUUID(),
  "crypto.getRandomValues()": () => crypto.getRandomValues(new Uint8Array(1)),
  "setTimeout()": () => setTimeout(() => {}, 1),
};

describe("in a run", () => {
  test.each(Object.entries(questions))("%s throws", async (what, ask) => {
    const report = await runSeed(1, {
      createMachine: (config, store, now) => {
        const replica = new Replica(config, store, now);
        return {
          step: (now, input) => {
            ask();
            return replica.step(now, input);
          },
        };
      },
    });
    expect(report.kind).toBe("crash");
    expect(report.error).toContain(`${what} was asked in a simulated run`);
  });

  test("a user's merge that asks for the time fails the run", async () => {
    const { failure } = await simulate(
      () => ({
        buckets: { b: { resolver: merge((a: number, b: number) => (Date.now() % 2 === 0 ? a : b)) } },
        *workload() {
          for (let calls = 0; calls < 10; calls++) {
            yield { kind: "put", bucket: "b", key: "k", value: calls, seen: "nothing" };
            yield { kind: "get", bucket: "b", key: "k" };
          }
        },
      }),
      { seeds: 3, shrinkRunsMax: 0 },
    );
    expect(failure?.text).toContain("Date.now() was asked in a simulated run");
  });
});

test("the rest of the process asks as ever, while a run is played and after it", async () => {
  const played: SeedReport[] = [];
  const run = runSeed(2).then((report) => played.push(report));
  let answers = 0;
  while (played.length === 0) {
    for (const ask of Object.values(questions)) if (ask() !== undefined) answers++;
    await new Promise((resolve) => setImmediate(resolve));
  }
  await run;
  expect(played[0]!.kind).toBe("ok");
  expect(answers).toBeGreaterThan(Object.keys(questions).length);
  expect(new Date(5).getTime()).toBe(5);
  expect(new Date()).toBeInstanceOf(Date);
});

test("what was replaced is put back when the last of several runs is over", () => {
  const { now } = Date;
  const [first, second] = [forbidAmbient(), forbidAmbient()];
  expect(Date.now).not.toBe(now);
  first();
  first();
  expect(Date.now).not.toBe(now);
  second();
  expect(Date.now).toBe(now);
});
