/**
 * Claims (Terry 1994, Brzezinski 2004): the four session guarantees, each by itself; causal consistency implies all of them, and PRAM all
 * but that writes follow reads. By hand, on histories that a causal and a pipelined store make, and on the same corrupted.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { contains, contextOf, dotsOf } from "../../src/causal-context.ts";
import { makeActor, type Dot } from "../../src/dot.ts";
import { oldReads } from "../../sim/checkers/causal-past.ts";
import { breachesOf, type Guarantee } from "../../sim/checkers/session-guarantees.ts";
import {
  comesBefore,
  isRead,
  shownBy,
  stateAsRead,
  type SessionOperation,
} from "../../sim/checkers/session-history.ts";

const dot = (counter: number): Dot => ({ actor: makeActor("replica1", 1), counter });
const [one, two, three] = [dot(1), dot(2), dot(3)];

/** One call after the other, in the order in which they are made. */
let clockMs = 0;
function call(session: string, key: string, more: Partial<SessionOperation>): SessionOperation {
  const calledAtMs = (clockMs += 2);
  const times = { calledAtMs, returnedAtMs: calledAtMs + 1 };
  return { number: calledAtMs, session, key, kind: "read", ...times, outcome: "ok", dots: [], context: [], ...more };
}

function write(session: string, made: Dot, more: Partial<SessionOperation> = {}): SessionOperation {
  return call(session, "x", { kind: "write", dots: [made], context: contextOf([made]), ...more });
}

function read(session: string, seen: readonly Dot[], key = "x"): SessionOperation {
  return call(session, key, { context: contextOf(seen) });
}

function guaranteesIn(
  operations: readonly SessionOperation[],
  scope: "each key" | "all keys" = "each key",
): Guarantee[] {
  return [...new Set(breachesOf(operations, scope).map(({ guarantee }) => guarantee))].sort();
}

describe("by hand", () => {
  test("read your writes", () => {
    const wrote = write("a", one);
    expect(guaranteesIn([wrote, read("a", [one])])).toEqual([]);
    expect(guaranteesIn([wrote, read("b", [])])).toEqual([]);
    expect(guaranteesIn([wrote, read("a", [], "y")])).toEqual([]);
    expect(guaranteesIn([wrote, read("a", [two])])).toEqual(["read your writes"]);
    expect(guaranteesIn([{ ...wrote, outcome: "unknown" }, read("a", [])])).toEqual([]);
  });

  test("of a write that was tried twice one is enough, the one that was acknowledged", () => {
    const wrote = write("a", one, { dots: [one, two] });
    expect(guaranteesIn([wrote, read("a", [one])])).toEqual([]);
    expect(guaranteesIn([wrote, read("a", [two])])).toEqual(["read your writes"]);
  });

  test("monotonic reads, of the same session and key", () => {
    const saw = read("a", [one]);
    expect(guaranteesIn([saw, read("a", [one, two])])).toEqual([]);
    expect(guaranteesIn([saw, read("b", [])])).toEqual([]);
    expect(guaranteesIn([saw, read("a", [two])])).toEqual(["monotonic reads"]);
  });

  test("what was called before the first one had returned owes it nothing", () => {
    const saw = read("a", [one]);
    expect(guaranteesIn([saw, { ...read("a", []), calledAtMs: saw.returnedAtMs - 1 }])).toEqual([]);
    expect(guaranteesIn([saw, { ...read("a", []), calledAtMs: saw.returnedAtMs }])).toEqual(["monotonic reads"]);
  });

  test("monotonic writes, wherever the second one is seen", () => {
    const wrote = [write("a", one), write("a", two)];
    expect(guaranteesIn([...wrote, stateAsRead("n1", "x", contextOf([one]))])).toEqual([]);
    expect(guaranteesIn([...wrote, stateAsRead("n1", "x", contextOf([one, two]))])).toEqual([]);
    expect(guaranteesIn([...wrote, stateAsRead("n1", "x", contextOf([two]))])).toEqual(["monotonic writes"]);
    expect(guaranteesIn([...wrote, read("b", [two])])).toEqual(["monotonic writes"]);
  });

  test("a write that failed in between is owed to nobody, and brings along what came before it", () => {
    const [first, second] = [write("a", one), write("a", two, { outcome: "unknown", context: [] })];
    expect(guaranteesIn([first, second, write("a", three), read("b", [one, three])])).toEqual([]);
    expect(guaranteesIn([first, second, read("b", [two])])).toEqual(["monotonic writes"]);
  });

  test("writes follow reads", () => {
    const history = [read("a", [one]), write("a", two)];
    expect(guaranteesIn([...history, read("b", [one, two])])).toEqual([]);
    expect(guaranteesIn([...history, read("b", [two])])).toEqual(["writes follow reads"]);
    expect(guaranteesIn([...history, stateAsRead("n1", "x", contextOf([two]))])).toEqual(["writes follow reads"]);
  });

  test("across keys a session takes the past of what it has seen to its next read, and a replica does not", () => {
    const mine = [write("a", one), write("a", two, { key: "y" })];
    const lacks = [...mine, read("b", [two], "y"), read("b", [])];
    expect(guaranteesIn(lacks)).toEqual([]);
    expect(guaranteesIn(lacks, "all keys")).toEqual(["monotonic writes"]);
    expect(guaranteesIn([...mine, read("b", []), read("b", [two], "y")], "all keys")).toEqual([]);
    expect(guaranteesIn([...mine, stateAsRead("n1", "x", [])], "all keys")).toEqual([]);
    const followed = [read("a", [one]), write("a", two, { key: "y" }), read("b", [two], "y"), read("b", [])];
    expect(guaranteesIn(followed, "all keys")).toEqual(["writes follow reads"]);
  });

  test("a past in two steps is causal, and no single guarantee", () => {
    const history = [
      write("a", one),
      write("a", two, { key: "y" }),
      read("b", [two], "y"),
      write("b", three, { key: "z" }),
      read("c", [three], "z"),
      read("c", []),
    ];
    expect(guaranteesIn(history, "all keys")).toEqual([]);
    expect(oldReads(history, "PRAM")).toEqual([]);
    expect(oldReads(history, "causal")).toHaveLength(1);
  });

  test("says who has not seen what", () => {
    const [wrote, looked] = [write("a", one), read("a", [])];
    const [breach] = breachesOf(
      [
        { ...wrote, number: 1 },
        { ...looked, number: 2 },
      ],
      "each key",
    );
    expect(breach!.sentence).toBe("read your writes: a's read 2 of x has not seen what a's write 1 of x shows");
  });
});

/** What happens next: a session writes or reads; before a read it catches up with another one. */
interface Wish {
  readonly session: number;
  readonly key: number;
  readonly isWrite: boolean;
  readonly from: number;
  /** How much of the other's log a pipelined store brings. */
  readonly share: number;
}

/** Without bias: where all sessions and keys are the first one hardly anything can go wrong. */
const wishes: fc.Arbitrary<readonly Wish[]> = fc.noBias(
  fc.array(
    fc.record({
      session: fc.nat(3),
      key: fc.nat(1),
      isWrite: fc.boolean(),
      from: fc.nat(3),
      share: fc.nat(4).map((quarters) => quarters / 4),
    }),
    { minLength: 10, maxLength: 40, size: "max" },
  ),
);

interface Written {
  readonly key: string;
  readonly dot: Dot;
}

/** Plays the wishes on a store in which each session sees a set of writes, brought to it in some way. */
function played(
  wished: readonly Wish[],
  bring: (views: Set<Written>[], logs: Written[][], wish: Wish) => void,
): SessionOperation[] {
  const views = Array.from({ length: 4 }, () => new Set<Written>());
  const logs = Array.from({ length: 4 }, (): Written[] => []);
  return wished.map((wish, at) => {
    const { session, isWrite } = wish;
    const key = `k${wish.key}`;
    const times = { number: at + 1, calledAtMs: 10 * at, returnedAtMs: 10 * at + 5, outcome: "ok" as const };
    if (!isWrite) bring(views, logs, wish);
    const made = { key, dot: { actor: makeActor(`session${session}`, 1), counter: logs[session]!.length + 1 } };
    if (isWrite) logs[session]!.push(made);
    if (isWrite) views[session]!.add(made);
    const seen = [...views[session]!].filter((written) => written.key === key).map((written) => written.dot);
    const context = contextOf(isWrite ? [made.dot] : seen);
    return {
      ...times,
      session: `s${session}`,
      key,
      kind: isWrite ? "write" : "read",
      dots: isWrite ? [made.dot] : [],
      context,
    };
  });
}

/** All that the other session has seen. */
const causalHistories = wishes.map((wished) =>
  played(wished, (views, _, { session, from }) => {
    for (const written of views[from]!) views[session]!.add(written);
  }),
);

/** The beginning of what the other session has written. */
const pipelinedHistories = wishes.map((wished) =>
  played(wished, (views, logs, { session, from, share }) => {
    for (const written of logs[from]!.slice(0, Math.ceil(share * logs[from]!.length))) views[session]!.add(written);
  }),
);

function without(history: readonly SessionOperation[], read: SessionOperation, lost: Dot): SessionOperation[] {
  const context = contextOf(
    [...dotsOf(read.context)].filter((seen) => seen.actor !== lost.actor || seen.counter !== lost.counter),
  );
  return history.map((operation) => (operation === read ? { ...operation, context } : operation));
}

/** A read and a dot that it must not lack. */
type Loss = readonly [read: SessionOperation, lost: Dot];

function losses(history: readonly SessionOperation[], find: (read: SessionOperation) => readonly Dot[]): Loss[] {
  return history
    .filter(isRead)
    .flatMap((read) => find(read).flatMap((lost): Loss[] => (contains(read.context, lost) ? [[read, lost]] : [])));
}

function earlier(history: readonly SessionOperation[], read: SessionOperation): SessionOperation[] {
  return history.filter((operation) => comesBefore(operation, read) && operation.key === read.key);
}

/** What came before the writes that a read shows, in their sessions, of its key. */
function brought(history: readonly SessionOperation[], read: SessionOperation): SessionOperation[] {
  const shown = history.filter(
    ({ key, dots }) => key === read.key && dots.some((made) => contains(read.context, made)),
  );
  return shown.flatMap((write) => earlier(history, { ...write, key: read.key }));
}

const lossesOf: Readonly<Record<Guarantee, (history: readonly SessionOperation[]) => Loss[]>> = {
  "read your writes": (history) => losses(history, (read) => earlier(history, read).flatMap(({ dots }) => dots)),
  "monotonic reads": (history) =>
    losses(history, (read) =>
      earlier(history, read)
        .filter(isRead)
        .flatMap(({ context }) => [...dotsOf(context)]),
    ),
  "monotonic writes": (history) => losses(history, (read) => brought(history, read).flatMap(({ dots }) => dots)),
  "writes follow reads": (history) =>
    losses(history, (read) =>
      brought(history, read)
        .filter(isRead)
        .flatMap((one) => [...dotsOf(shownBy(one))]),
    ),
};

describe("of a causal store", () => {
  test("every history keeps all guarantees, across keys", () => {
    fc.assert(
      fc.property(causalHistories, (history) => {
        expect(oldReads(history, "causal")).toEqual([]);
        expect(breachesOf(history, "all keys")).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test.each(Object.entries(lossesOf))("%s: broken when a read loses what it had to show", (guarantee, lossesIn) => {
    let corrupted = 0;
    fc.assert(
      fc.property(causalHistories, fc.nat(), (history, draw) => {
        const found = lossesIn(history);
        if (found.length === 0) return;
        corrupted++;
        const lie = without(history, ...found[draw % found.length]!);
        expect(guaranteesIn(lie)).toContain(guarantee);
        expect(oldReads(lie, "causal")).not.toEqual([]);
      }),
      { numRuns: 300 },
    );
    expect(corrupted).toBeGreaterThan(10);
  });
});

describe("of a pipelined store", () => {
  test("every history keeps all guarantees but that writes follow reads, which many break", () => {
    let broken = 0;
    fc.assert(
      fc.property(pipelinedHistories, (history) => {
        expect(oldReads(history, "PRAM")).toEqual([]);
        const guarantees = guaranteesIn(history, "all keys");
        expect(guarantees.filter((guarantee) => guarantee !== "writes follow reads")).toEqual([]);
        if (guarantees.length > 0) broken++;
      }),
      { numRuns: 300 },
    );
    expect(broken).toBeGreaterThan(10);
  });
});

describe("what implies what", () => {
  /** A history of either store, with a dot lost somewhere, or with none. */
  const damaged = fc
    .tuple(fc.oneof(causalHistories, pipelinedHistories), fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 1 }))
    .map(([history, draws]) =>
      draws.reduce<SessionOperation[]>((damagedSoFar, [at, which]) => {
        const reads = damagedSoFar.filter((one) => isRead(one) && one.context.length > 0);
        const read = reads[at % reads.length];
        const seen = [...dotsOf(read?.context ?? [])];
        return read === undefined ? damagedSoFar : without(damagedSoFar, read, seen[which % seen.length]!);
      }, history),
    );

  test("causal implies PRAM and that writes follow reads; PRAM implies the three others", () => {
    const accepted = { causal: 0, PRAM: 0, neither: 0 };
    fc.assert(
      fc.property(damaged, (history) => {
        const isCausal = oldReads(history, "causal").length === 0;
        const isPipelined = oldReads(history, "PRAM").length === 0;
        accepted[isCausal ? "causal" : isPipelined ? "PRAM" : "neither"]++;
        const broken = guaranteesIn(history, "all keys");
        if (isCausal) expect([isPipelined, broken]).toEqual([true, []]);
        if (isPipelined) expect(broken.filter((guarantee) => guarantee !== "writes follow reads")).toEqual([]);
      }),
      { numRuns: 1000 },
    );
    expect(Math.min(...Object.values(accepted))).toBeGreaterThan(10);
  });
});
