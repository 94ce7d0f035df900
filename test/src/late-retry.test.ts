/**
 * src/shown.ts and src/spent.ts: an operation that was tried at two coordinators, and read and replaced under one of its dots, has had
 * its time: under the other dot it is not shown, neither while what is spent is kept nor after all have agreed to forget it
 * (design §4.4: what was written later by somebody who had read it always wins).
 */
import { expect, test } from "vitest";
import { contextOf, emptyContext } from "../../src/causal-context.ts";
import { makeActor } from "../../src/dot.ts";
import { limits } from "../../src/limits.ts";
import { emptyObject, sync, write, type Sibling, type StoredObject } from "../../src/object.ts";
import { makeOpId } from "../../src/op-id.ts";
import { registerWinner, visibleSiblings } from "../../src/shown.ts";
import { boundSpent, forgetSpent, spendUnless } from "../../src/spent.ts";

const keepAll = spendUnless(() => false);

function only(actor: string, op: number, ms: number, path: string): StoredObject {
  const dot = { actor: makeActor(actor.padEnd(8, "."), 1), counter: 1 };
  const sibling = { dot, path, value: Uint8Array.of(op), timestamp: { ms, counter: 0 }, op: makeOpId("client..", op) };
  return write(emptyObject, emptyContext, [sibling], keepAll);
}

function replace(object: StoredObject, by: StoredObject): StoredObject {
  return write(object, contextOf(object.siblings.map(({ dot }) => dot)), by.siblings, keepAll);
}

function shown(siblings: readonly Sibling[]): (number | undefined)[] {
  return siblings.map(({ value }) => value?.[0]);
}

for (const [what, path] of [
  ["a plain value", ""],
  ["a register", "w"],
] as const) {
  const first = only("n1", 1, 10, path);
  const late = only("n2", 1, 30, path);
  const second = only("n3", 2, 20, path);

  test(`${what}: a late retry of what was replaced is not shown, however late its timestamp is`, () => {
    expect(shown(visibleSiblings(sync(replace(first, second), late)))).toEqual([2]);
  });

  test(`${what}: nor when all have agreed to forget what is spent`, () => {
    const forgotten = forgetSpent(sync(replace(first, second), late));
    expect(shown(visibleSiblings(forgotten))).toEqual([2]);
    expect(forgetSpent(forgotten)).toBe(forgotten);
  });

  test(`${what}: nor when more is spent than is kept`, () => {
    let object = replace(first, second);
    for (let at = 0; at < limits.spentMax + 10; at++)
      object = replace(object, only(`m${at}`, at + 100, at + 100, path));
    const bounded = boundSpent(sync(object, only("n2", 1, 10_000, path)), 0);
    expect(bounded.spent.length).toBeLessThan(object.spent.length);
    expect(shown(visibleSiblings(bounded))).toEqual([limits.spentMax + 109]);
  });

  test(`${what}: once both are replaced nothing of it is kept`, () => {
    const both = replace(sync(first, late), second);
    expect(both.spent).toHaveLength(2);
    expect(forgetSpent(both).spent).toEqual([]);
  });
}

test("a register of which nothing else is left shows nothing", () => {
  const first = only("n1", 1, 10, "m1:aw");
  const dropped = write(first, contextOf(first.siblings.map(({ dot }) => dot)), [], keepAll);
  expect(registerWinner(sync(dropped, only("n2", 1, 30, "m1:aw")), "m1:aw")).toBeUndefined();
});
