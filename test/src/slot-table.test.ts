// Claim: the table holds what a map would hold, whatever comes and goes; each thing has a number of its own, which never finds another.
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { SlotTable } from "../../src/slot-table.ts";

it("holds what a map would hold, under numbers that rise", () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat(), { freq: 2 }), { maxLength: 800, size: "max" }), (steps) => {
      const table = new SlotTable<object>();
      const model = new Map<number, object>();
      let latest = 0;
      for (const pick of steps) {
        if (pick === null) {
          const thing = {};
          const id = table.add(thing);
          expect(id).toBeGreaterThan(latest);
          latest = id;
          model.set(id, thing);
        } else {
          const id = [...model.keys(), latest + 1, 0, -latest][pick % (model.size + 3)]!;
          expect(table.remove(id)).toBe(model.get(id));
          expect(table.remove(id)).toBeUndefined();
          model.delete(id);
        }
        expect(table.size).toBe(model.size);
      }
      expect(table.ids()).toEqual([...model.keys()]);
      for (const [id, thing] of model) expect(table.find(id)).toBe(thing);
    }),
  );
});

it("keeps what stays long, and passes its slot over", () => {
  const table = new SlotTable<string>();
  const id = table.add("patient");
  for (let other = 0; other < 10_000; other++) {
    const passing = table.add("passing");
    expect([passing === id, table.remove(passing)]).toEqual([false, "passing"]);
  }
  for (let bits = 64; bits <= 2 ** 40; bits *= 2) expect(table.find(id + bits)).toBeUndefined();
  expect([table.find(id), table.ids()]).toEqual(["patient", [id]]);
});

it("finds nothing under a number that was never given out", () => {
  const table = new SlotTable<string>();
  expect([0, 1, -1, 0.5, Infinity].map((id) => table.find(id))).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});
