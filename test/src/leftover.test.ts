/** src/leftover.ts: what may go of an object, and what then remains: never anything that a reader is shown or that counts (design §7, §8). */
import { expect, test } from "vitest";
import { contextOf, emptyContext } from "../../src/causal-context.ts";
import { makeActor } from "../../src/dot.ts";
import { leftoverAtAGlance, leftoverOf, withoutLeftover } from "../../src/leftover.ts";
import { emptyObject, sync, write, type StoredObject } from "../../src/object.ts";
import { makeOpId } from "../../src/op-id.ts";
import { spendUnless } from "../../src/spent.ts";

const keepAll = spendUnless(() => false);

function put(object: StoredObject, actor: string, op: number, value: Uint8Array | undefined): StoredObject {
  const dot = { actor: makeActor(actor.padEnd(8, "."), 1), counter: 1 };
  const sibling = { dot, path: "", value, timestamp: { ms: op, counter: 0 }, op: makeOpId("client..", op) };
  return write(object, contextOf(object.siblings.map((one) => one.dot)), [sibling], keepAll);
}

const value = Uint8Array.of(1);
const one = put(emptyObject, "n1", 1, value);
const two = put(one, "n2", 2, value);
const deleted = put(two, "n3", 3, undefined);

test("of a value alone nothing is left over", () => {
  expect([leftoverAtAGlance(one), leftoverOf(one)]).toEqual([undefined, undefined]);
  expect(withoutLeftover(one)).toBe(one);
});

test("what is spent goes from beside a value, and nothing else does", () => {
  expect([leftoverAtAGlance(two), leftoverOf(two)]).toEqual(["operations", "operations"]);
  expect(withoutLeftover(two)).toEqual({ ...two, spent: [] });
});

test("of tombstones alone nothing remains, whatever is spent beside them", () => {
  expect(deleted.spent).toHaveLength(2);
  expect([leftoverAtAGlance(deleted), leftoverOf(deleted)]).toEqual(["tombstone", "tombstone"]);
  expect(withoutLeftover(deleted)).toBeUndefined();
});

test("a tombstone beside a value stays", () => {
  const beside = sync(one, put({ ...emptyObject, context: emptyContext }, "n4", 4, undefined));
  expect(leftoverOf(beside)).toBeUndefined();
  expect(withoutLeftover(beside)).toBe(beside);
});

test("a spent operation that hides its other try stays, which is not seen at a glance", () => {
  const tried = sync(two, put(emptyObject, "n5", 1, value));
  expect([leftoverAtAGlance(tried), leftoverOf(tried)]).toEqual(["operations", undefined]);
  expect(withoutLeftover(tried)).toBe(tried);
});
