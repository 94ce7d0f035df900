/** src/quorum.ts: the tally (design §6.2, style §1.3 and §1.4), against an oracle that tries every future. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { PreferenceEntry } from "../../src/preference-list.ts";
import { Tally, type Needs, type Verdict } from "../../src/quorum.ts";

/** What one node has done so far. */
type Done = "open" | "failed" | "accepted" | "durable" | "volatile";

const steps: Readonly<Record<Done, (tally: Tally, node: string) => void>> = {
  open: () => {},
  failed: (tally, node) => tally.fail(node),
  accepted: (tally, node) => tally.answer(node, false),
  durable: (tally, node) => tally.answer(node, true),
  volatile: (tally, node) => {
    tally.answer(node, false);
    tally.fail(node);
  },
};

/** What may become of a node, if the future is kind: an open one may answer from disk or fail, an accepted one may reach its disk. */
const futures: Readonly<Record<Done, readonly Done[]>> = {
  open: ["durable", "accepted", "failed"],
  failed: ["failed"],
  accepted: ["accepted", "durable"],
  durable: ["durable"],
  volatile: ["volatile"],
};

function isCovered(list: readonly PreferenceEntry[], done: readonly Done[], needs: Needs): boolean {
  const answered = list.filter((_, at) => done[at] !== "open" && done[at] !== "failed");
  const primaries = answered.filter(({ role }) => role === "primary");
  const durable = done.filter((state) => state === "durable");
  return answered.length >= needs.answers && primaries.length >= needs.primaries && durable.length >= needs.durable;
}

function* completions(done: readonly Done[]): Generator<readonly Done[]> {
  const [first, ...rest] = done;
  if (first === undefined) return void (yield []);
  for (const tail of completions(rest)) for (const future of futures[first]) yield [future, ...tail];
}

function oracle(list: readonly PreferenceEntry[], done: readonly Done[], needs: Needs): Verdict {
  if (isCovered(list, done, needs)) return "met";
  for (const completion of completions(done)) if (isCovered(list, completion, needs)) return "pending";
  return "impossible";
}

function listOf(n: number, fallbacks: number): PreferenceEntry[] {
  return Array.from({ length: n }, (_, at) => ({
    node: `n${at + 1}`,
    role: at < n - fallbacks ? "primary" : "fallback",
  }));
}

function* everyState(n: number): Generator<readonly Done[]> {
  if (n === 0) return void (yield []);
  for (const rest of everyState(n - 1)) for (const state of Object.keys(futures) as Done[]) yield [...rest, state];
}

function* everyNeed(n: number): Generator<Needs> {
  for (let answers = 1; answers <= n; answers++)
    for (let primaries = 0; primaries <= answers; primaries++)
      for (let durable = 0; durable <= answers; durable++) yield { answers, primaries, durable };
}

describe("the verdict is the oracle's", () => {
  test.each([1, 2, 3, 4])("for n %i, all needs, all states of all nodes, with and without fallbacks", (n) => {
    // Style §1.3: met iff covered; impossible iff no completion of the open nodes can cover; pending otherwise.
    const states = [...everyState(n)];
    for (const list of [listOf(n, 0), listOf(n, 1)])
      for (const needs of everyNeed(n))
        for (const done of states) {
          const tally = new Tally(list, needs);
          for (const [at, state] of done.entries()) steps[state](tally, list[at]!.node);
          if (tally.verdict() !== oracle(list, done, needs))
            expect.fail(`${JSON.stringify({ list, needs, done })} is not ${tally.verdict()}`);
        }
  });

  test("for n 5, all needs, states drawn at random", () => {
    // The same; all states of five nodes times all needs would be 600,000 oracles.
    const done = fc.array(fc.constantFrom(...(Object.keys(futures) as Done[])), { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(done, fc.nat(3), fc.constantFrom(...everyNeed(5)), (states, fallbacks, needs) => {
        const list = listOf(5, fallbacks);
        const tally = new Tally(list, needs);
        for (const [at, state] of states.entries()) steps[state](tally, list[at]!.node);
        expect(tally.verdict()).toBe(oracle(list, states, needs));
      }),
      { numRuns: 5000 },
    );
  });
});

function play(
  events: readonly { readonly node: string; readonly what: "accepted" | "durable" | "failed" }[],
  needed: Needs,
): [Tally, Verdict[]] {
  const tally = new Tally(listOf(5, 1), needed);
  const verdicts = events.map(({ node, what }) => {
    steps[what](tally, node);
    return tally.verdict();
  });
  return [tally, verdicts];
}

describe("over time", () => {
  const event = fc.record({
    // n1 to n5 are in the list, n6 and n7 are strangers.
    node: fc.integer({ min: 1, max: 7 }).map((number) => `n${number}`),
    what: fc.constantFrom("accepted" as const, "durable" as const, "failed" as const),
  });
  const needs = fc.constantFrom(...everyNeed(5));

  test("met is never left", () => {
    // src/quorum.ts: a met tally stays met.
    fc.assert(
      fc.property(fc.array(event, { maxLength: 20 }), needs, (events, needed) => {
        const [, verdicts] = play(events, needed);
        const met = verdicts.indexOf("met");
        if (met >= 0) expect(new Set(verdicts.slice(met))).toEqual(new Set(["met"]));
      }),
      { numRuns: 1000 },
    );
  });

  test("answers twice, and answers of strangers, change nothing", () => {
    // I12: late and duplicate replies never double-count; whoever is not in the request's list cannot make its quorum.
    fc.assert(
      fc.property(fc.array(event, { maxLength: 15 }), needs, (events, needed) => {
        const [tally, verdicts] = play(events, needed);
        const twice = events
          .filter(({ node }) => node < "n6")
          .flatMap((one) => (one.what === "failed" ? [one] : [one, one]));
        const [other] = play(twice, needed);
        expect(other.verdict()).toBe(verdicts.at(-1) ?? tally.verdict());
        expect(other.answered()).toEqual(tally.answered());
      }),
      { numRuns: 1000 },
    );
  });

  test("an early answer after the answer from disk takes nothing back", () => {
    // Messages may arrive in any order.
    const tally = new Tally(listOf(1, 0), { answers: 1, primaries: 1, durable: 1 });
    tally.answer("n1", true);
    tally.answer("n1", false);
    tally.fail("n1");
    expect(tally.verdict()).toBe("met");
  });

  test("somebody who stands in makes an impossible tally possible, and counts as no primary", () => {
    // Design §6.1: `pr` and `pw` are counted on the answers, and a fallback is no primary.
    const tally = new Tally(listOf(2, 0), { answers: 2, primaries: 1, durable: 2 });
    tally.answer("n1", true);
    tally.fail("n2");
    expect(tally.verdict()).toBe("impossible");
    tally.add({ node: "n3", role: "fallback" });
    expect(tally.verdict()).toBe("pending");
    tally.answer("n3", true);
    expect(tally.verdict()).toBe("met");
    expect(tally.answered()).toEqual(["n1", "n3"]);
  });

  test("two that stand in for the same primary count once, as with the primary", () => {
    // src/quorum.ts: the first one was lost, another was asked, and both answer. It is one copy that the primary will have.
    const tally = new Tally(listOf(2, 0), { answers: 2, primaries: 0, durable: 2 });
    tally.fail("n1");
    tally.fail("n2");
    for (const node of ["n3", "n4"]) tally.add({ node, role: "fallback", standsFor: "n1" });
    for (const node of ["n3", "n4"]) tally.answer(node, true);
    expect(tally.verdict()).toBe("impossible");
    tally.answer("n1", true);
    expect(tally.shortfall(false)).toEqual({ of: "answers", need: 2, got: 1 });
    tally.add({ node: "n5", role: "fallback", standsFor: "n2" });
    tally.answer("n5", true);
    expect(tally.verdict()).toBe("met");
  });

  test("a late answer is an answer all the same", () => {
    // src/quorum.ts: failed and volatile go on to accepted and durable.
    const tally = new Tally(listOf(1, 0), { answers: 1, primaries: 0, durable: 1 });
    const seen = [tally.verdict()];
    for (const step of ["failed", "accepted", "failed", "durable"] as const) {
      steps[step](tally, "n1");
      seen.push(tally.verdict());
    }
    expect(seen).toEqual(["pending", "impossible", "pending", "impossible", "met"]);
  });
});

test("says what is short, of what, and who answered", () => {
  // Design §14: details (need, got, who).
  const tally = new Tally(listOf(3, 1), { answers: 2, primaries: 2, durable: 2 });
  expect(tally.shortfall(false)).toEqual({ of: "answers", need: 2, got: 0 });
  tally.answer("n3", true);
  tally.answer("n1", false);
  expect(tally.shortfall(false)).toEqual({ of: "primaries", need: 2, got: 1 });
  tally.answer("n2", false);
  expect(tally.shortfall(false)).toEqual({ of: "durable", need: 2, got: 1 });
  expect(tally.answered()).toEqual(["n1", "n2", "n3"]);
  expect([
    tally.isOpen("n1"),
    new Tally(listOf(3, 0), { answers: 1, primaries: 0, durable: 0 }).isOpen("n1"),
    tally.isOpen("stranger"),
  ]).toEqual([false, true, false]);
});
