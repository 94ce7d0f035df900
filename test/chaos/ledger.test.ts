// The judge of the chaos tests must itself be right: what it calls lost, back from the dead, or made up.
import { describe, expect, test } from "vitest";
import { contextOf } from "../../src/causal-context.ts";
import { makeActor, type Dot } from "../../src/dot.ts";
import { Ledger, type Write } from "./ledger.ts";

type Told = readonly [value: string | undefined, outcome: Write["outcome"], seen?: string[]];

function ledgerOf(...writes: readonly Told[]): Ledger {
  const ledger = new Ledger();
  for (const [value, outcome, values = []] of writes)
    ledger.begin("k", value, { values, context: contextOf(values.map((seen) => dotOf(seen, 1))) }).outcome = outcome;
  return ledger;
}

/** Of the first try of a value, or of the second. */
function dotOf(value: string, attempt: number): Dot {
  return { actor: makeActor(value.padEnd(8, "."), 1), counter: attempt };
}

function problems(ledger: Ledger, values: readonly string[], attempt = 1): string[] {
  return ledger.problems(
    "k",
    values.map((value) => ({ value, dot: dotOf(value, attempt) })),
  );
}

describe("an acknowledged write", () => {
  test("is lost if it is not there, and nothing had read it", () => {
    const ledger = ledgerOf(["a", "acknowledged"], ["b", "acknowledged"]);
    expect(problems(ledger, ["b"])).toEqual(["k: a was acknowledged, and is lost"]);
  });

  test.each(["acknowledged", "unknown"] as const)("may be replaced by one that had read it and is %s", (outcome) => {
    expect(problems(ledgerOf(["a", "acknowledged"], ["b", outcome, ["a"]]), ["b"])).toEqual([]);
  });

  test("may be replaced by a delete, and over several steps", () => {
    expect(problems(ledgerOf(["a", "acknowledged"], [undefined, "acknowledged", ["a"]]), [])).toEqual([]);
    const ledger = ledgerOf(["a", "acknowledged"], ["b", "unknown", ["a"]], ["c", "acknowledged", ["b"]]);
    expect(problems(ledger, ["c"])).toEqual([]);
  });

  test("is lost if what had read it is not there either, or certainly did not happen", () => {
    expect(problems(ledgerOf(["a", "acknowledged"], ["b", "unknown", ["a"]]), [])).toHaveLength(1);
    expect(problems(ledgerOf(["a", "acknowledged"], [undefined, "none", ["a"]]), [])).toHaveLength(1);
  });
});

describe("a value that is found", () => {
  test("is back from the dead if an acknowledged write had read it", () => {
    const ledger = ledgerOf(["a", "acknowledged"], [undefined, "acknowledged", ["a"]]);
    expect(problems(ledger, ["a"])).toEqual(["k: a was replaced, and is back"]);
  });

  test("is none if it was sent twice, and that write had seen the first only", () => {
    const ledger = ledgerOf(["a", "acknowledged"], [undefined, "acknowledged", ["a"]]);
    expect(problems(ledger, ["a"], 2)).toEqual([]);
  });

  test("may stay beside one that had read it and may not have happened", () => {
    expect(problems(ledgerOf(["a", "acknowledged"], ["b", "unknown", ["a"]]), ["a"])).toEqual([]);
  });

  test("is made up if nobody wrote it, or its write was refused", () => {
    expect(problems(ledgerOf(["a", "none"]), ["a", "z"])).toHaveLength(2);
  });
});
