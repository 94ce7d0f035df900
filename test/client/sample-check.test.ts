// The laws on an application's own samples, when its merge is made: in development, or if asked for (design §8).
import { afterEach, expect, test, vi } from "vitest";
import { merge } from "../../client/resolver.ts";

afterEach(() => void vi.unstubAllEnvs());

const samples = [["a"], ["b"], ["c", "a"]];

function concat(a: readonly string[], b: readonly string[]): readonly string[] {
  return [...a, ...b];
}

function unionOf(a: readonly string[], b: readonly string[]): readonly string[] {
  return [...new Set([...a, ...b])].sort();
}

test("a merge that breaks a law on its samples is refused with them", () => {
  expect(() => merge(concat, { samples })).toThrow(
    expect.objectContaining({
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(/^this merge breaks a law\.\nidempotence .*\n\n {2}a +=? \["a"\]/),
    }),
  );
});

test("one that keeps them is not", () => {
  expect(merge(unionOf, { samples }).kind).toBe("merge");
  expect(merge(concat, { samples: [] }).kind).toBe("merge");
});

test("in production nothing is tested unless it is asked for, and in development it can be left", () => {
  expect(merge(concat, { samples, checkLaws: false }).kind).toBe("merge");
  vi.stubEnv("NODE_ENV", "production");
  expect(merge(concat, { samples }).kind).toBe("merge");
  expect(() => merge(concat, { samples, checkLaws: true })).toThrow("idempotence does not hold");
});

test("many samples cost no more than some", () => {
  let calls = 0;
  const counting = (a: number, b: number): number => {
    calls++;
    return Math.max(a, b);
  };
  merge(counting, { samples: Array.from({ length: 5000 }, (_, at) => at) });
  expect(calls).toBeLessThan(100_000);
});

test("and of large ones fewer are tried, but some", () => {
  let calls = 0;
  const counting = (a: string, b: string): string => {
    calls++;
    return a > b ? a : b;
  };
  merge(counting, { samples: Array.from({ length: 50 }, (_, at) => String(at).repeat(20_000)) });
  expect(calls).toBeGreaterThan(30);
  expect(calls).toBeLessThan(2000);
});

test("a sample that cannot be stored is refused by its own mistake", () => {
  expect(() => merge<unknown>((a) => a, { samples: [new Set()] })).toThrow("this value cannot be stored: it is a Set");
});
