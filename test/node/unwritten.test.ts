// The store seam, as a step needs it: `get` sees every write before it, also those of this very step.
import { expect, test } from "vitest";
import { UnwrittenView } from "../../node/unwritten.ts";
import { MemoryStore } from "./memory-store.ts";

const key = Uint8Array.of(1, 2);

function viewOf(...entries: readonly (readonly ["objects" | "hints", number])[]): UnwrittenView {
  const store = new MemoryStore();
  for (const [table, value] of entries) store.tamper(table, key, Uint8Array.of(value));
  return new UnwrittenView(store);
}

test("a step that has written nothing sees the disk", () => {
  const view = viewOf(["hints", 1]);
  expect(view.get("hints", key)).toEqual(Uint8Array.of(1));
  expect(view.get("objects", key)).toBeUndefined();
});

test("what a step has written it sees, the newest of several, and a removal too", () => {
  const view = viewOf(["hints", 1]);
  view.add([{ table: "hints", key, value: Uint8Array.of(2) }]);
  view.add([
    { table: "hints", key, value: Uint8Array.of(3) },
    { table: "objects", key: Uint8Array.of(9), value: Uint8Array.of(9) },
  ]);
  expect(view.get("hints", key)).toEqual(Uint8Array.of(3));
  expect(view.get("objects", key)).toBeUndefined();
  view.add([{ table: "hints", key, value: undefined }]);
  expect(view.get("hints", key)).toBeUndefined();
  expect(view.get("objects", Uint8Array.of(9))).toEqual(Uint8Array.of(9));
});

test("the next step sees the disk again, whether anything was read or not", () => {
  const view = viewOf(["hints", 1]);
  const write = { table: "hints", key, value: Uint8Array.of(2) } as const;
  view.add([write]);
  view.clear();
  expect(view.get("hints", key)).toEqual(Uint8Array.of(1));
  view.add([write]);
  expect(view.get("hints", key)).toEqual(Uint8Array.of(2));
  view.clear();
  expect(view.get("hints", key)).toEqual(Uint8Array.of(1));
});

test("scans show the disk", () => {
  const view = viewOf(["hints", 1]);
  view.add([{ table: "hints", key, value: Uint8Array.of(2) }]);
  expect([...view.scan("hints", new Uint8Array(0), Uint8Array.of(0xff))]).toEqual([[key, Uint8Array.of(1)]]);
});
