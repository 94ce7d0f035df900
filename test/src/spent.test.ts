/** src/spent.ts: what is kept of what was replaced. When all of it may be forgotten is searched in test/laws/exactly-once.test.ts. */
import { describe, expect, test } from "vitest";
import type { Change } from "../../src/crdt/change.ts";
import { counterValue } from "../../src/crdt/counter.ts";
import { rootPath } from "../../src/crdt/path.ts";
import { limits } from "../../src/limits.ts";
import { emptyObject, sync, type StoredObject } from "../../src/object.ts";
import type { OpId } from "../../src/op-id.ts";
import { elementsAt, observedAt } from "../../src/shown.ts";
import { boundSpent, forgetSpent } from "../../src/spent.ts";
import { actorOf, applyAt, opOf } from "../laws/minting.ts";

const path = rootPath("pnCounter");
const register = rootPath("lwwRegister");

function apply(
  object: StoredObject,
  replica: string,
  number: number,
  change: Change,
  isSettled: (op: OpId) => boolean = () => false,
): StoredObject {
  const timestamp = { ms: number, counter: 0 };
  return applyAt(object, [change], { actor: actorOf(replica, 1), op: opOf("client", number), timestamp, isSettled });
}

function increment(amount: number): Change {
  return { kind: "increment", path, amount };
}

function set(value: number): Change {
  return { kind: "write", path: register, value: Uint8Array.of(value), observed: [] };
}

/** One increment after the other, all at one replica. */
function counted(times: number): StoredObject {
  let object = emptyObject;
  for (let number = 1; number <= times; number++) object = apply(object, "a", number, increment(1));
  return object;
}

function written(times: number): StoredObject {
  let object = emptyObject;
  for (let number = 1; number <= times; number++) object = apply(object, "a", number, set(number % 100));
  return object;
}

describe("what is replaced", () => {
  test("is kept with its operation id, and a value only if it counts for something", () => {
    // src/object.ts: values are kept only of what still counts.
    expect(counted(2).spent.map(({ value }) => value?.length)).toEqual([3]);
    expect(written(2).spent.map(({ value, op }) => [value, op])).toEqual([[undefined, opOf("client", 1)]]);
  });

  test("is forgotten as soon as its client has vouched for it", () => {
    // RIFL: what is acknowledged needs no record of its completion any more.
    const object = apply(counted(3), "a", 4, increment(1), (op) => op === opOf("client", 2));
    expect(object.spent.map(({ op }) => op)).toEqual([opOf("client", 1), opOf("client", 3)]);
    expect(counterValue(object, path)).toBe(4);
  });
});

describe("the limits of what is kept", () => {
  test("let small objects be", () => {
    // Nearly all of them: nothing is looked at.
    const object = counted(10);
    expect(boundSpent(object, 1_000_000)).toBe(object);
  });

  test("forget old increments first, and never young ones", () => {
    // A retry of an increment is refused once it is as old as that.
    const object = counted(limits.spentIncrementsMax + 3);
    const bounded = boundSpent(object, 100);
    expect(bounded.spent).toHaveLength(limits.spentIncrementsMax);
    expect(bounded.spent[0]!.op).toBe(opOf("client", 3));
    expect(counterValue(bounded, path)).toBe(limits.spentIncrementsMax + 3);
    expect(() => boundSpent(object, 2)).toThrow(expect.objectContaining({ code: "OVERLOADED" }));
  });

  test("keep an old increment that is in two sums", () => {
    // The cutting of a long list must not make a number larger: forgotten here, it would count twice for ever.
    const both = sync(counted(limits.spentIncrementsMax + 2), apply(emptyObject, "b", 1, increment(1)));
    expect(counterValue(both, path)).toBe(limits.spentIncrementsMax + 2);
    const bounded = boundSpent(both, 1e9);
    expect(bounded.spent).toHaveLength(limits.spentIncrementsMax);
    expect(bounded.spent[0]!.op).toBe(opOf("client", 1));
    expect(counterValue(bounded, path)).toBe(limits.spentIncrementsMax + 2);
  });

  test("forget other elements by their age alone", () => {
    // A retry of one would rise as a sibling, and lose nothing.
    const bounded = boundSpent(written(limits.spentMax + 4), 0);
    expect(bounded.spent).toHaveLength(limits.spentMax);
    expect(bounded.spent[0]!.op).toBe(opOf("client", 4));
  });
});

describe("when all members agree", () => {
  test("nothing is kept of what stands under one dot", () => {
    // Design §8: old operation ids fold when all primaries exchanged since.
    const object = counted(5);
    expect(forgetSpent(object).spent).toEqual([]);
    expect(counterValue(forgetSpent(object), path)).toBe(5);
    expect(forgetSpent(written(5)).spent).toEqual([]);
  });

  test("nothing to forget gives back the object itself", () => {
    // Style of src/object.ts: "did it change" is a comparison of references.
    const object = counted(1);
    expect(forgetSpent(object)).toBe(object);
  });

  test("an increment in two sums is kept until one of the actors has taken it back", () => {
    // Forgotten before, it would count twice for ever.
    const one = apply(apply(emptyObject, "a", 1, increment(1)), "a", 2, increment(2));
    const both = sync(one, apply(emptyObject, "b", 1, increment(1)));
    expect([counterValue(both, path), counterValue(forgetSpent(both), path)]).toEqual([3, 3]);
    expect(forgetSpent(both)).toBe(both);
    const taken = apply(both, "b", 3, increment(4));
    expect(counterValue(taken, path)).toBe(7);
    expect(forgetSpent(taken).spent).toEqual([]);
    expect(counterValue(forgetSpent(taken), path)).toBe(7);
  });

  test("an increment in two sums is kept also where there are too many", () => {
    // Forgotten by its age it would count twice, although both of its dots are known.
    let one = apply(emptyObject, "a", 1, increment(1));
    for (let number = 2; number <= limits.spentIncrementsMax + 5; number++) one = apply(one, "a", number, increment(1));
    const both = sync(one, apply(emptyObject, "b", 1, increment(1)));
    const bound = boundSpent(both, Infinity);
    expect(bound.spent.length).toBeLessThan(both.spent.length);
    expect(counterValue(bound, path)).toBe(counterValue(both, path));
  });

  test("what hides another instance of its operation is kept as long as that is live", () => {
    // Forgotten before, an element that was removed would come back (scenario: tried at a and b, seen and removed at a).
    const orSet = rootPath("orSet");
    const add: Change = { kind: "write", path: orSet, value: Uint8Array.of(7), observed: [] };
    const atA = apply(emptyObject, "a", 1, add);
    const removed = apply(atA, "a", 2, { kind: "drop", path: orSet, observed: observedAt(atA, orSet) });
    const both = sync(removed, apply(emptyObject, "b", 1, add));
    expect(elementsAt(forgetSpent(both), orSet)).toEqual([]);
    const gone = apply(both, "b", 3, { kind: "drop", path: orSet, observed: observedAt(both, orSet) });
    expect(forgetSpent(gone)).toMatchObject({ siblings: [], spent: [] });
  });
});
