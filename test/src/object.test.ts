/** src/object.ts: what one key holds (design §4.2). Its laws are in test/laws. */
import { describe, expect, test } from "vitest";
import { contextOf, emptyContext } from "../../src/causal-context.ts";
import { makeActor } from "../../src/dot.ts";
import { addEvent, emptyObject, has, isIncluded, latest, sync, type Sibling } from "../../src/object.ts";
import { visibleSiblings } from "../../src/shown.ts";
import { plainWrite } from "../plain-write.ts";
import { makeOpId } from "../../src/op-id.ts";
import { earliest } from "../../src/timestamp.ts";

/** The counter-th write of replica a or b; each is an operation of its own unless told otherwise. */
function sibling(
  replica: "a" | "b",
  counter: number,
  choice: { readonly op?: number; readonly ms?: number; readonly isTombstone?: boolean } = {},
): Sibling {
  const { op = counter + (replica === "b" ? 100 : 0), ms = counter, isTombstone = false } = choice;
  return {
    dot: { actor: makeActor(replica.padEnd(8, "."), 1), counter },
    path: "",
    value: isTombstone ? undefined : Uint8Array.of(counter),
    timestamp: { ms, counter: 0 },
    op: makeOpId("client..", op),
  };
}

const [a1, a2, b1] = [sibling("a", 1), sibling("a", 2), sibling("b", 1)];
const onlyA1 = plainWrite(emptyObject, emptyContext, a1);

describe("write", () => {
  test("drops what the writer has seen, keeps what it has not", () => {
    // Design §4.2: drop the siblings whose dot is in ctx, add (dot → value), context ∪= ctx ∪ {dot}.
    const both = plainWrite(onlyA1, emptyContext, b1);
    expect(both.siblings).toEqual([a1, b1]);
    expect(plainWrite(both, contextOf([b1.dot]), a2)).toEqual({
      siblings: [a1, a2],
      spent: [],
      context: contextOf([a1.dot, a2.dot, b1.dot]),
    });
  });

  test("without a context overwrites nothing", () => {
    // Design §4.2: a put without a context is blind.
    expect(plainWrite(onlyA1, emptyContext, a2).siblings).toEqual([a1, a2]);
  });

  test("remembers what its writer had seen elsewhere, and keeps it from coming back", () => {
    // Design §4.2: context ∪= ctx. The writer had read b1 at a replica that this one has not heard of.
    const written = plainWrite(onlyA1, contextOf([b1.dot]), a2);
    const late = plainWrite(emptyObject, emptyContext, b1);
    expect(sync(written, late).siblings).toEqual([a1, a2]);
  });

  test("of a tombstone wins over what it has seen and stands beside what it has not", () => {
    // Design §4.2: delete is a write of a tombstone.
    const gone = plainWrite(onlyA1, onlyA1.context, sibling("a", 2, { isTombstone: true }));
    expect(visibleSiblings(gone)).toEqual([]);
    const concurrent = plainWrite(onlyA1, onlyA1.context, b1);
    expect(visibleSiblings(sync(gone, concurrent))).toEqual([b1]);
    expect(sync(gone, concurrent).siblings).toHaveLength(2);
  });
});

test("an event without a value is seen and never live", () => {
  // Design §4.3: stored on behalf of another coordinator, as an event without a value.
  const marked = addEvent(onlyA1, b1.dot);
  expect([has(marked, b1.dot), has(marked, a1.dot)]).toEqual([false, true]);
  expect(isIncluded(onlyA1, marked)).toBe(true);
  expect(isIncluded(marked, onlyA1)).toBe(false);
});

test("the latest timestamp is the largest of its siblings", () => {
  // Design §4.5: a token carries the max HLC.
  expect(latest(emptyObject)).toEqual(earliest);
  const object = plainWrite(
    plainWrite(emptyObject, emptyContext, sibling("a", 1, { ms: 9 })),
    emptyContext,
    sibling("a", 2, { ms: 3 }),
  );
  expect(latest(object)).toEqual({ ms: 9, counter: 0 });
});

describe("what a reader is shown", () => {
  test("of one operation stored twice is the later one", () => {
    // Design §6.5: two siblings with one opId are shown as one.
    const early = sibling("a", 1, { op: 7, ms: 1 });
    const late = sibling("b", 1, { op: 7, ms: 2 });
    const object = plainWrite(plainWrite(emptyObject, emptyContext, early), emptyContext, late);
    expect(visibleSiblings(object)).toEqual([late]);
    expect(object.siblings).toHaveLength(2);
  });

  test("is the greater dot where the timestamps are the same", () => {
    // The same on every replica: a total order, not the order of arrival (I11).
    const one = sibling("a", 1, { op: 7, ms: 1 });
    const other = sibling("b", 1, { op: 7, ms: 1 });
    const oneFirst = plainWrite(plainWrite(emptyObject, emptyContext, one), emptyContext, other);
    const otherFirst = plainWrite(plainWrite(emptyObject, emptyContext, other), emptyContext, one);
    expect([visibleSiblings(oneFirst), visibleSiblings(otherFirst)]).toEqual([[other], [other]]);
  });

  test("is every operation, and of three tries of one still one", () => {
    // Design §6.5, for any number of retries.
    const tries = [
      sibling("a", 1, { op: 7, ms: 5 }),
      sibling("a", 2, { op: 7, ms: 3 }),
      sibling("b", 1, { op: 7, ms: 4 }),
    ];
    const object = [...tries, sibling("b", 2)].reduce(
      (state, one) => plainWrite(state, emptyContext, one),
      emptyObject,
    );
    expect(visibleSiblings(object).map(({ dot }) => dot.counter)).toEqual([1, 2]);
  });
});
