/**
 * What every replicated data type shows, at every replica after every step, is what its model says that knows operations only. The
 * types are random, nested at random in maps, and so are the histories (`data-type-history.ts`).
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { counterValue } from "../../src/crdt/counter.ts";
import { leafTypes, registerPath, rootPath, typeAt, type LeafType } from "../../src/crdt/path.ts";
import type { StoredObject } from "../../src/object.ts";
import { elementsAt, registerWinner, visibleSiblings } from "../../src/shown.ts";
import { History, places, scripts, syncStates, type Kind, type State } from "./data-type-history.ts";
import { crossedAt, modelOf } from "./data-type-model.ts";

/** Together they would be more than a node can know: see the comments where a history leaves something out. */
const kinds: readonly (readonly [string, Kind])[] = [
  ["far reads and deltas", { retries: false, farReads: true, vouching: false, deltas: true }],
  ["far reads and clients that vouch", { retries: false, farReads: true, vouching: true, deltas: false }],
  ["retries and deltas", { retries: true, farReads: false, vouching: false, deltas: true }],
  ["retries and clients that vouch", { retries: true, farReads: false, vouching: true, deltas: false }],
];

function shownAt(object: StoredObject, path: string): number | number[] {
  const type = typeAt(path);
  if (type === "gCounter" || type === "pnCounter") return counterValue(object, path);
  const winner = registerWinner(object, path);
  const elements = type === "lwwRegister" ? (winner === undefined ? [] : [winner]) : elementsAt(object, path);
  const values = elements.map(({ value }) => value!.at(-1)!).sort((a, b) => a - b);
  if (type === "ewFlag" || type === "dwFlag") return values.length > 0 ? [1] : [];
  return type === "mvRegister" ? values : [...new Set(values)];
}

function expectModel({ object, heard }: State, all: State, paths: readonly string[]): void {
  for (const path of paths) expectShown(heard, all, path, shownAt(object, path));
}

/** @param all of the whole history: a second try may be known to a replica that has not heard of it by itself */
function expectShown(heard: State["heard"], all: State, path: string, shown: number | number[]): void {
  const model = modelOf(heard, path);
  const crossed = crossedAt(all.heard, path);
  if (typeof shown === "number" || typeof model === "number" || crossed.length === 0)
    return expect([path, shown]).toEqual([path, model]);
  const isFlag = typeAt(path) === "ewFlag" || typeAt(path) === "dwFlag";
  const more = shown.filter((value) => !model.includes(value));
  expect(isFlag ? [1] : crossed).toEqual(expect.arrayContaining(more));
  if (more.length === 0) expect([path, shown]).toEqual([path, model]);
}

function everyStep(history: History, check: (state: State, all: State) => void): void {
  const all = history.all.reduce(syncStates);
  for (const [, after] of history.steps) check(after, all);
  check(all, all);
}

describe.each(kinds)("with %s", (_, kind) => {
  test.each(Object.keys(leafTypes) as LeafType[])("a %s shows what its model says", (type) => {
    // Demand: an op-level model per type, compared at each replica after each step.
    fc.assert(
      fc.property(scripts, (script) => {
        const history = new History([rootPath(type)], script, kind);
        everyStep(history, (state, all) => expectModel(state, all, history.paths));
      }),
      { numRuns: 300 },
    );
  });

  test("maps in maps show what the models of their fields say", () => {
    // Demand: random nested maps, several changes in one operation, removal of fields and of whole maps.
    fc.assert(
      fc.property(places, scripts, (paths, script) => {
        const history = new History(paths, script, kind);
        everyStep(history, (state, all) => expectModel(state, all, paths));
      }),
      { numRuns: 500 },
    );
  });

  test("a key that is put under lww shows the latest put", () => {
    // Design §8: greatest timestamp; a delete is a value. Nobody who has read and written loses to what he has read.
    fc.assert(
      fc.property(scripts, (script) => {
        const history = new History([registerPath], script, kind, true);
        everyStep(history, ({ object, heard }, all) => {
          const shown = visibleSiblings(object).map(({ value }) => value!.at(-1)!);
          expectShown(heard, all, registerPath, shown);
        });
      }),
      { numRuns: 300 },
    );
  });
});
