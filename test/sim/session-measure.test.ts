/** Claim: a run counts how often the eventual level breaks what it does not promise: per client, from what it was told. */
import { expect, test } from "vitest";
import type { Dot } from "../../src/dot.ts";
import type { Operation } from "../../sim/history.ts";
import { SessionMeasure } from "../../sim/session-measure.ts";
import { first, issue, operation, second } from "./story.ts";

function broken(...operations: readonly Operation[]): string[] {
  const measure = new SessionMeasure();
  for (const dot of [first, second]) measure.observe(issue(dot, []));
  return measure.breachesIn(operations).map(({ guarantee }) => guarantee);
}

function readAt(atMs: number, client: string, seen: readonly Dot[]): Operation {
  const times = { calledAtMs: atMs, returnedAtMs: atMs + 1 };
  return { ...operation(first, "ok", seen), kind: "get", value: undefined, op: undefined, client, ...times };
}

const wrote = operation(first, "ok", [first]);
const after = { ...operation(second, "ok", [second]), calledAtMs: 2, returnedAtMs: 3 };

test("what a client wrote, or read, and does not read again", () => {
  expect(broken(wrote, readAt(2, "c1", [first]))).toEqual([]);
  expect(broken(wrote, readAt(2, "c1", []))).toEqual(["read your writes"]);
  expect(broken(wrote, readAt(2, "c2", []))).toEqual([]);
  expect(broken(readAt(2, "c2", [first]), readAt(4, "c2", []))).toEqual(["monotonic reads"]);
});

test("what comes without its past", () => {
  expect(broken(wrote, after, readAt(4, "c2", [second]))).toEqual(["monotonic writes"]);
  expect(broken(readAt(0, "c1", [first]), after, readAt(4, "c2", [second]))).toEqual(["writes follow reads"]);
});

test("a call that failed, or never returned, is owed nothing", () => {
  const failed = { ...wrote, outcome: "unknown", context: undefined } as const;
  expect(broken(failed, readAt(2, "c1", []))).toEqual([]);
  const pending = { ...wrote, outcome: "pending", returnedAtMs: undefined, context: undefined } as const;
  expect(broken(pending, readAt(2, "c1", []))).toEqual([]);
});
