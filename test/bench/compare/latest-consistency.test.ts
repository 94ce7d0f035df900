// Where a store keeps one value, a read is stale if a write that began after the shown one was acknowledged had been acknowledged itself
// before the read began; and a store that answers one request after the other has no stale reads, whoever overwrites whom.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LatestHistory } from "../../../bench/compare/latest-consistency.ts";
import { foundOf, observationsOf, type Read, type Write } from "./history-maker.ts";

const window = { fromMs: 0, toMs: 1000 };
const first = { process: 0, key: 1, sequence: 1, startMs: 10, ackMs: 20 };
const second = { process: 1, key: 1, sequence: 1, startMs: 30, ackMs: 40 };

function staleIn(writes: readonly Write[], reads: readonly Read[]): number {
  return new LatestHistory(observationsOf(2, writes, reads)).judge([], window).consistency.stale;
}

describe("a read", () => {
  const ofFirst = { process: 0, key: 1, startMs: 50, vector: [1, 0], writer: 0 };

  test.each<[string, number, readonly Write[], Read]>([
    ["of what a later write has replaced is stale", 1, [first, second], ofFirst],
    [
      "of the later write is not, though it has not seen the first",
      0,
      [first, second],
      { ...ofFirst, vector: [0, 1], writer: 1 },
    ],
    ["of either of two that overlap is not", 0, [first, { ...second, startMs: 15 }], ofFirst],
    ["that began before the later one was acknowledged is not", 0, [first, second], { ...ofFirst, startMs: 35 }],
    ["of one of which nobody knows when it happened is not", 0, [{ ...first, outcome: "unknown" }, second], ofFirst],
    ["of a value of an earlier run is stale once there is a later one", 1, [second], ofFirst],
    ["of nothing is stale once there is something", 1, [first], { ...ofFirst, vector: [0, 0], writer: 255 }],
  ])("%s", (_, stale, writes, read) => {
    expect(staleIn(writes, [read])).toBe(stale);
  });
});

test("lost is what nobody had seen who wrote what is there in the end", () => {
  const history = new LatestHistory(observationsOf(2, [first, second], []));
  expect(history.judge([foundOf({ 1: [0, 1] }, 2)], window).consistency.lostUpdates).toBe(1);
});

test("a register that answers one request after the other has no stale reads", () => {
  const steps = fc.array(
    fc.record({ process: fc.nat({ max: 1 }), isWrite: fc.boolean(), early: fc.nat({ max: 20 }) }),
    {
      maxLength: 40,
    },
  );
  fc.assert(
    fc.property(steps, (all) => {
      const { writes, reads } = playRegister(all);
      expect(staleIn(writes, reads)).toBe(0);
    }),
  );
});

/** Each step takes place at its own moment; it began some time before, but after the process's last write was answered. */
function playRegister(
  steps: readonly { readonly process: number; readonly isWrite: boolean; readonly early: number }[],
): { readonly writes: readonly Write[]; readonly reads: readonly Read[] } {
  const writes: Write[] = [];
  const reads: Read[] = [];
  const known = [
    [0, 0],
    [0, 0],
  ];
  const freeMs = [0, 0];
  let shown: { readonly writer: number; readonly vector: readonly number[] } = { writer: 255, vector: [0, 0] };
  for (const [at, { process, isWrite, early }] of steps.entries()) {
    const momentMs = 10 * (at + 1);
    const startMs = Math.max(momentMs - early, freeMs[process]! + 1, 0);
    if (!isWrite) reads.push({ process, key: 1, startMs: Math.min(startMs, momentMs), ...shown });
    else {
      known[process]![process]!++;
      shown = { writer: process, vector: [...known[process]!] };
      writes.push({ process, key: 1, sequence: known[process]![process]!, startMs, ackMs: momentMs + 1 });
      freeMs[process] = momentMs + 1;
    }
  }
  return { writes, reads };
}
