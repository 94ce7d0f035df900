/**
 * Claim (Elle, 2020): of a list to which clients only append whatever they see says in which order that happened, so the history is
 * linearizable if and only if all that was seen are beginnings of one list and each append fits between those who did not see it
 * and those who did. Compared with a judge that tries every order, with the register's checker, and with corrupted histories.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { listProblems, type ListOperation } from "../../sim/checkers/append-lists.ts";
import { checkLinearizability } from "../../sim/checkers/linearizability.ts";
import type { RegisterOperation } from "../../sim/checkers/register-history.ts";
import { calls, hasOrder, isBefore } from "./timed-calls.ts";

const key = "b/k1";

function append(id: string, [calledAtMs, returnedAtMs]: readonly [number, number]): ListOperation {
  return {
    number: calledAtMs,
    client: "c1",
    key,
    appends: id,
    calledAtMs,
    returnedAtMs,
    outcome: "ok",
    seen: undefined,
  };
}

function read(seen: readonly string[], [calledAtMs, returnedAtMs]: readonly [number, number]): ListOperation {
  return { number: calledAtMs, client: "c2", key, appends: undefined, calledAtMs, returnedAtMs, outcome: "ok", seen };
}

describe("by hand", () => {
  const [a, b] = [append("a", [0, 1]), append("b", [2, 3])];

  test("lists in the order of the appends, up to what was there", () => {
    expect(listProblems([a, b, read(["a", "b"], [4, 5])])).toEqual([]);
    expect(listProblems([a, b, read(["a"], [1, 3]), read(["a", "b"], [3, 5])])).toEqual([]);
  });

  test("lists that are not beginnings of one list", () => {
    expect(listProblems([a, { ...b, calledAtMs: 0 }, read(["a", "b"], [4, 5]), read(["b"], [4, 5])])).toEqual([
      "b/k1: c2's read (4, ok, 4 to 5 ms) saw b in place 1, where another one saw a",
    ]);
  });

  test("an order that the clock contradicts", () => {
    expect(listProblems([a, b, read(["b", "a"], [4, 5])])).toEqual([
      "b/k1: b was in the list by 1 ms, and not before 2 ms",
    ]);
  });

  test("a list that lacks what an earlier one had", () => {
    const long = { ...b, returnedAtMs: 99 };
    expect(listProblems([a, long, read(["a", "b"], [4, 5]), read(["a"], [5, 6])])).toEqual([]);
    expect(listProblems([a, long, read(["a", "b"], [4, 5]), read(["a"], [6, 7])])).toEqual([
      "b/k1: b was in the list by 5 ms, and not before 6 ms",
    ]);
  });

  test("an acknowledged append that a later read lacks", () => {
    expect(listProblems([a, b, read(["a"], [3, 5])])).toEqual([]);
    expect(listProblems([a, b, read(["a"], [4, 5])])).toEqual(["b/k1: b was in the list by 3 ms, and not before 4 ms"]);
  });

  test("an acknowledged append that nobody saw, though what was called later was seen", () => {
    expect(listProblems([a, b, append("c", [4, 5]), read(["a", "c"], [5, 6])])).toEqual([
      "b/k1: b was in the list by 3 ms, and not before 5 ms",
    ]);
  });

  test("an append that was told never to happen, or that nobody made", () => {
    expect(listProblems([a, { ...b, outcome: "none" }, read(["a"], [4, 5])])).toEqual([]);
    expect(listProblems([a, { ...b, outcome: "none" }, read(["a", "b"], [4, 5])])).toHaveLength(1);
    expect(listProblems([a, read(["a", "x"], [4, 5])])).toEqual(["b/k1: x is in the list, and nobody has appended it"]);
  });

  test("an append that happened twice", () => {
    expect(listProblems([a, b, read(["a", "b", "a"], [4, 5])])).toEqual(["b/k1: a is in the list twice"]);
  });

  test("an unknown append may come late or never", () => {
    const unknown = { ...a, outcome: "unknown" as const };
    expect(listProblems([unknown, b, read(["b"], [4, 5])])).toEqual([]);
    expect(listProblems([unknown, b, read(["b"], [4, 5]), read(["b", "a"], [9, 9])])).toEqual([]);
    expect(listProblems([{ ...unknown, calledAtMs: 7 }, b, read(["a", "b"], [4, 5])])).toHaveLength(1);
  });

  test("an append that tells of a list which does not end with it", () => {
    expect(listProblems([{ ...a, seen: ["a"] }])).toEqual([]);
    expect(listProblems([{ ...a, seen: [] }])).toHaveLength(1);
  });
});

interface Wish {
  readonly isAppend: boolean;
  readonly tells: boolean;
  readonly outcome: "ok" | "none" | "unknown";
  readonly lateMs: number | undefined;
}

const wishes: fc.Arbitrary<Wish> = fc.record({
  isAppend: fc.boolean(),
  tells: fc.boolean(),
  outcome: fc.constantFrom("ok" as const, "ok" as const, "ok" as const, "none" as const, "unknown" as const),
  lateMs: fc.option(fc.nat(20), { nil: undefined }),
});

/** A history as one list would have made it. A `none` that tells is a compare-and-set that was rejected. */
const trueHistories: fc.Arbitrary<ListOperation[]> = calls(wishes, 4, 40).map((drawn) => {
  const late = drawn.map((call) => ({
    ...call,
    happensAtMs: call.what.outcome === "unknown" ? call.atMs + (call.what.lateMs ?? 0) : call.atMs,
  }));
  const list: string[] = [];
  return late
    .sort((a, b) => a.happensAtMs - b.happensAtMs || a.number - b.number)
    .map(({ what: { isAppend, tells, outcome, lateMs }, number, client, calledAtMs, returnedAtMs }) => {
      const id = `v${number}`;
      if (isAppend && (outcome === "ok" || (outcome === "unknown" && lateMs !== undefined))) list.push(id);
      const seen = outcome === "unknown" || (isAppend && !tells) ? undefined : [...list];
      return { number, client, key, appends: isAppend ? id : undefined, calledAtMs, returnedAtMs, outcome, seen };
    });
});

type Corruptor = (operations: readonly ListOperation[]) => readonly ListOperation[] | undefined;

function replaced(all: readonly ListOperation[], old: ListOperation, changes: Partial<ListOperation>): ListOperation[] {
  return all.map((one) => (one === old ? { ...one, ...changes } : one));
}

/** Reads, and an acknowledged append that was over before each of them. */
function readsAfter(all: readonly ListOperation[]): (readonly [ListOperation, ListOperation])[] {
  const appends = all.filter(({ appends, outcome }) => appends !== undefined && outcome === "ok");
  return all
    .filter(({ appends, seen }) => appends === undefined && seen !== undefined)
    .flatMap((look) => appends.filter((one) => isBefore(one, look)).map((one) => [look, one] as const));
}

const corruptors: Readonly<Record<string, Corruptor>> = {
  "hides the end of a list": (all) => {
    const [pair] = readsAfter(all);
    if (pair === undefined) return undefined;
    const [look, lacks] = pair;
    return replaced(all, look, { seen: look.seen!.slice(0, look.seen!.indexOf(lacks.appends!)) });
  },
  "hides the middle of a list": (all) => {
    const long = all.find(({ appends, seen }) => appends === undefined && seen !== undefined && seen.length > 1);
    const others = all.some((one) => one !== long && (one.seen?.length ?? 0) > 0);
    return long && others ? replaced(all, long, { seen: long.seen!.slice(1) }) : undefined;
  },
  "swaps two of a list": (all) => {
    const long = readsAfter(all).find(([{ seen }]) => seen!.length > 1)?.[0];
    const [first, second, ...rest] = long?.seen ?? [];
    const others = all.some((one) => one !== long && one.seen?.[0] === first && first !== undefined);
    return long && others ? replaced(all, long, { seen: [second!, first!, ...rest] }) : undefined;
  },
  "adds what was told never to happen": (all) => {
    const never = all.find(({ appends, outcome }) => appends !== undefined && outcome === "none");
    const look = all.find(({ appends, seen }) => appends === undefined && seen !== undefined);
    return never && look && replaced(all, look, { seen: [...look.seen!, never.appends!] });
  },
  "hides an append that was seen": (all) => {
    const [pair] = readsAfter(all);
    return pair && all.filter((one) => one !== pair[1]);
  },
  "moves a read before an append that it saw": (all) => {
    const [pair] = readsAfter(all);
    const atMs = (pair?.[1].calledAtMs ?? 0) - 1;
    return pair && replaced(all, pair[0], { calledAtMs: atMs, returnedAtMs: atMs });
  },
  "appends twice": (all) => {
    const longest = all.reduce((a, b) => ((b.seen?.length ?? 0) > (a.seen?.length ?? 0) ? b : a));
    const [first] = longest.seen ?? [];
    return first === undefined || longest.appends !== undefined
      ? undefined
      : replaced(all, longest, { seen: [...longest.seen!, first] });
  },
};

describe("histories that are true by construction", () => {
  test("are accepted", () => {
    fc.assert(
      fc.property(trueHistories, (history) => {
        expect(listProblems(history)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  test.each(Object.entries(corruptors))("and refused when somebody %s", (_, corrupt) => {
    let corrupted = 0;
    fc.assert(
      fc.property(trueHistories, (history) => {
        const lie = corrupt(history);
        if (lie === undefined) return;
        corrupted++;
        expect(listProblems(lie)).not.toEqual([]);
      }),
      { numRuns: 500 },
    );
    expect(corrupted).toBeGreaterThan(50);
  });
});

/** Whatever clients may claim of a list of at most three. */
const claims = fc.record({
  isAppend: fc.boolean(),
  outcome: fc.constantFrom("ok" as const, "ok" as const, "unknown" as const),
  tells: fc.boolean(),
  length: fc.nat(3),
  isSwapped: fc.integer({ min: 0, max: 9 }).map((draw) => draw === 0),
});

/** The lists of most claims are beginnings of one list, in the order of the calls' moments: else hardly any would be true. */
const claimed: fc.Arbitrary<ListOperation[]> = calls(claims, 3, 6).map((drawn) => {
  const ids = drawn.filter(({ what }) => what.isAppend).map(({ number }) => `v${number}`);
  let added = 0;
  return drawn.map(({ what: { isAppend, outcome, tells, length, isSwapped }, number, client, ...times }) => {
    if (isAppend) added++;
    const shown = ids.slice(0, isAppend ? added : length);
    const seen = isAppend && (!tells || outcome === "unknown") ? undefined : isSwapped ? shown.reverse() : shown;
    const { calledAtMs, returnedAtMs } = times;
    const certain = isAppend ? outcome : "ok";
    return {
      number,
      client,
      key,
      appends: isAppend ? `v${number}` : undefined,
      calledAtMs,
      returnedAtMs,
      outcome: certain,
      seen,
    };
  });
});

describe("compared with others", () => {
  function isLinearizable(all: readonly ListOperation[]): boolean {
    const must = all.filter(({ outcome }) => outcome === "ok");
    const may = all.filter(({ outcome }) => outcome === "unknown").map((one) => ({ ...one, returnedAtMs: Infinity }));
    return hasOrder<ListOperation, readonly string[]>(must, may, [], (list, { appends, seen }) => {
      const state = appends === undefined ? list : [...list, appends];
      return seen === undefined || seen.join() === state.join() ? { state } : undefined;
    });
  }

  test("with a judge that tries every order", () => {
    const verdicts = { true: 0, false: 0 };
    fc.assert(
      fc.property(claimed, (history) => {
        const isTrue = isLinearizable(history);
        verdicts[`${isTrue}`]++;
        expect(listProblems(history).length === 0).toBe(isTrue);
      }),
      { numRuns: 3000 },
    );
    expect(Math.min(verdicts.true, verdicts.false)).toBeGreaterThan(300);
  });

  test("with the register's checker, where every append tells what it made", () => {
    const telling = claimed.map((history) => history.filter(({ seen }) => seen !== undefined));
    const asValue = (list: readonly string[]): string | undefined => (list.length === 0 ? undefined : list.join());
    const asRegister = ({ appends, seen, outcome, ...one }: ListOperation): RegisterOperation => ({
      ...one,
      outcome,
      found: appends === undefined ? asValue(seen!) : undefined,
      action:
        appends === undefined
          ? { kind: "read" }
          : { kind: "compareAndSet", expected: asValue(seen!.slice(0, -1)), value: asValue(seen!) },
    });
    fc.assert(
      fc.property(telling, (history) => {
        // A compare-and-set that ends with somebody else's append is none of an append.
        fc.pre(history.every(({ appends, seen }) => appends === undefined || seen!.at(-1) === appends));
        const { kind } = checkLinearizability(history.map(asRegister));
        expect(listProblems(history).length === 0 ? "linearizable" : "violated").toBe(kind);
      }),
      { numRuns: 1000 },
    );
  });
});
