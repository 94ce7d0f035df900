/** node/step-view.ts: within a step a node reads what the step has written. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Persist } from "../../node/effects.ts";
import { StepView } from "../../node/step-view.ts";
import type { Table, Write } from "../../node/store.ts";
import { Cluster } from "./cluster.ts";
import { MemoryStore } from "./memory-store.ts";

const from = Uint8Array.of(0);
const to = Uint8Array.of(0xff);
const table: Table = "hints";

function batch(writes: readonly Write[]): Persist {
  return { kind: "persist", writes, then: [] };
}

const write: fc.Arbitrary<Write> = fc.record({
  table: fc.constantFrom("hints" as const, "objects" as const),
  key: fc.nat(5).map((one) => Uint8Array.of(one)),
  value: fc.option(
    fc.nat(9).map((one) => Uint8Array.of(one)),
    { nil: undefined },
  ),
});

test("reads and scans are those of a store that has everything already", () => {
  fc.assert(
    fc.property(fc.array(write), fc.array(fc.array(write)), (before, steps) => {
      const [store, model] = [new MemoryStore(), new MemoryStore()];
      for (const one of [store, model]) one.commit(batch(before));
      const view = new StepView(store);
      for (const writes of steps) {
        view.note(writes);
        model.commit(batch(writes));
        for (let key = 0; key <= 5; key++)
          expect(view.get(table, Uint8Array.of(key))).toEqual(model.get(table, Uint8Array.of(key)));
        expect([...view.scan(table, from, to)]).toEqual([...model.scan(table, from, to)]);
        expect([...view.scan(table, Uint8Array.of(1), Uint8Array.of(4))]).toEqual([
          ...model.scan(table, Uint8Array.of(1), Uint8Array.of(4)),
        ]);
      }
    }),
  );
});

test("when the step is over only the store counts", () => {
  const view = new StepView(new MemoryStore());
  view.note([{ table, key: Uint8Array.of(1), value: Uint8Array.of(1) }]);
  view.clear();
  expect(view.get(table, Uint8Array.of(1))).toBeUndefined();
  expect([...view.scan(table, from, to)]).toEqual([]);
});

test("a walk does not see what is written while it goes on", () => {
  // Hints are dropped while they are walked.
  const store = new MemoryStore();
  store.commit(batch([{ table, key: Uint8Array.of(3), value: Uint8Array.of(3) }]));
  const view = new StepView(store);
  view.note([{ table, key: Uint8Array.of(1), value: Uint8Array.of(1) }]);
  const seen: number[] = [];
  for (const [key] of view.scan(table, from, to)) {
    seen.push(key[0]!);
    view.note([
      { table, key: Uint8Array.of(2), value: Uint8Array.of(2) },
      { table, key: Uint8Array.of(3), value: undefined },
    ]);
  }
  expect(seen).toEqual([1, 3]);
});

test("two hints for one key that are due in one step are one hint, with all that both know", () => {
  // Both puts end with the link; the second one must go on from the hint that the first has left.
  const cluster = new Cluster();
  for (const value of ["tea", "milk"]) {
    cluster.put("n1", "carts/alice", value);
    cluster.drop("n1", "n3");
  }
  cluster.settle();
  cluster.linkDown("n1", "n3");
  expect(cluster.status("n1").hints).toMatchObject({ count: 1, targets: { n3: { count: 1 } } });
  cluster.linkUp("n1", "n3");
  for (let left = 4; left > 0; left--) {
    cluster.tick(500);
    cluster.settle();
  }
  expect(cluster.status("n1").hints).toMatchObject({ count: 0, bytes: 0, delivered: 1 });
  expect(cluster.object("n3", "carts/alice")).toEqual(cluster.object("n1", "carts/alice"));
});

test("a hint that is kept in the step in which a start has counted the last one is counted", () => {
  // Else nobody would ever send it: what is not counted is not there.
  const cluster = new Cluster();
  cluster.isolate("n3");
  for (let at = 0; at < 300; at++) cluster.put("n1", `carts/${at}`, "tea");
  cluster.settle();
  cluster.crash("n1");
  cluster.restart("n1");
  cluster.put("n1", "carts/zzz", "tea", { timeoutMs: 1000 });
  cluster.drop("n1", "n2");
  cluster.sync("n1");
  cluster.tick(1000);
  expect(cluster.status("n1").hints).toMatchObject({ count: 302, targets: { n2: { count: 1 }, n3: { count: 301 } } });
});
