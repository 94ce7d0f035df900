/** The laws of one key's object (design §4.1, §4.2), on reachable states and against a model that keeps every event. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { contains, contextOf, includes } from "../../src/causal-context.ts";
import { compareDots } from "../../src/dot.ts";
import { emptyObject, isIncluded, sync, type StoredObject } from "../../src/object.ts";
import { encodeRecord } from "../../src/record.ts";
import { histories, liveDots, seenDots, syncStates, type State } from "./history.ts";

/** Three states of one history, of any moments. */
const threeStates = histories.chain((history) =>
  fc.tuple(fc.nat(), fc.nat(), fc.nat()).map((picks) => picks.map((pick) => history.all[pick % history.all.length]!)),
);

function forThree(law: (a: StoredObject, b: StoredObject, c: StoredObject) => void): void {
  fc.assert(
    fc.property(threeStates, ([a, b, c]) => {
      law(a!.object, b!.object, c!.object);
    }),
    { numRuns: 500 },
  );
}

/** Equal objects are equal bytes. */
function bytes(object: StoredObject): Uint8Array {
  return encodeRecord(1n, object);
}

function joinAll(states: readonly State[]): StoredObject {
  return states.map(({ object }) => object).reduce(sync, emptyObject);
}

function forStates(law: (state: State) => void): void {
  fc.assert(
    fc.property(histories, (history) => history.all.forEach(law)),
    { numRuns: 500 },
  );
}

describe("sync is a join", () => {
  test("commutative", () => {
    // Design §4.2: sync is the join. Almeida et al. 2018: joins form a semilattice.
    forThree((a, b) => expect(sync(a, b)).toEqual(sync(b, a)));
  });

  test("associative", () => {
    // Design §4.2: never prune inside it, or it stops being associative.
    forThree((a, b, c) => expect(sync(sync(a, b), c)).toEqual(sync(a, sync(b, c))));
  });

  test("idempotent, and gives back the same object where nothing is new", () => {
    // Style of src/object.ts: `a` itself, so that "did it change" is a comparison of references.
    forThree((a, b) => {
      expect(sync(a, { ...a })).toBe(a);
      const ab = sync(a, b);
      expect(sync(ab, b)).toBe(ab);
      expect(sync(ab, a)).toBe(ab);
    });
  });

  test("with nothing as its neutral element", () => {
    // The empty object is the bottom of the lattice.
    forThree((a) => expect([sync(a, emptyObject), sync(emptyObject, a)]).toEqual([a, a]));
  });

  test("monotone: it includes both sides, and what is included stays included", () => {
    // I2a: state never goes down the lattice.
    forThree((a, b, c) => {
      const ab = sync(a, b);
      expect([isIncluded(a, ab), isIncluded(b, ab)]).toEqual([true, true]);
      expect(isIncluded(sync(a, c), sync(ab, c))).toBe(true);
    });
  });

  test("isIncluded says whether a sync would change anything", () => {
    // src/object.ts: a ⊑ b means that joining a into b changes nothing. Nothing is written then (scenario 28).
    forThree((a, b) => expect(isIncluded(a, b)).toBe(sync(b, a) === b));
  });
});

describe("every replica at every moment", () => {
  test("has the siblings of the model: events that nobody it has heard of had seen", () => {
    // I1: exactly the writes that no applied write has seen, whatever the order, the losses and the repetitions of messages.
    forStates((state) =>
      expect(state.object.siblings.map(({ dot }) => dot)).toEqual(liveDots(state).sort(compareDots)),
    );
  });

  test("has the context of the model: all it has heard of, and all that was seen by those", () => {
    // Design §4.1: the context says what was ever seen.
    forStates((state) => expect(state.object.context).toEqual(contextOf(seenDots(state))));
  });

  test("has every sibling's dot in its context", () => {
    // src/object.ts, first invariant.
    forStates(({ object }) => expect(object.siblings.every(({ dot }) => contains(object.context, dot))).toBe(true));
  });

  test("never forgets: each later state of a replica includes the one before", () => {
    // I2a, with the states of the model as witness: syncing all sent states in turn only grows.
    fc.assert(
      fc.property(histories, (history) => {
        let state = history.states[0]!;
        for (const sent of history.sent) {
          const next = syncStates(state, sent);
          expect(isIncluded(state.object, next.object)).toBe(true);
          expect(includes(next.object.context, state.object.context)).toBe(true);
          state = next;
        }
      }),
    );
  });
});

test("replicas that have heard the same are the same bytes, whatever the order", () => {
  // Scenario 21, riak_kv#1189, and I3: the same state built in different orders has one encoding and one hash.
  const orders = histories.chain((history) =>
    fc
      .shuffledSubarray([...history.all], { minLength: history.all.length })
      .map((shuffled) => [history.all, shuffled] as const),
  );
  fc.assert(
    fc.property(orders, ([one, other]) => {
      expect(bytes(joinAll(one))).toEqual(bytes(joinAll(other)));
    }),
    { numRuns: 300 },
  );
});
