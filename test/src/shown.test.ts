/** src/shown.ts: what readers are shown of an object. The models of test/laws say what that should be for every type. */
import { describe, expect, test } from "vitest";
import { contextOf } from "../../src/causal-context.ts";
import type { Change } from "../../src/crdt/change.ts";
import { marksAt } from "../../src/crdt/counter.ts";
import { fieldPath, registerPath, rootPath } from "../../src/crdt/path.ts";
import { emptyObject, sync, type StoredObject } from "../../src/object.ts";
import {
  concurrentWrites,
  elementsAt,
  isDeleted,
  observedAt,
  registerWinner,
  rootTypes,
  visibleSiblings,
} from "../../src/shown.ts";
import { actorOf, applyAt, opOf, putAt } from "../laws/minting.ts";

/** @param number of the operation: a retry has the same */
function apply(object: StoredObject, replica: string, number: number, ms: number, ...changes: Change[]): StoredObject {
  return applyAt(object, changes, minting(replica, number, ms));
}

function put(
  object: StoredObject,
  replica: string,
  number: number,
  ms: number,
  value: number | undefined,
): StoredObject {
  return putAt(object, value === undefined ? undefined : Uint8Array.of(value), minting(replica, number, ms));
}

function minting(replica: string, number: number, ms: number): Parameters<typeof putAt>[2] {
  return {
    actor: actorOf(replica, 1),
    op: opOf("client", number),
    timestamp: { ms, counter: 0 },
    isSettled: () => false,
  };
}

function write(path: string, ...value: number[]): Change {
  return { kind: "write", path, value: Uint8Array.from(value), observed: [] };
}

function valuesAt(object: StoredObject, path: string): number[][] {
  return elementsAt(object, path).map(({ value }) => [...value!]);
}

const orSet = rootPath("orSet");
const rwSet = rootPath("rwSet");

describe("two operations that were tried at two coordinators in two orders, and replaced each other", () => {
  // Neither was removed by anybody: what was acknowledged must not vanish.
  function crossed(...[x, y]: readonly [Change, Change]): StoredObject {
    const atA = apply(apply(emptyObject, "a", 1, 1, x), "a", 2, 2, y);
    const atB = apply(apply(emptyObject, "b", 2, 1, y), "b", 1, 3, x);
    return sync(atA, atB);
  }

  test.each([orSet, rootPath("gSet")])("show as one element of a set (%s)", (path) => {
    const object = crossed(write(path, 7), write(path, 7));
    expect(valuesAt(object, path)).toContainEqual([7]);
    expect(isDeleted(object)).toBe(false);
  });

  test("leave the register to the later", () => {
    expect(registerWinner(crossed(write(registerPath, 1), write(registerPath, 2)), registerPath)?.value).toEqual(
      Uint8Array.of(1),
    );
  });

  test.each([1, 2])("stay hidden if they were dropped, and not replaced by each other (in %s steps)", (steps) => {
    // A removed element must not come back because two late retries meet.
    const drop = (object: StoredObject): StoredObject =>
      apply(object, "a", 9, 2, { kind: "drop", path: orSet, observed: observedAt(object, orSet) });
    const [x, y] = [1, 2].map((number) => apply(emptyObject, "ab"[number - 1]!, number, 1, write(orSet, 7)));
    const removed = steps === 1 ? drop(sync(x!, y!)) : sync(drop(x!), drop(y!));
    const late = sync(apply(emptyObject, "c", 1, 3, write(orSet, 7)), apply(emptyObject, "d", 2, 3, write(orSet, 7)));
    expect(valuesAt(sync(removed, late), orSet)).toEqual([]);
  });

  test("do not show beside what took their place", () => {
    const object = crossed(write(registerPath, 1), write(registerPath, 2));
    const replaced = apply(object, "a", 3, 9, write(registerPath, 3));
    expect(registerWinner(replaced, registerPath)?.value).toEqual(Uint8Array.of(3));
  });
});

describe("an operation that stands under two dots", () => {
  // Tried at a and, when no answer came, at b.
  const atA = apply(emptyObject, "a", 1, 1, write(orSet, 7));
  const atB = apply(emptyObject, "b", 1, 9, write(orSet, 7));

  test("shows once", () => {
    // Design §6.5: two siblings with one operation id are shown as one.
    const both = sync(atA, atB);
    expect(both.siblings).toHaveLength(2);
    expect(valuesAt(both, orSet)).toEqual([[7]]);
  });

  test("is removed by somebody who saw it under one of them", () => {
    // What was removed does not come back with the other instance, and nothing else is left of the key.
    const removed = apply(atA, "a", 2, 2, { kind: "drop", path: orSet, observed: observedAt(atA, orSet) });
    const both = sync(removed, atB);
    expect(valuesAt(both, orSet)).toEqual([]);
    expect([isDeleted(both), [...rootTypes(both)]]).toEqual([true, []]);
  });

  test("is overwritten in a register by a later write that saw it, though the retry is later still", () => {
    // Design §4.4: what was written by somebody who had read it always wins, whatever the clocks.
    const path = rootPath("lwwRegister");
    const first = apply(emptyObject, "a", 1, 1, write(path, 1));
    const overwritten = apply(first, "a", 2, 5, write(path, 2));
    const retried = apply(emptyObject, "b", 1, 9, write(path, 1));
    expect(registerWinner(sync(overwritten, retried), path)!.value).toEqual(Uint8Array.of(2));
  });
});

describe("a key that was put under lww", () => {
  test("shows the latest of what was written concurrently, and both to a resolver", () => {
    // Design §8: greatest timestamp; what it leaves out can be told.
    const both = sync(put(emptyObject, "a", 1, 1, 1), put(emptyObject, "b", 2, 2, 2));
    expect(visibleSiblings(both).map(({ value }) => [...value!])).toEqual([[2]]);
    expect(concurrentWrites(both)).toHaveLength(2);
    expect([...rootTypes(both)]).toEqual(["value"]);
  });

  test("shows the greater dot where timestamps are the same", () => {
    // Ties are the same everywhere.
    const [a, b] = [put(emptyObject, "a", 1, 3, 1), put(emptyObject, "b", 2, 3, 2)];
    expect([sync(a, b), sync(b, a)].map((both) => visibleSiblings(both)[0]!.value)).toEqual([
      Uint8Array.of(2),
      Uint8Array.of(2),
    ]);
  });

  test("shows nothing when a delete is the latest", () => {
    // Design §8: deletes are values with a timestamp.
    const both = sync(put(emptyObject, "a", 1, 1, 1), put(emptyObject, "b", 2, 2, undefined));
    expect([visibleSiblings(both), isDeleted(both)]).toEqual([[], true]);
    expect(registerWinner(both, registerPath)!.value).toBeUndefined();
  });
});

describe("a set in which removing wins", () => {
  test("does not show what was added and removed concurrently", () => {
    // Demand of the remove-wins set: the removal wins over what it has not seen.
    const added = apply(emptyObject, "a", 1, 9, write(rwSet, 1, 7), write(rwSet, 1, 8));
    const removed = apply(emptyObject, "b", 3, 1, write(rwSet, 0, 7));
    expect(valuesAt(sync(added, removed), rwSet)).toEqual([[1, 8]]);
  });

  test("shows what is added by somebody who has seen the removal", () => {
    // A removal is not for ever.
    const removed = apply(emptyObject, "b", 1, 1, write(rwSet, 0, 7));
    const added = apply(removed, "a", 2, 2, { ...write(rwSet, 1, 7), observed: observedAt(removed, rwSet) } as Change);
    expect(valuesAt(added, rwSet)).toEqual([[1, 7]]);
    expect([isDeleted(removed), isDeleted(added)]).toEqual([true, false]);
  });
});

describe("a key that is a map", () => {
  const notes = fieldPath("m", "notes", "gSet");
  const spent = fieldPath("m", "spent", "pnCounter");
  const task = apply(
    emptyObject,
    "a",
    1,
    1,
    write(notes, 7),
    write(fieldPath(fieldPath("m", "in", "map"), "x", "ewFlag"), 1),
    { kind: "increment", path: spent, amount: 5 },
  );

  test("is observed as a whole or field by field", () => {
    // Removing a field takes all dots at and within its path.
    expect(observedAt(task, notes)).toEqual(contextOf([{ actor: actorOf("a", 1), counter: 1 }]));
    expect(observedAt(task, fieldPath("m", "in", "map"))).toEqual(contextOf([{ actor: actorOf("a", 1), counter: 2 }]));
    expect(observedAt(task, "m")).toEqual(task.context);
    expect([...rootTypes(task)]).toEqual(["map"]);
  });

  test("is deleted when all is dropped and its counters are reset, unless one counts on", () => {
    // What counts again after a reset, or was counted concurrently, is there.
    const observed = contextOf([1, 2].map((counter) => ({ actor: actorOf("a", 1), counter })));
    const deleted = apply(
      task,
      "a",
      4,
      4,
      { kind: "drop", path: "m", observed },
      { kind: "reset", path: spent, marks: marksAt(task, spent) },
    );
    const counted = apply(task, "b", 5, 4, { kind: "increment", path: spent, amount: 1 });
    expect([isDeleted(task), isDeleted(deleted), isDeleted(sync(deleted, counted))]).toEqual([false, true, false]);
  });
});

test("writers who disagree on what a key is show as several types", () => {
  // The type is part of the place: nothing is lost, and whoever reads can tell.
  const both = sync(apply(emptyObject, "a", 1, 1, write(orSet, 7)), apply(emptyObject, "b", 2, 2, write(rwSet, 1, 7)));
  expect(rootTypes(both)).toEqual(new Set(["orSet", "rwSet"]));
});

describe("a map of many counters that were all taken away", () => {
  test("is looked through once, not once for each of them", () => {
    // Every write asks whether anything is left: a walk per counter made each take seconds.
    let reads = 0;
    const paths = Array.from({ length: 200 }, (_, at) => fieldPath("m", `${at}`, "pnCounter"));
    const increments = paths.map((path) => ({ kind: "increment", path, amount: 1 }) as const);
    const counted = apply(emptyObject, "a", 1, 1, ...increments);
    const resets = paths.map((path) => ({ kind: "reset", path, marks: marksAt(counted, path) }) as const);
    const { siblings, ...rest } = apply(counted, "a", paths.length + 1, 2, ...resets);
    const watched = siblings.map(({ path, ...sibling }) => ({
      ...sibling,
      get path() {
        reads++;
        return path;
      },
    }));
    const object = { ...rest, siblings: watched };
    expect([isDeleted(object), rootTypes(object).size]).toEqual([true, 0]);
    expect(reads).toBeLessThan(siblings.length * 50);
  });
});
