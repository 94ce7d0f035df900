/**
 * Claim (Wing, Gong 1993): a history is linearizable if and only if some order of its operations, in which nothing that returned
 * comes behind what was called later, is one that a single register could have gone through. The checker is compared with one
 * that tries every order, and with histories that are true by construction and then corrupted in one place.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkLinearizability, formatVerdict } from "../../sim/checkers/linearizability.ts";
import {
  isLook,
  isPossible,
  needOf,
  valueOf,
  type RegisterAction,
  type RegisterOperation,
  type RegisterValue,
} from "../../sim/checkers/register-history.ts";
import { calls, hasOrder, isBefore } from "./timed-calls.ts";

const key = "b/k1";
const read: RegisterAction = { kind: "read" };
const write = (value: RegisterValue): RegisterAction => ({ kind: "write", value });
const cas = (expected: RegisterValue, value: RegisterValue): RegisterAction => ({
  kind: "compareAndSet",
  expected,
  value,
});

/** c1 does something from one moment to another. */
function operation(
  action: RegisterAction,
  [calledAtMs, returnedAtMs]: readonly [number, number],
  more: Partial<RegisterOperation> = {},
): RegisterOperation {
  return {
    number: calledAtMs,
    client: "c1",
    key,
    action,
    calledAtMs,
    returnedAtMs,
    outcome: "ok",
    found: undefined,
    ...more,
  };
}

function found(value: RegisterValue, times: readonly [number, number]): RegisterOperation {
  return operation(read, times, { found: value });
}

function kindOf(...operations: readonly RegisterOperation[]): string {
  return checkLinearizability(operations).kind;
}

describe("by hand", () => {
  test("a read shows what was written before it, nothing older", () => {
    const [a, b] = [operation(write("a"), [0, 1]), operation(write("b"), [2, 3])];
    expect(kindOf(a, b, found("b", [4, 5]))).toBe("linearizable");
    expect(kindOf(a, b, found("a", [4, 5]))).toBe("violated");
    expect(kindOf(a, b, found(undefined, [4, 5]))).toBe("violated");
  });

  test("while a write is under way a read shows it or what was before, but not it first", () => {
    const [a, b] = [operation(write("a"), [0, 1]), operation(write("b"), [2, 9])];
    expect(kindOf(a, b, found("a", [3, 4]), found("b", [5, 6]))).toBe("linearizable");
    expect(kindOf(a, b, found("b", [3, 4]), found("a", [5, 6]))).toBe("violated");
  });

  test("what returns in the moment in which another is called is concurrent with it", () => {
    const [a, b] = [operation(write("a"), [0, 5]), operation(write("b"), [5, 9])];
    expect(kindOf(a, b, found("a", [10, 11]))).toBe("linearizable");
    expect(kindOf(a, { ...b, calledAtMs: 6 }, found("a", [10, 11]))).toBe("violated");
  });

  test("an unknown write takes effect at any later moment, or never, but not twice", () => {
    const lost = operation(write("a"), [0, 1], { outcome: "unknown" });
    const later = operation(write("b"), [50, 51]);
    expect(kindOf(lost, found(undefined, [90, 91]))).toBe("linearizable");
    expect(kindOf(lost, later, found("b", [60, 61]), found("a", [90, 91]))).toBe("linearizable");
    expect(kindOf(lost, found("a", [10, 11]), later, found("b", [60, 61]), found("a", [90, 91]))).toBe("violated");
    expect(kindOf({ ...lost, calledAtMs: 20, returnedAtMs: 21 }, found("a", [10, 11]))).toBe("violated");
  });

  test("an aborted read: the value of a write that was told never to happen", () => {
    const failed = operation(write("a"), [0, 1], { outcome: "none" });
    expect(kindOf(failed, found(undefined, [2, 3]))).toBe("linearizable");
    const verdict = checkLinearizability([failed, found("a", [2, 3])]);
    expect(verdict.kind).toBe("violated");
    expect(formatVerdict(verdict)).toContain("was told never to happen");
  });

  test("a rejected compare-and-set is a read: what it found was there, and stays seen", () => {
    const wrote = operation(write("a"), [0, 1]);
    const rejected = operation(cas("x", "y"), [2, 3], { outcome: "rejected", found: "a" });
    expect(kindOf(wrote, rejected)).toBe("linearizable");
    expect(kindOf(rejected, wrote)).toBe("linearizable");
    expect(kindOf(wrote, { ...rejected, found: undefined })).toBe("violated");
    // CASSANDRA-12126: rejected because of an unfinished write, which nobody sees any more.
    const unfinished = operation(write("b"), [1, 2], { outcome: "unknown" });
    const saw = operation(cas("x", "y"), [3, 4], { outcome: "rejected", found: "b" });
    expect(kindOf(wrote, unfinished, saw, found("b", [5, 6]))).toBe("linearizable");
    expect(kindOf(wrote, unfinished, saw, found("a", [5, 6]))).toBe("violated");
  });

  test("a compare-and-set that was rejected for what it expected", () => {
    const rejected = operation(cas("a", "b"), [2, 3], { outcome: "rejected", found: "a" });
    expect(kindOf(operation(write("a"), [0, 1]), rejected)).toBe("violated");
  });

  test("of two that expect the same only one succeeds", () => {
    const [a, b] = [operation(cas(undefined, "a"), [0, 9]), operation(cas(undefined, "b"), [0, 9])];
    expect(kindOf(a, { ...b, outcome: "rejected", found: "a" })).toBe("linearizable");
    expect(kindOf(a, b)).toBe("violated");
    expect(kindOf(a, { ...b, outcome: "unknown" })).toBe("linearizable");
  });

  test("keys are registers of their own", () => {
    const other = (one: RegisterOperation): RegisterOperation => ({ ...one, key: "b/k2" });
    expect(kindOf(operation(write("a"), [0, 1]), other(found(undefined, [2, 3])))).toBe("linearizable");
    const verdict = checkLinearizability([operation(write("a"), [0, 1]), other(found("a", [2, 3]))]);
    expect(verdict).toMatchObject({ kind: "violated", key: "b/k2" });
  });

  test("the witness is the longest order there is, and what does not fit behind it", () => {
    const [a, b, stale] = [operation(write("a"), [0, 1]), operation(write("b"), [2, 3]), found("a", [6, 7])];
    const verdict = checkLinearizability([found("b", [9, 10]), stale, b, a, found("b", [4, 5])]);
    expect(verdict).toMatchObject({ refutation: { held: "b", misfit: stale, explained: [a, b, found("b", [4, 5])] } });
    expect(formatVerdict(verdict)).toMatchInlineSnapshot(`
      "b/k1: c1's read (6, ok found "a", 6 to 7 ms) fits nowhere: the register cannot have held that at any moment between its call and its return.
      The register holds "b" after 3 operations, the last of them in this order:
        c1's write of "a" (0, ok, 0 to 1 ms)
        c1's write of "b" (2, ok, 2 to 3 ms)
        c1's read (4, ok found "b", 4 to 5 ms)"
    `);
  });

  test("whoever runs out of steps says so", () => {
    const history = [operation(write("a"), [0, 9]), operation(write("b"), [0, 9]), found("a", [10, 11])];
    expect(checkLinearizability(history, 10)).toEqual({ kind: "linearizable" });
    expect(checkLinearizability(history, 1)).toEqual({ kind: "unknown", key, steps: 1 });
  });
});

/** What the model is told to do: `isRight` of a compare-and-set that expects what is there. */
interface Wish {
  readonly kind: "read" | "write" | "compareAndSet";
  readonly isRight: boolean;
  readonly outcome: "ok" | "none" | "unknown";
  /** Of an unknown one: whether it happens, and how much later than its client believes. */
  readonly lateMs: number | undefined;
}

const wishes: fc.Arbitrary<Wish> = fc.record({
  kind: fc.constantFrom("read" as const, "write" as const, "compareAndSet" as const),
  isRight: fc.boolean(),
  outcome: fc.constantFrom("ok" as const, "ok" as const, "ok" as const, "none" as const, "unknown" as const),
  lateMs: fc.option(fc.nat(20), { nil: undefined }),
});

/** A history as one register would have made it, every value written once. */
const trueHistories: fc.Arbitrary<RegisterOperation[]> = calls(wishes, 4, 40).map((drawn) => {
  const late = drawn.map((call) => ({
    ...call,
    happensAtMs: call.what.outcome === "unknown" ? call.atMs + (call.what.lateMs ?? 0) : call.atMs,
  }));
  let held: RegisterValue = undefined;
  const operations: RegisterOperation[] = [];
  for (const { what, number, ...times } of late.sort((a, b) => a.happensAtMs - b.happensAtMs || a.number - b.number)) {
    const value = `v${number}`;
    const expected = what.isRight ? held : "what never was";
    const action = what.kind === "read" ? read : what.kind === "write" ? write(value) : cas(expected, value);
    const isRejected = what.kind === "compareAndSet" && !what.isRight && what.outcome === "ok";
    const outcome = isRejected ? ("rejected" as const) : what.outcome;
    const { client, calledAtMs, returnedAtMs } = times;
    operations.push({ number, client, calledAtMs, returnedAtMs, key, action, outcome, found: held });
    const happens = outcome === "ok" || (outcome === "unknown" && what.lateMs !== undefined);
    if (happens && what.kind !== "read" && (what.kind === "write" || what.isRight)) held = value;
  }
  return operations;
});

type Corruptor = (operations: readonly RegisterOperation[]) => readonly RegisterOperation[] | undefined;

/** The first pair or triple of the history that fits, in any order. */
function find<One, Two>(ones: readonly One[], twos: (one: One) => Two | undefined): readonly [One, Two] | undefined {
  for (const one of ones) {
    const two = twos(one);
    if (two !== undefined) return [one, two];
  }
  return undefined;
}

const isCertain = ({ outcome }: RegisterOperation): boolean => outcome === "ok" || outcome === "rejected";
const looksIn = (all: readonly RegisterOperation[]): RegisterOperation[] =>
  all.filter((one) => isCertain(one) && isLook(one));
const changesIn = (all: readonly RegisterOperation[]): RegisterOperation[] =>
  all.filter((one) => one.outcome === "ok" && !isLook(one));
const replaced = (
  all: readonly RegisterOperation[],
  old: RegisterOperation,
  changes: Partial<RegisterOperation>,
): RegisterOperation[] => all.map((one) => (one === old ? { ...one, ...changes } : one));

/** Some look and the write that it shows. */
function sources(all: readonly RegisterOperation[]): (readonly [RegisterOperation, RegisterOperation])[] {
  return looksIn(all).flatMap((look) =>
    changesIn(all).flatMap((change) => (valueOf(change) === look.found ? [[look, change] as const] : [])),
  );
}

const corruptors: Readonly<Record<string, Corruptor>> = {
  "hides a write that was seen": (all) => {
    const [source] = sources(all);
    return source && all.filter((one) => one !== source[1]);
  },
  "says of a write that was seen that it never happens": (all) => {
    const [source] = sources(all);
    return source && replaced(all, source[1], { outcome: "none" });
  },
  "shows an old value": (all) => {
    const changes = changesIn(all);
    const triple = find(looksIn(all), (look) =>
      find(changes, (old) => changes.find((newer) => isBefore(old, newer) && isBefore(newer, look))),
    );
    return triple && replaced(all, triple[0], { found: valueOf(triple[1][0]) });
  },
  "swaps what two reads found": (all) => {
    const pairs = sources(all);
    const swap = find(pairs, ([look, change]) =>
      pairs.find(([later, newer]) => isBefore(look, later) && isBefore(change, newer)),
    );
    if (swap === undefined) return undefined;
    const [[first], [second]] = swap;
    return replaced(replaced(all, first, { found: second.found }), second, { found: first.found });
  },
  "moves a read before the write that it shows": (all) => {
    const [source] = sources(all);
    const atMs = (source?.[1].calledAtMs ?? 0) - 1;
    return source && replaced(all, source[0], { calledAtMs: atMs, returnedAtMs: atMs });
  },
  "lets two replace the same value": (all) => {
    const swaps = changesIn(all).filter(({ action }) => action.kind === "compareAndSet");
    const twice = find(swaps, (one) => swaps.find((other) => other !== one && needOf(one)?.value !== undefined));
    if (twice === undefined) return undefined;
    const [one, other] = twice;
    return replaced(all, other, { action: cas(needOf(one)?.value, valueOf(other)) });
  },
  "rejects what was right": (all) => {
    const rejected = all.find(({ outcome }) => outcome === "rejected");
    if (rejected?.action.kind !== "compareAndSet") return undefined;
    return replaced(all, rejected, { action: cas(rejected.found, rejected.action.value) });
  },
};

describe("histories that are true by construction", () => {
  test("are accepted", () => {
    fc.assert(
      fc.property(trueHistories, (history) => {
        expect(formatVerdict(checkLinearizability(history))).toBe("linearizable");
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
        expect(checkLinearizability(lie).kind).toBe("violated");
      }),
      { numRuns: 500 },
    );
    expect(corrupted).toBeGreaterThan(50);
  });
});

describe("compared with a judge that tries every order", () => {
  const values = fc.constantFrom(undefined, "a", "b");
  const actions: fc.Arbitrary<RegisterAction> = fc.oneof(
    fc.constant(read),
    values.map(write),
    fc.tuple(values, values).map(([expected, value]) => cas(expected, value)),
  );
  const claims = fc.record({
    action: actions,
    found: values,
    outcome: fc.constantFrom("ok" as const, "ok" as const, "ok" as const, "rejected" as const, "unknown" as const),
  });
  const histories = calls(claims, 3, 6).map((drawn) =>
    drawn.map(({ what: { action, found, outcome }, ...times }): RegisterOperation => ({
      ...times,
      key,
      action,
      found,
      outcome: outcome === "rejected" && action.kind !== "compareAndSet" ? "ok" : outcome,
    })),
  );

  function isLinearizable(all: readonly RegisterOperation[]): boolean {
    const must = all.filter(isCertain);
    const may = all.filter((one) => !isCertain(one)).map((one) => ({ ...one, returnedAtMs: Infinity }));
    return hasOrder<RegisterOperation, RegisterValue>(must, may, undefined, (held, one) => {
      if (!isPossible(one, held)) return undefined;
      return { state: isLook(one) ? held : valueOf(one) };
    });
  }

  test("it says the same, of whatever was claimed", () => {
    const verdicts = { linearizable: 0, violated: 0, unknown: 0 };
    fc.assert(
      fc.property(histories, (history) => {
        const { kind } = checkLinearizability(history);
        verdicts[kind]++;
        expect(kind).toBe(isLinearizable(history) ? "linearizable" : "violated");
      }),
      { numRuns: 3000 },
    );
    expect(Math.min(verdicts.linearizable, verdicts.violated)).toBeGreaterThan(300);
  });

  test("what had returned before the misfit can be explained, and with the misfit it cannot", () => {
    fc.assert(
      fc.property(histories, (history) => {
        const verdict = checkLinearizability(history);
        if (verdict.kind !== "violated") return;
        const { misfit, explained } = verdict.refutation;
        let held: RegisterValue;
        for (const [at, one] of explained.entries()) {
          expect(isPossible(one, held)).toBe(true);
          expect(explained.slice(at).some((later) => isCertain(later) && isBefore(later, one))).toBe(false);
          if (!isLook(one)) held = valueOf(one);
        }
        const returned = history.filter((one) => isCertain(one) && one.returnedAtMs <= misfit.returnedAtMs);
        const before = returned.filter((one) => one.returnedAtMs < misfit.returnedAtMs);
        expect(explained).toEqual(expect.arrayContaining(before));
        const pending = history.filter((one) => !returned.includes(one) && !isLook(one));
        expect(isLinearizable([...returned, ...pending.map((one) => ({ ...one, outcome: "unknown" as const }))])).toBe(
          false,
        );
      }),
      { numRuns: 3000 },
    );
  });
});
