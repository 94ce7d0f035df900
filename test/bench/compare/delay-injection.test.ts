// Claim: every message of a put or get is held back by a delay of its own, drawn from its leg's law; others are not.
import { expect, test } from "vitest";
import { DelayInjection } from "../../../bench/compare/delay-injection.ts";
import { nowMs } from "../../../bench/compare/monotonic.ts";
import { Random } from "../../../src/random.ts";
import type { PeerMessage } from "../../../src/messages.ts";

const legs = { w: () => 1e6, a: () => 2e6, r: () => 3e6, s: () => 4e6 };

function makeInjection(): { readonly injection: DelayInjection; readonly addedMs: number[] } {
  const addedMs: number[] = [];
  const queue = { add: (atMs: number) => void addedMs.push(atMs), look: () => undefined };
  return { injection: new DelayInjection(new Random(1), legs, queue), addedMs };
}

const messages: readonly PeerMessage[] = [
  {
    kind: "ReplicaPut",
    id: 1,
    key: new Uint8Array(1),
    record: new Uint8Array(1),
    timeoutMs: 1,
    early: false,
    standsFor: undefined,
  },
  { kind: "ReplicaPutReply", id: 1, durable: true },
  { kind: "ReplicaGet", id: 1, key: new Uint8Array(1), have: undefined, timeoutMs: 1, durable: false },
  { kind: "ReplicaGetReply", id: 1, answer: "absent", record: undefined },
];

test("each leg has its law", () => {
  const { injection, addedMs } = makeInjection();
  const from = nowMs();
  for (const message of messages) injection.hold(message, () => undefined);
  const until = nowMs();
  expect(addedMs).toHaveLength(4);
  [1e6, 2e6, 3e6, 4e6].forEach((delayMs, at) => {
    expect(addedMs[at]).toBeGreaterThanOrEqual(from + delayMs);
    expect(addedMs[at]).toBeLessThanOrEqual(until + delayMs);
  });
});

test("what is no leg passes at once", () => {
  const { injection, addedMs } = makeInjection();
  let passed = 0;
  const failure: PeerMessage = {
    kind: "Failure",
    id: 1,
    code: "TIMEOUT",
    outcome: "none",
    message: "",
    retryable: true,
    details: {},
  };
  injection.hold(failure, () => passed++);
  expect([passed, addedMs]).toEqual([1, []]);
});
