// Who waits at a connection, against a plain map: each request has a number of its own, and its answer finds it, however long others wait.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WaitingTable, type Waiting } from "../../client/waiting-table.ts";

function someone(): Waiting {
  return { isWrite: false, id: 0, giveUpAtMs: 0, answer: () => undefined, fail: () => undefined };
}

/** What is left in the table, asked for by number. */
function idsIn(table: WaitingTable, upTo: number): number[] {
  return Array.from({ length: upTo }, (_, at) => at + 1).filter((id) => table.has(id));
}

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("add" as const), giveUpAtMs: fc.integer({ max: 50, min: 1 }) }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("take" as const), pick: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("takeDue" as const), nowMs: fc.integer({ max: 60, min: 0 }) }),
  },
);

it("holds what a map would hold, whatever comes and goes", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 600, size: "max" }), (steps) => {
      const table = new WaitingTable();
      const model = new Map<number, Waiting>();
      let latest = 0;
      for (const one of steps) {
        if (one.kind === "add") {
          const waiting = someone();
          const id = table.add(waiting, one.giveUpAtMs);
          expect(id).toBeGreaterThan(latest);
          latest = id;
          model.set(id, waiting);
        } else if (one.kind === "take") {
          const id = [...model.keys(), latest + 1][one.pick % (model.size + 1)]!;
          expect(table.take(id)).toBe(model.get(id));
          expect(table.take(id)).toBeUndefined();
          model.delete(id);
        } else {
          const due = [...model.values()].filter(({ giveUpAtMs }) => giveUpAtMs <= one.nowMs);
          expect(table.takeDue(one.nowMs)).toEqual(due);
          for (const { id } of due) model.delete(id);
        }
        expect(table.size).toBe(model.size);
      }
      expect(idsIn(table, latest)).toEqual([...model.keys()]);
    }),
  );
});

describe("a request that waits long", () => {
  it("keeps its slot, and its number is never mistaken for another with the same last bits", () => {
    const table = new WaitingTable();
    const patient = someone();
    const id = table.add(patient, Infinity);
    for (let other = 0; other < 10_000; other++) expect(table.take(table.add(someone(), 1))?.id).not.toBe(id);
    for (let bits = 64; bits <= 4096; bits *= 2) expect(table.take(id + bits)).toBeUndefined();
    expect(table.take(id)).toBe(patient);
  });
});

it("finds nobody under a number that was never given out", () => {
  const table = new WaitingTable();
  expect([table.take(0), table.take(1), table.has(0), table.takeDue(Infinity)]).toEqual([
    undefined,
    undefined,
    false,
    [],
  ]);
});
