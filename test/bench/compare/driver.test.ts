// A put's stamp knows all that the client would let it replace, though promises tell the caller later than the client; and requests are
// noted as what they were.
import { describe, expect, test } from "vitest";
import { runClosedLoop } from "../../../bench/compare/closed-loop.ts";
import { textOfKey } from "../../../bench/compare/key-texts.ts";
import { Knowledge } from "../../../bench/compare/knowledge.ts";
import { nowMs } from "../../../bench/compare/monotonic.ts";
import { Notebook } from "../../../bench/compare/observations.ts";
import { Recorder } from "../../../bench/compare/recorder.ts";
import { FakeSession } from "./fake-session.ts";
import { optionsOf } from "./loop-options.ts";

describe("stamps", () => {
  test.each(["A", "F"] as const)("in workload %s no put is unaware of what its client has seen", async (workload) => {
    const session = new FakeSession(2);
    const other = new Knowledge(1, 2, 8);
    const held: (() => void)[] = [];
    const answerAll = (): void => {
      for (const answer of held.splice(0)) answer();
    };
    session.answer = (answer, request) => {
      session.putByAnother(textOfKey(request % 8), other.nextValue(request % 8, 40, false)); // something new to see
      if (held.length === 0) setImmediate(answerAll); // many in one turn, as frames bring them
      held.push(answer);
    };
    await runClosedLoop(optionsOf(session, { workload, records: 8, processes: 2 }), 16, nowMs() + 100);
    expect(session.requests).toBeGreaterThan(10);
    expect(session).toMatchObject({ unaware: 0, overlapping: 0 });
  });
});

describe("notes", () => {
  async function play(
    workload: "D" | "F" | "counter",
    records: number,
    processes = 1,
  ): Promise<ReturnType<Recorder["tally"]>> {
    const recorder = new Recorder({ fromMs: nowMs(), toMs: nowMs() + 10_000 }, new Notebook(processes, 100_000));
    const session = new FakeSession(processes);
    session.answer = (answer) => void setImmediate(answer);
    await runClosedLoop(optionsOf(session, { workload, records, processes, recorder, inserted: 5 }), 4, nowMs() + 200);
    return recorder.tally();
  }

  test("a read-modify-write is one request, of a read and a write of the same key", async () => {
    const { observations, answered } = await play("F", 100);
    const { reads, writes } = observations;
    const parts = [...reads.key.keys()].filter((row) => reads.isWhole[row] === 0);
    expect(parts.length).toBe(writes.count);
    expect(parts.length).toBeGreaterThan(0);
    expect(answered).toBe(reads.count);
    const inOrder = (keys: Iterable<number>): number[] => [...keys].sort((a, b) => a - b);
    expect(inOrder(writes.key)).toEqual(inOrder(parts.map((row) => reads.key[row]!)));
  });

  test("inserts make new keys, in turn with other processes, of which each reads its own", async () => {
    const { reads, writes } = (await play("D", 10, 2)).observations;
    expect([...writes.key].sort((a, b) => a - b)).toEqual([...writes.key.keys()].map((at) => 10 + 2 * (5 + at)));
    const inserted = reads.key.filter((key) => key >= 10);
    expect(Math.max(...inserted)).toBeGreaterThanOrEqual(10 + 2 * 4); // the latest there was is the most popular one
    expect(inserted.filter((key) => key % 2 === 1)).toHaveLength(0);
  });

  test("the numbers of a key's writes are in order", async () => {
    const { writes } = (await play("F", 5)).observations;
    for (let key = 0; key < 5; key++) {
      const numbers = [...writes.sequence].filter((_, row) => writes.key[row] === key);
      expect(numbers).toEqual([...numbers.keys()].map((at) => at + 1));
    }
  });

  test("counters are incremented and counted", async () => {
    const { reads, writes } = (await play("counter", 5)).observations;
    expect(reads.count).toBeGreaterThan(0);
    expect(writes.count).toBeGreaterThan(0);
  });
});
