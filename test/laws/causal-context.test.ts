/** The laws of causal contexts (design §4.1): sets of dots under union, in one normal form. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  addDot,
  contains,
  contextOf,
  dotsOf,
  emptyContext,
  includes,
  joinContexts,
  sameContext,
  type CausalContext,
} from "../../src/causal-context.ts";
import { makeActor, type Dot } from "../../src/dot.ts";

const dots = fc.record({
  actor: fc
    .tuple(fc.constantFrom("a.......", "b......."), fc.integer({ min: 1, max: 2 }))
    .map(([id, epoch]) => makeActor(id, epoch)),
  counter: fc.integer({ min: 1, max: 9 }),
});
const dotSets = fc.uniqueArray(dots, { selector: nameOf, maxLength: 30, size: "max" });
const contexts = dotSets.map(contextOf);

function nameOf({ actor, counter }: Dot): string {
  return `${actor} ${counter}`;
}

function namesIn(context: CausalContext): Set<string> {
  return new Set([...dotsOf(context)].map(nameOf));
}

function forThree(law: (a: CausalContext, b: CausalContext, c: CausalContext) => void): void {
  fc.assert(
    fc.property(contexts, contexts, contexts, (a, b, c) => {
      law(a, b, c);
    }),
    { numRuns: 1000 },
  );
}

/** Sorted by actor, clouds sorted and beyond a gap, no entry that says nothing. */
function expectNormalForm(context: CausalContext): void {
  const actors = context.map(({ actor }) => actor);
  expect(actors).toEqual([...new Set(actors)].sort());
  for (const { base, cloud } of context) {
    expect(base + cloud.length).toBeGreaterThan(0);
    expect(cloud).toEqual([...new Set(cloud)].sort((a, b) => a - b));
    for (const counter of cloud) expect(counter).toBeGreaterThan(base + 1);
  }
}

test("a context is the set of its dots", () => {
  // Design §4.1: all dots (actor, 1..n), and single dots beyond a gap.
  fc.assert(
    fc.property(dotSets, dots, (set, other) => {
      const context = contextOf(set);
      expectNormalForm(context);
      expect(namesIn(context)).toEqual(new Set(set.map(nameOf)));
      expect(contains(context, other)).toBe(set.some((dot) => nameOf(dot) === nameOf(other)));
    }),
  );
});

test("join is the union, in normal form", () => {
  // Design §4.1: max of bases, union of clouds, then normalise.
  forThree((a, b) => {
    const joined = joinContexts(a, b);
    expectNormalForm(joined);
    expect(namesIn(joined)).toEqual(new Set([...namesIn(a), ...namesIn(b)]));
  });
});

test("join is commutative, associative, idempotent and has the empty context as neutral element", () => {
  // Almeida et al. 2018: causal contexts form a join semilattice.
  forThree((a, b, c) => {
    expect(joinContexts(a, b)).toEqual(joinContexts(b, a));
    expect(joinContexts(joinContexts(a, b), c)).toEqual(joinContexts(a, joinContexts(b, c)));
    expect(joinContexts(a, [...a])).toBe(a);
    expect(joinContexts(emptyContext, a)).toEqual(a);
  });
});

test("join is monotone, and gives back its left side itself where nothing is new", () => {
  // src/causal-context.ts: "did it grow" is a comparison of references.
  forThree((a, b, c) => {
    const joined = joinContexts(a, b);
    expect([includes(joined, a), includes(joined, b)]).toEqual([true, true]);
    expect(joinContexts(joined, b)).toBe(joined);
    expect(includes(joinContexts(joined, c), joinContexts(a, c))).toBe(true);
  });
});

test("includes is the order of sets", () => {
  // b ⊑ a: every dot of b is in a.
  forThree((a, b) => {
    expect(includes(a, b)).toBe([...namesIn(b)].every((name) => namesIn(a).has(name)));
    expect(sameContext(a, b)).toBe(includes(a, b) && includes(b, a));
    expect(sameContext(a, joinContexts(emptyContext, a))).toBe(true);
  });
});

test("addDot adds one dot", () => {
  // Design §4.2: context ∪ {dot}.
  fc.assert(
    fc.property(contexts, dots, (context, dot) => {
      const added = addDot(context, dot);
      expectNormalForm(added);
      expect(namesIn(added)).toEqual(new Set([...namesIn(context), nameOf(dot)]));
    }),
  );
});
