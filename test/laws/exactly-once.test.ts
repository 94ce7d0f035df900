/**
 * Exactly-once counting, by looking at everything that can happen in small worlds (`counting-world.ts`): at every replica, and
 * wherever replicas join, the value is the sum of the distinct operations that are there, each once, without those that a reset's
 * reader had seen. And the search finds each of the mistakes that the rules of forgetting are there to prevent.
 */
import { describe, expect, test } from "vitest";
import { decodeIncrement, isResetMark } from "../../src/crdt/counter.ts";
import { write, type Sibling, type StoredObject } from "../../src/object.ts";
import { observedAt } from "../../src/shown.ts";
import { spendUnless } from "../../src/spent.ts";
import { CountingWorlds, path, shipped, type Rules, type Scope, type World } from "./counting-world.ts";
import { applyAt } from "./minting.ts";

interface Found {
  readonly worlds: number;
  /** The shortest way to a wrong value, in words. */
  readonly story: readonly string[] | undefined;
}

/** Breadth first, so that what is found first is shortest. */
function search(scope: Scope, rules: Rules): Found {
  const worlds = new CountingWorlds(scope, rules);
  const first = worlds.first();
  const ways = new Map<string, readonly [string, string] | undefined>([[worlds.keyOf(first), undefined]]);
  let edge: World[] = [first];
  while (edge.length > 0) {
    const next: World[] = [];
    for (const world of edge)
      for (const [what, after] of worlds.steps(world)) {
        const key = worlds.keyOf(after);
        if (ways.has(key)) continue;
        ways.set(key, [worlds.keyOf(world), what]);
        worlds.check(after);
        if (worlds.wrong !== undefined)
          return { worlds: ways.size, story: [...wayTo(ways, key), verdict(worlds.wrong)] };
        next.push(after);
      }
    edge = next;
  }
  return { worlds: ways.size, story: undefined };
}

function wayTo(ways: ReadonlyMap<string, readonly [string, string] | undefined>, end: string): string[] {
  const way: string[] = [];
  for (let at = ways.get(end); at !== undefined; at = ways.get(at[0])) way.unshift(at[1]);
  return way;
}

function verdict({ shown, expected }: { readonly shown: number; readonly expected: number }): string {
  return `then, here or where replicas join, the counter is ${shown} instead of ${expected}`;
}

const small: Scope = { replicas: 2, operations: 2, tries: 2, hasOldState: false, crash: "none", hasReset: false };

describe("each operation counts once in every world of", () => {
  test.each<[string, Scope, number]>([
    ["two replicas and a state of before", { ...small, hasOldState: true }, 50_000],
    ["two replicas and a crash", { ...small, crash: "kept" }, 50_000],
    ["two replicas, of which one loses its disk", { ...small, crash: "emptied" }, 50_000],
    ["two replicas and a reset", { ...small, hasReset: true }, 200_000],
    [
      "two replicas, one operation, a reset, a crash and a state of before",
      { ...small, operations: 1, hasReset: true, crash: "kept", hasOldState: true },
      10_000,
    ],
    [
      "three replicas, one operation with three tries, a reset",
      { ...small, replicas: 3, operations: 1, tries: 3, hasReset: true },
      10_000,
    ],
    ["three replicas", { ...small, replicas: 3 }, 200_000],
  ])("%s", (_, scope, worldsMin) => {
    // Design §6.5 and §8: a retry at another coordinator counts once; what is spent goes when it is needed no more.
    const { worlds, story } = search(scope, shipped);
    expect(story).toBeUndefined();
    expect(worlds).toBeGreaterThan(worldsMin);
  });
});

describe("the search finds", () => {
  test("that what is spent must not be forgotten by its age alone", () => {
    // Design §8: only when all primaries exchanged since.
    const { story } = search(small, { ...shipped, mustAgree: false });
    expect(story).toEqual([
      "operation 1 is sent to a",
      "the try of operation 1 arrives at a",
      "operation 1 is sent to a",
      "operation 2 is sent to a",
      "the try of operation 2 arrives at a",
      "a forgets what is spent",
      "the try of operation 1 arrives at a",
      "then, here or where replicas join, the counter is 4 instead of 3",
    ]);
  });

  test("that what is too often in the sums must be kept even when all agree", () => {
    const { story } = search(small, { ...shipped, forget: withoutIncrements });
    expect(story).toEqual([
      "operation 1 is sent to a",
      "the try of operation 1 arrives at a",
      "operation 1 is sent to b",
      "the try of operation 1 arrives at b",
      "operation 1 is over for its client",
      "operation 2 is sent to a",
      "the try of operation 2 arrives at a",
      "operation 2 is over for its client",
      "a joins the state of b",
      "b joins the state of a",
      "all agree, and will forget what is spent",
      "a forgets what is spent",
      "then, here or where replicas join, the counter is 4 instead of 3",
    ]);
  });

  test("that a client must not vouch for an operation that it tried twice", () => {
    // client/operations.ts: doubtful ones are never vouched for.
    const { story } = search(small, { ...shipped, mayVouch: () => true });
    expect(story).toEqual([
      "operation 1 is sent to a",
      "the try of operation 1 arrives at a",
      "operation 1 is sent to b",
      "the try of operation 1 arrives at b",
      "operation 1 is over for its client",
      "operation 2 is sent to a",
      "a hears which operations are settled",
      "the try of operation 2 arrives at a",
      "then, here or where replicas join, the counter is 4 instead of 3",
    ]);
  });

  test("that a counter must not be reset by dropping what was seen of it", () => {
    // Baquero et al. 2016: an actor's next increment brings back all that it has counted.
    const { story } = search({ ...small, tries: 1, hasReset: true }, { ...shipped, reset: dropAll });
    expect(story).toEqual([
      "operation 1 is sent to a",
      "the try of operation 1 arrives at a",
      "operation 2 is sent to a",
      "a reader reads at a",
      "the try of operation 2 arrives at a",
      "its reset arrives at a",
      "then, here or where replicas join, the counter is 3 instead of 2",
    ]);
  });

  test("that whoever reads must take away what is in two sums", () => {
    const { story } = search(small, { ...shipped, value: allSums });
    expect(story).toEqual([
      "operation 1 is sent to a",
      "the try of operation 1 arrives at a",
      "operation 1 is sent to b",
      "the try of operation 1 arrives at b",
      "then, here or where replicas join, the counter is 2 instead of 1",
    ]);
  });

  test("that what an actor has taken back must be kept for a reset that saw it", () => {
    const { story } = search({ ...small, hasReset: true }, { ...shipped, apply: applyAndForgetCorrected });
    expect(story).toEqual([
      "operation 1 is sent to a",
      "the try of operation 1 arrives at a",
      "operation 1 is sent to b",
      "the try of operation 1 arrives at b",
      "operation 2 is sent to b",
      "a reader reads at b",
      "b joins the state of a",
      "the try of operation 2 arrives at b",
      "its reset arrives at a",
      "then, here or where replicas join, the counter is 3 instead of 2",
    ]);
  });
});

function withoutIncrements(object: StoredObject): StoredObject {
  return object.spent.length === 0 ? object : { ...object, spent: [] };
}

const dropAll: Rules["reset"] = (object, read) =>
  write(
    object,
    observedAt(read, path),
    [],
    spendUnless(() => false),
  );

function allSums({ siblings }: StoredObject): number {
  return siblings.reduce((value, sibling) => value + decodeIncrement(sibling.value!).sum!, 0);
}

const applyAndForgetCorrected: Rules["apply"] = (object, changes, minting) => {
  const next = applyAt(object, changes, minting);
  const isCorrected = ({ dot }: Sibling): boolean =>
    next.siblings.some(
      (live) =>
        live.dot.actor === dot.actor &&
        !isResetMark(live) &&
        decodeIncrement(live.value!).corrections.some(({ counter }) => counter === dot.counter),
    );
  return { ...next, spent: next.spent.filter((sibling) => !isCorrected(sibling)) };
};
