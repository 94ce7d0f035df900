// An edit as changes: one step per place, the last one of each, and what has to be seen for it.
import { expect, it } from "vitest";
import { Batch } from "../../client/batch.ts";
import { contextOf } from "../../src/causal-context.ts";
import { makeActor } from "../../src/dot.ts";
import { limits } from "../../src/limits.ts";
import { emptyObject, type Sibling, type StoredObject } from "../../src/object.ts";

const actor = makeActor("replica1", 1);
const x = Uint8Array.of(0xa1, 0x78);
const y = Uint8Array.of(0xa1, 0x79);

function holding(...elements: readonly (readonly [path: string, value: Uint8Array])[]): StoredObject {
  const siblings = elements.map(([path, value], at): Sibling => {
    const counter = at + 1;
    return { dot: { actor, counter }, path, value, timestamp: { ms: counter, counter: 0 }, op: `op${at}` };
  });
  return { siblings, spent: [], context: contextOf(siblings.map(({ dot }) => dot)) };
}

function seen(...counters: readonly number[]): object {
  return contextOf(counters.map((counter) => ({ actor, counter })));
}

function changesOf(object: StoredObject, ask: (batch: Batch) => void): object {
  const batch = new Batch();
  ask(batch);
  return { needsRead: batch.needsRead, changes: batch.changes(object) };
}

it("adds to a set without a read, and names what it has seen of the element if there was one", () => {
  const write = { kind: "write", path: "s", value: x };
  expect(changesOf(emptyObject, (b) => b.write("s", x))).toEqual({
    needsRead: false,
    changes: [{ ...write, observed: [] }],
  });
  const object = holding(["s", x], ["s", y], ["s", x]);
  expect(changesOf(object, (b) => b.write("s", x))).toMatchObject({ changes: [{ ...write, observed: seen(1, 3) }] });
});

it("drops exactly the dots of an element, and nothing if there are none", () => {
  const object = holding(["s", x], ["s", y], ["m5:notesg", x]);
  const drop = { kind: "drop", path: "s", observed: seen(2) };
  expect(changesOf(object, (b) => b.remove("s", y))).toEqual({ needsRead: true, changes: [drop] });
  expect(changesOf(emptyObject, (b) => b.remove("s", y))).toEqual({ needsRead: true, changes: [] });
});

it("knows an element of a set in which removing wins with and without its mark", () => {
  const object = holding(["r", Uint8Array.of(1, ...x)], ["r", Uint8Array.of(0, ...x)], ["r", Uint8Array.of(1, ...y)]);
  const added = changesOf(object, (b) => b.write("r", Uint8Array.of(1, ...x)));
  expect(added).toMatchObject({ needsRead: true, changes: [{ observed: seen(1, 2) }] });
  const both = changesOf(object, (b) => {
    b.write("r", Uint8Array.of(1, ...x));
    b.write("r", Uint8Array.of(0, ...x));
  });
  expect(both).toMatchObject({ needsRead: false, changes: [{ value: Uint8Array.of(0, ...x) }] });
});

it("clears a map with one drop and a reset for each counter that has counted, and nothing outside of it", () => {
  const increment = Uint8Array.of(0, 0, 5, 0, 5);
  const object = holding(["m1:as", x], ["m1:bm1:cp", increment], ["m1:bm1:dw", y], ["m2:bbw", y]);
  const drop = { kind: "drop", path: "m1:bm", observed: seen(3) };
  const reset = { kind: "reset", path: "m1:bm1:cp", marks: [{ dot: { actor, counter: 2 }, sum: 5 }] };
  expect(changesOf(object, (b) => b.clear("m1:bm"))).toEqual({ needsRead: true, changes: [drop, reset] });
});

it("forgets what was asked for within a place that is cleared after it", () => {
  const changes = changesOf(emptyObject, (b) => {
    b.increment("m1:ap", 1);
    b.write("m1:bm1:cw", x);
    b.clear("m1:bm");
    b.write("m1:bm1:dw", y);
  });
  expect(changes).toMatchObject({ changes: [{ path: "m1:ap" }, { path: "m1:bm1:dw" }] });
});

it("refuses more changes than one operation may have", () => {
  const batch = new Batch();
  for (let at = 0; at < limits.changesMax; at++) batch.increment(`m${String(at).length}:${at}p`, 1);
  expect(() => batch.increment("m4:morep", 1)).toThrow("one edit makes at most 1024 changes");
});
