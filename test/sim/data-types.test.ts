/**
 * The checker of I6 is tested by corruptors: what it knows of replicated data types is a true story in each test, and then there is one
 * lie in it. (test/sim/type-mutants.ts does the same with whole nodes.)
 */
import { describe, expect, test } from "vitest";
import { contextOf, emptyContext } from "../../src/causal-context.ts";
import { marksAt, encodeMarks, nextIncrement, spentIncrement } from "../../src/crdt/counter.ts";
import { makeActor, type Dot } from "../../src/dot.ts";
import { sync, type Sibling, type StoredObject } from "../../src/object.ts";
import { makeOpId } from "../../src/op-id.ts";
import { DataTypes } from "../../sim/checkers/data-types.ts";
import type { Operation } from "../../sim/history.ts";
import type { EndOfRun, Issue, Observation } from "../../sim/observation.ts";
import { issue, operation, first } from "./story.ts";

const key = "t/k1";
const [a1, a2] = [1, 2].map((counter) => ({ actor: makeActor("replica1", 1), counter })) as [Dot, Dot];
const [b1, b2] = [1, 2].map((counter) => ({ actor: makeActor("replica2", 1), counter })) as [Dot, Dot];
const [tea, milk] = [makeOpId("client01", 1), makeOpId("client01", 2)];

function sibling(dot: Dot, path: string, op: string, value: Uint8Array): Sibling {
  return { dot, path, op, value, timestamp: { ms: 1000 * dot.counter, counter: 0 } };
}

/** That it was minted, in the place of what it had seen. */
function minted({ dot, path, op, value, timestamp }: Sibling, seen: readonly Dot[] = [], amount?: number): Issue {
  return issue(dot, seen, { key, path, op, value, timestamp, ...(amount !== undefined && { amount }) });
}

function object(siblings: readonly Sibling[], spent: readonly Sibling[], seen: readonly Dot[]): StoredObject {
  return { siblings, spent, context: contextOf(seen) };
}

/** What the checker says of a story, at whose end a client is given `shown`, and all replicas have it. */
function accusedOf(
  story: readonly Observation[],
  shown: StoredObject,
  operations: readonly Operation[] = [],
): string[] {
  const accused: string[] = [];
  const checker = new DataTypes((sentence) => accused.push(sentence));
  for (const observation of story) checker.observe(observation);
  const read: Operation = { ...operation(first, "ok", []), key, kind: "get", op: undefined, object: shown };
  checker.observe({ kind: "returned", operation: read });
  const end = { joined: shown, states: new Map(), reads: new Map() };
  const run: Partial<EndOfRun> = { keys: new Map([[key, end]]), operations };
  checker.finish(run as EndOfRun);
  return accused;
}

function changed(changes: NonNullable<Operation["changes"]>, removed: readonly Dot[]): Operation {
  return { ...operation(first, "ok", []), key, kind: "change", op: tea, changes, contextIn: contextOf(removed) };
}

describe("a counter", () => {
  const nothing = object([], [], []);
  const atA = sibling(a1, "p", tea, nextIncrement(nothing, "p", a1.actor, 5).value);
  const atB = sibling(b1, "p", tea, nextIncrement(nothing, "p", b1.actor, 5).value);
  const replicaA = object([atA], [], [a1]);
  const next = sibling(a2, "p", milk, nextIncrement(replicaA, "p", a1.actor, 1).value);
  const story = [minted(atA, [], 5), minted(atB, [], 5), minted(next, [a1], 1)];
  const replicaB = object([atB], [], [b1]);

  test("counts an operation once that stands under two dots", () => {
    const joined = sync(object([next], [spentIncrement(atA)], [a1, a2]), replicaB);
    expect(accusedOf(story, joined)).toEqual([]);
  });

  test("that has forgotten of which operation an increment was counts it twice", () => {
    const [sentence] = accusedOf(story, sync(object([next], [], [a1, a2]), replicaB));
    expect(sentence).toMatch("has 11 at p, where the increments that it knows are 6");
  });

  test("takes away what a reset had seen, and nothing else", () => {
    const reset = sibling(b2, "p", makeOpId("client02", 1), encodeMarks(marksAt(replicaA, "p")));
    const more = sibling(a2, "p", milk, nextIncrement(replicaA, "p", a1.actor, 1).value);
    const told = [minted(atA, [], 5), minted(more, [a1], 1), minted(reset)];
    const joined = object([more, reset], [spentIncrement(atA)], [a1, a2, b2]);
    expect(accusedOf(told, joined)).toEqual([]);
    const [sentence] = accusedOf(told, object([more], [spentIncrement(atA)], [a1, a2, b2]));
    expect(sentence).toMatch("has 6 at p, where the increments that it knows are 1");
  });

  test("that was reset by removing its increments has lost them", () => {
    expect(accusedOf(story.slice(0, 1), object([], [], [a1])).join()).toMatch("which nobody removed");
  });
});

describe("a set", () => {
  const added = sibling(a1, "s", tea, Uint8Array.of(7));
  const holding = object([added], [], [a1]);
  const dropped = { kind: "dropped", node: "n1", key, op: milk, observed: contextOf([a1]) } as const;

  test("has what was added, until somebody who has seen it removes it", () => {
    expect(accusedOf([minted(added)], holding)).toEqual([]);
    expect(accusedOf([minted(added), dropped], object([], [], [a1]))).toEqual([]);
  });

  test("without an element that nobody removed", () => {
    expect(accusedOf([minted(added)], object([], [], [a1])).join()).toMatch("has lost");
  });

  test("with an element that an acknowledged operation had removed", () => {
    const removal = changed([{ kind: "drop", path: "s", observed: contextOf([a1]) }], [a1]);
    expect(accusedOf([minted(added), dropped], holding, [removal]).join()).toMatch("is alive, which");
  });

  test("with other bytes than were written", () => {
    const other = { ...added, value: Uint8Array.of(8) };
    expect(accusedOf([minted(added)], object([other], [], [a1])).join()).toMatch("something else");
  });

  test("that only grows, without what was acknowledged as added", () => {
    const growing = changed([{ kind: "write", path: "g", value: Uint8Array.of(7), observed: emptyContext }], []);
    const event: Issue = minted(sibling(b1, "g", milk, Uint8Array.of(9)));
    const other = object([sibling(b1, "g", milk, Uint8Array.of(9))], [], [b1]);
    expect(accusedOf([event], other, [growing]).join()).toMatch("is not there in the end");
  });
});

describe("a register", () => {
  const old = sibling(a1, "w", tea, Uint8Array.of(1));
  const later = sibling(b2, "w", tea, Uint8Array.of(1));
  const replacing = sibling(a2, "w", milk, Uint8Array.of(2));
  const story = [minted(old), minted(replacing, [a1]), minted(later)];
  const seen = [a1, a2, b2];

  test("does not show a write again that was tried twice and replaced once", () => {
    expect(accusedOf(story, object([replacing, later], [{ ...old, value: undefined }], seen))).toEqual([]);
    const [sentence] = accusedOf(story, object([replacing, later], [], seen));
    expect(sentence).toMatch(/shows operation \w+\/1 at w, and not operation \w+\/2/);
  });

  test("may show it where nobody recognises the operation any more", () => {
    const [, second, third] = story;
    const told = [story[0]!, { ...second!, unheld: contextOf([a1]) }, third!];
    expect(accusedOf(told, object([replacing, later], [], seen))).toEqual([]);
  });
});
