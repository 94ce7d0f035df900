/** node/freshness.ts: an empty disk is no vote for "not found" until it has caught up (design §6.3). */
import { beforeEach, expect, test } from "vitest";
import { Freshness } from "../../node/freshness.ts";
import { MemoryStore } from "./memory-store.ts";

const partitions = 20;
let store: MemoryStore;
let freshness: Freshness;

beforeEach(() => {
  store = new MemoryStore();
  freshness = new Freshness();
  store.commit(freshness.start(store, partitions, true, () => true)!);
});

function restart(): Freshness {
  while (store.syncOne() !== undefined);
  const next = new Freshness();
  expect(next.start(store, partitions, false, () => true)).toBeUndefined();
  return next;
}

test("in an empty directory every partition is fresh, also after a restart", () => {
  expect(freshness.count).toBe(partitions);
  expect(restart().isFresh(19)).toBe(true);
});

test("a partition is settled when it was compared with all other primaries, for good", () => {
  expect(freshness.compared(9, "n2", ["n2", "n3"])).toBeUndefined();
  expect(freshness.isFresh(9)).toBe(true);
  store.commit(freshness.compared(9, "n3", ["n2", "n3"])!);
  expect(freshness.isFresh(9)).toBe(false);
  const again = restart();
  expect(again.isFresh(9)).toBe(false);
  expect(again.count).toBe(partitions - 1);
});

test("half of the comparisons are forgotten with a restart: writes may have come and gone meanwhile", () => {
  freshness.compared(9, "n2", ["n2", "n3"]);
  expect(restart().compared(9, "n3", ["n2", "n3"])).toBeUndefined();
});

test("a directory of a node that has served before is settled", () => {
  const old = new Freshness();
  expect(old.start(new MemoryStore(), partitions, false, () => true)).toBeUndefined();
  expect(old.count).toBe(0);
});

test("comparing a settled partition changes nothing", () => {
  store.commit(freshness.compared(9, "n2", ["n2"])!);
  expect(freshness.compared(9, "n2", ["n2"])).toBeUndefined();
});

test("a fresh partition wants each other primary once", () => {
  freshness.compared(9, "n2", ["n2", "n3"]);
  expect(["n2", "n3"].map((node) => freshness.wants(9, node))).toEqual([false, true]);
  store.commit(freshness.compared(9, "n3", ["n2", "n3"])!);
  expect(freshness.wants(9, "n2")).toBe(false);
});

test("what is known of a directory counts, even if it has no identity", () => {
  const next = new Freshness();
  store.commit(freshness.compared(9, "n2", ["n2"])!);
  expect(next.start(store, partitions, true, () => true)).toBeUndefined();
  expect(next.isFresh(9)).toBe(false);
});

test("of partitions that this node is no primary of it keeps nothing that could be fresh", () => {
  // Else a node beside the primaries would say for ever that it has not caught up.
  const other = new Freshness();
  other.start(new MemoryStore(), partitions, true, (partition) => partition < 5);
  expect(other.count).toBe(5);
  expect(other.isFresh(5)).toBe(false);
});
