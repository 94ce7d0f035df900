// What a user writes for the simulator is played as it is meant, and what is a mistake is said to be one.
import { describe, expect, test } from "vitest";
import { merge } from "../../client/resolver.ts";
import { simulate, type SimulateOptions, type Simulation } from "../../sim/index.ts";

const calm: SimulateOptions = { nodes: 3, clients: 2, workMs: 2000, seeds: 3, faults: false, shrinkRunsMax: 0 };

test("without faults a read shows what was written, and nobody is accused", async () => {
  const shown: unknown[] = [];
  const report = await simulate(
    () => ({
      buckets: { b: {} },
      *workload({ name }) {
        yield { kind: "think", lastsMs: 500 };
        yield { kind: "put", bucket: "b", key: name, value: { of: name } };
        const read = yield { kind: "get", bucket: "b", key: name };
        if (read?.outcome === "ok") shown.push(read.value);
        yield { kind: "delete", bucket: "b", key: name };
      },
      invariant: ({ read, keys }) =>
        keys.length === 2 && !read("b", "c1").found ? undefined : `left: ${keys.join(", ")}`,
    }),
    calm,
  );
  expect(report.failure?.text).toBeUndefined();
  // For the look at the simulation itself no workload is begun: three runs of two clients.
  expect(shown).toHaveLength(6);
  expect(shown).toEqual(expect.arrayContaining([{ of: "c1" }, { of: "c2" }]));
  expect(report).toMatchObject({ seeds: 3, calls: 18 });
});

test("a store that loses nothing still breaks a counter that is overwritten: the failure tells how", async () => {
  const { failure } = await simulate(
    () => ({
      buckets: { b: { resolver: merge(Math.max) } },
      *workload({ random }) {
        for (let calls = 0; calls < 5; calls++) {
          yield { kind: "think", lastsMs: random.exponential(50) };
          yield { kind: "update", bucket: "b", key: "hits", change: (hits: number | undefined) => (hits ?? 0) + 1 };
        }
      },
      invariant({ read, calls }) {
        const counted = calls.filter(({ told }) => told?.outcome === "ok").length;
        const { value = 0 } = read<number>("b", "hits");
        return value < counted ? `${counted} hits were counted, and the counter says ${value}` : undefined;
      },
    }),
    { ...calm, shrinkRunsMax: 100 },
  );
  expect(failure).toMatchObject({ invariant: "yours", sentence: "2 hits were counted, and the counter says 1" });
  expect(failure!.steps.length).toBeLessThanOrEqual(4);
  expect(failure!.steps.at(-1)).toMatch(/ ms {2}c\d update b\/hits: ok$/);
});

describe("mistakes are refused in a sentence:", () => {
  const nothing: Simulation["workload"] = function* () {};
  const wrong: readonly (readonly [what: string, simulation: unknown, sentence: string])[] = [
    ["a misspelt part", { workload: nothing, bucket: {} }, "bucket is no part of a simulation"],
    ["no workload", {}, "a simulation needs a workload"],
  ];
  test.each(wrong)("%s", async (_, simulation, sentence) => {
    await expect(simulate(() => simulation as Simulation, calm)).rejects.toThrow(sentence);
  });

  test.each([
    [{ seedz: 1 }, "seedz is no option of simulate"],
    [{ seeds: 0 }, "seeds is a whole number from 1, not 0"],
    [{ nodes: 2.5 }, "nodes is a whole number from 1, not 2.5"],
  ])("options %o", async (options, sentence) => {
    await expect(simulate(() => ({ workload: nothing }), options as SimulateOptions)).rejects.toThrow(sentence);
  });

  const steps: readonly (readonly [what: string, step: unknown, sentence: string])[] = [
    ["a kind that there is not", { kind: "putt" }, "a workload yields get, put, delete"],
    ["no step at all", undefined, "a workload yields get, put, delete"],
    ["a bucket that was not named", { kind: "get", bucket: "c", key: "k" }, "is none of the simulation's buckets: b"],
    ["thinking for no time", { kind: "think" }, "think needs lastsMs, from 0, not undefined"],
    ["an option that there is not", { kind: "get", bucket: "b", key: "k", options: { R: 1 } }, "R is no option"],
  ];
  test.each(steps)("%s", async (_, step, sentence) => {
    const workload = function* (): Generator<never, void> {
      yield step as never;
    };
    const { failure } = await simulate(() => ({ buckets: { b: {} }, workload }), calm);
    expect(failure?.text).toContain(sentence);
  });

  test.each([
    [
      "async",
      async () => undefined,
      "an invariant says what is wrong as a text, or returns nothing: it cannot be async",
    ],
    ["of no words", () => "", "an invariant says what is wrong as a text"],
    ["of true and false", () => false, "an invariant says what is wrong as a text"],
  ])("an invariant that is %s", async (_, invariant, sentence) => {
    const { failure } = await simulate(() => ({ workload: nothing, invariant: invariant as never }), calm);
    expect(failure?.text).toContain(sentence);
  });

  test("a workload that is no generator", async () => {
    const { failure } = await simulate(() => ({ workload: (() => undefined) as never }), calm);
    expect(failure?.text).toContain("a workload is a generator");
  });
});
