/**
 * The laws of the join, on reachable states of replicated data types: every type, maps nested at random, operations that are tried
 * again, clients that vouch, fresh epochs, whole states and deltas that are lost, repeated and out of order (`data-type-history.ts`).
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { dotsOf } from "../../src/causal-context.ts";
import { emptyObject, isIncluded, sync, type StoredObject } from "../../src/object.ts";
import { decodeRecord, encodeRecord, openRecord } from "../../src/record.ts";
import { registerPath } from "../../src/crdt/path.ts";
import { forgetSpent } from "../../src/spent.ts";
import { counterValue } from "../../src/crdt/counter.ts";
import { elementsAt } from "../../src/shown.ts";
import { History, places, scripts, stageOf, type State } from "./data-type-history.ts";

/** All that may happen, at once. */
const everything = { retries: true, farReads: true, vouching: true, deltas: true };
const histories = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(places, scripts).map(([paths, script]) => new History(paths, script, everything)) },
  { weight: 1, arbitrary: scripts.map((script) => new History([registerPath], script, everything, true)) },
);
const runs = { numRuns: 700 };

/** Any three states of one history. */
const threeStates = fc
  .tuple(histories, fc.nat(), fc.nat(), fc.nat())
  .map(([{ all }, ...picks]) => picks.map((pick) => all[pick % all.length]!.object));

function forThree(law: (a: StoredObject, b: StoredObject, c: StoredObject) => void): void {
  fc.assert(
    fc.property(threeStates, ([a, b, c]) => {
      law(a!, b!, c!);
    }),
    runs,
  );
}

function forStates(law: (state: State, history: History) => void): void {
  fc.assert(
    fc.property(histories, (history) => history.all.forEach((state) => law(state, history))),
    runs,
  );
}

function bytes(object: StoredObject): Uint8Array {
  return encodeRecord(1n, object);
}

test("sync is commutative", () => {
  // Design §4.2: sync is the join, also with what is spent.
  forThree((a, b) => expect(bytes(sync(a, b))).toEqual(bytes(sync(b, a))));
});

test("sync is associative", () => {
  // Nothing is pruned inside it.
  forThree((a, b, c) => expect(bytes(sync(sync(a, b), c))).toEqual(bytes(sync(a, sync(b, c)))));
});

test("sync is idempotent, gives back the same object where nothing is new, and the empty object is neutral", () => {
  // Style of src/object.ts: "did it change" is a comparison of references.
  forThree((a, b) => {
    expect(sync(a, { ...a })).toBe(a);
    const ab = sync(a, b);
    expect([sync(ab, b), sync(ab, a), sync(a, emptyObject)]).toEqual([ab, ab, a]);
    expect([sync(ab, b) === ab, sync(ab, a) === ab, sync(a, emptyObject) === a]).toEqual([true, true, true]);
    expect(bytes(sync(emptyObject, a))).toEqual(bytes(a));
  });
});

test("sync is monotone, and isIncluded says whether it would change anything", () => {
  // I2a: state never goes down the lattice.
  forThree((a, b, c) => {
    const ab = sync(a, b);
    expect([isIncluded(a, ab), isIncluded(b, ab), isIncluded(sync(a, c), sync(ab, c))]).toEqual([true, true, true]);
    expect(isIncluded(a, b)).toBe(sync(b, a) === b);
  });
});

test("no step goes back: every dot only moves from unseen to live to spent to gone", () => {
  // The chain of src/object.ts; so every write is inflationary.
  fc.assert(
    fc.property(histories, ({ steps }) => {
      for (const [{ object: before }, { object: after }] of steps) {
        expect(isIncluded(before, after)).toBe(true);
        for (const dot of dotsOf(before.context))
          expect(stageOf(after, dot)).toBeGreaterThanOrEqual(stageOf(before, dot));
      }
    }),
    runs,
  );
});

test("whatever the order in which they arrive, the same states end as the same bytes", () => {
  // I3, scenario 21: the same state built in different orders has one encoding and one hash. Each may arrive several times.
  const orders = histories.chain((history) => {
    const { all } = history;
    const shuffled = fc.shuffledSubarray([...all, ...all], { minLength: 2 * all.length });
    return fc.tuple(fc.constant(all), shuffled);
  });
  fc.assert(
    fc.property(orders, ([one, other]) => {
      const [first, second] = [one, other].map((states) =>
        states.map(({ object }) => object).reduce(sync, emptyObject),
      );
      expect(bytes(first!)).toEqual(bytes(second!));
    }),
    runs,
  );
});

test("a record decodes to the object that it was made of, in a form of its own", () => {
  // S5: decode(encode) is the identity, and encode(decode) too.
  forStates(({ object }) => {
    const record = bytes(object);
    expect(decodeRecord(record)).toEqual(object);
    expect(bytes(openRecord(1n, record))).toEqual(record);
  });
});

test("forgetting what is spent when all agree changes nothing that is shown", () => {
  // Design §8: folding. What hides another instance, or is in two sums, is kept.
  forStates(({ object }, { paths }) => {
    const forgotten = forgetSpent(object);
    expect(isIncluded(object, forgotten)).toBe(true);
    for (const path of paths)
      expect(/[pc]$/.test(path) ? counterValue(forgotten, path) : elementsAt(forgotten, path)).toEqual(
        /[pc]$/.test(path) ? counterValue(object, path) : elementsAt(object, path),
      );
  });
});
