/**
 * src/crdt/counter.ts: what a counter's elements say together. That each operation counts once, whatever happens, is searched in
 * test/laws/exactly-once.test.ts.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MalformedBytes } from "../../../src/bytes.ts";
import {
  counterValue,
  decodeIncrement,
  decodeMarks,
  encodeMarks,
  isReset,
  marksAt,
  surplusOps,
  type Mark,
} from "../../../src/crdt/counter.ts";
import { fieldPath, rootPath } from "../../../src/crdt/path.ts";
import { emptyObject, sync, type StoredObject } from "../../../src/object.ts";
import { actorOf, applyAt, opOf } from "../../laws/minting.ts";

const path = rootPath("pnCounter");

function increment(object: StoredObject, replica: string, number: number, amount: number, at = path): StoredObject {
  return applyAt(object, [{ kind: "increment", path: at, amount }], minting(replica, number));
}

function reset(object: StoredObject, replica: string, number: number, marks: readonly Mark[]): StoredObject {
  return applyAt(object, [{ kind: "reset", path, marks }], minting(replica, number));
}

function minting(replica: string, number: number): Parameters<typeof applyAt>[2] {
  return {
    actor: actorOf(replica, 1),
    op: opOf("client", number),
    timestamp: { ms: 1, counter: 0 },
    isSettled: () => false,
  };
}

test("each actor keeps one live increment with the sum of all its own", () => {
  // The state of a counter is as large as the number of its actors (Shapiro et al. 2011).
  const object = increment(increment(increment(emptyObject, "a", 1, 5), "b", 2, -2), "a", 3, 4);
  expect(object.siblings.map(({ value }) => decodeIncrement(value!).sum)).toEqual([9, -2]);
  expect(counterValue(object, path)).toBe(7);
});

test("counters at several paths do not know of each other", () => {
  // Fields of a map are counters of their own.
  const [likes, views] = [fieldPath("m", "likes", "pnCounter"), fieldPath("m", "views", "pnCounter")];
  const object = increment(increment(emptyObject, "a", 1, 5, likes), "a", 2, 7, views);
  expect([counterValue(object, likes), counterValue(object, views), counterValue(object, path)]).toEqual([5, 7, 0]);
});

describe("a retry at another coordinator", () => {
  const atA = increment(emptyObject, "a", 1, 5);
  const atB = increment(emptyObject, "b", 1, 5);
  const both = sync(atA, atB);

  test("counts once", () => {
    // Design §8: a retry at another coordinator counts once.
    expect([both.siblings.length, counterValue(both, path)]).toEqual([2, 5]);
    expect(surplusOps(both, path)).toEqual(new Set([opOf("client", 1)]));
  });

  test("is taken back once, by the actor of the greater dot", () => {
    // No other may, so it happens once.
    const byA = increment(both, "a", 2, 1);
    const byB = increment(both, "b", 3, 2);
    const corrections = [byA, byB].map(({ siblings }) =>
      siblings.map(({ value }) => decodeIncrement(value!).corrections.length),
    );
    expect(corrections).toEqual([
      [0, 0],
      [0, 1],
    ]);
    expect(counterValue(sync(byA, byB), path)).toBe(8);
    expect(surplusOps(sync(byA, byB), path)).toEqual(new Set());
  });

  test("is reset by somebody who has seen it at either place", () => {
    // Other instances of an operation that was reset count no more.
    for (const read of [atA, atB]) expect(counterValue(reset(both, "a", 9, marksAt(read, path)), path)).toBe(0);
  });

  test("is reset although it was taken back in the meantime", () => {
    // The instance that was taken back says that the other one was seen.
    const taken = increment(both, "b", 2, 3);
    expect(counterValue(reset(taken, "a", 9, marksAt(atB, path)), path)).toBe(3);
  });
});

describe("a reset", () => {
  test("takes away what its reader had seen, and no more", () => {
    // Baquero et al. 2016: increments that are concurrent with the reset survive.
    const seen = increment(increment(emptyObject, "a", 1, 5), "b", 2, 3);
    const meanwhile = increment(seen, "b", 3, 4);
    const object = sync(reset(seen, "a", 4, marksAt(seen, path)), meanwhile);
    expect([counterValue(object, path), isReset(object, path)]).toEqual([4, false]);
  });

  test("takes the place of one whose marks are within its own", () => {
    // A counter that is reset time and again stays as large as its actors.
    let object = increment(emptyObject, "a", 1, 5);
    for (let number = 2; number < 10; number++) object = reset(object, "a", number, marksAt(object, path));
    expect(object.siblings).toHaveLength(2);
    expect([counterValue(object, path), isReset(object, path)]).toEqual([0, true]);
  });

  test("that says less than an earlier one changes nothing", () => {
    // Of each actor the highest mark counts.
    const early = increment(emptyObject, "a", 1, 5);
    const late = increment(early, "a", 2, 7);
    const object = reset(reset(late, "b", 3, marksAt(late, path)), "b", 4, marksAt(early, path));
    expect(counterValue(object, path)).toBe(0);
  });
});

test("a sum that could no longer be told exactly is refused", () => {
  // Numbers of JavaScript are exact up to 2^53 - 1.
  const object = increment(emptyObject, "a", 1, Number.MAX_SAFE_INTEGER);
  expect(() => increment(object, "a", 2, 1)).toThrow(expect.objectContaining({ code: "TOO_LARGE" }));
});

describe("bytes", () => {
  test("of marks decode to what they were", () => {
    // decode(encode) is the identity.
    const mark = fc.record({
      dot: fc.record({
        actor: fc.nat(2 ** 48 - 1).map((epoch) => actorOf("a", epoch)),
        counter: fc.integer({ min: 1 }),
      }),
      sum: fc.maxSafeInteger(),
    });
    fc.assert(
      fc.property(fc.array(mark), (marks) => {
        expect(decodeMarks(encodeMarks(marks))).toEqual(marks);
      }),
    );
  });

  test("that are none are refused", () => {
    // Values of elements may be foreign.
    for (const bytes of [[], [9], [0], [0, 0], [1, 1], [0, 0, 1, 0], [0, 2, 1], [0, 1, 0]]) {
      const value = Uint8Array.from(bytes);
      expect(() => [decodeIncrement(value), decodeMarks(value)]).toThrow(MalformedBytes);
    }
  });
});
