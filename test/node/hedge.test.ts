/** node/hedge.ts: at most 5 % extra requests, off while the node is overloaded (design §6.3). */
import { beforeEach, expect, test } from "vitest";
import { Hedges } from "../../node/hedge.ts";
import { Self } from "../../node/self.ts";
import { defaultTuning } from "../../node/tuning.ts";
import { Cluster } from "./cluster.ts";
import { MemoryStore } from "./memory-store.ts";

let self: Self;
let hedges: Hedges;

beforeEach(() => {
  const { ring, options } = new Cluster();
  self = new Self({ id: "n1", ring, options, tuning: defaultTuning }, new MemoryStore(), { monotonicMs: 0, wallMs: 0 });
  hedges = new Hedges(self);
});

function earn(gets: number): void {
  for (let get = 0; get < gets; get++) hedges.earn();
}

function takeAll(): number {
  let taken = 0;
  while (hedges.take()) taken++;
  return taken;
}

test("one hedge for twenty gets, and none before", () => {
  expect(takeAll()).toBe(0);
  earn(19);
  expect(takeAll()).toBe(0);
  earn(1);
  expect(takeAll()).toBe(1);
  earn(60);
  expect(takeAll()).toBe(3);
  expect(self.counters.hedges).toBe(4);
});

test("quiet times save up little: a slow moment must not be met by a burst", () => {
  earn(1_000_000);
  expect(takeAll()).toBe(10);
});

test("none while the node is overloaded", () => {
  earn(100);
  self.isOverloaded = true;
  expect(takeAll()).toBe(0);
  self.isOverloaded = false;
  expect(takeAll()).toBe(5);
});
