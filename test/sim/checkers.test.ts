/**
 * The checkers are tested by corruptors: a small true story that every checker accepts, and one lie in it per test.
 * (test/sim/mutations.test.ts does the same with whole nodes.)
 */
import { describe, expect, test } from "vitest";
import { contextOf } from "../../src/causal-context.ts";
import { makeActor, type Dot } from "../../src/dot.ts";
import type { StoredObject } from "../../src/object.ts";
import { encodeRecord } from "../../src/record.ts";
import { createCheckers } from "../../sim/checkers.ts";
import type { Operation } from "../../sim/history.ts";
import type {
  Acknowledged,
  Coordinated,
  EndOfKey,
  EndOfRun,
  Issue,
  Observation,
  Stored,
} from "../../sim/observation.ts";

const key = "b/k1";
const [first, second, third] = [1, 2, 3].map((counter) => ({ actor: makeActor("replica1", 1), counter })) as [
  Dot,
  Dot,
  Dot,
];
const op = (dot: Dot): string => `client01${String.fromCharCode(dot.counter).padStart(6, "\0")}`;
const bytes = (dot: Dot): Uint8Array => Uint8Array.of(dot.counter);

/** An object whose siblings and context are these dots. */
function object(live: readonly Dot[], seen: readonly Dot[]): StoredObject {
  const siblings = live.map((dot) => ({
    dot,
    value: bytes(dot),
    timestamp: { ms: dot.counter, counter: 0 },
    op: op(dot),
  }));
  return { siblings, context: contextOf(seen) };
}

function issue(dot: Dot, seen: readonly Dot[], more: Partial<Issue> = {}): Issue {
  const by = { node: "n1", disk: 1, incarnation: 1 };
  return { kind: "issue", ...by, key, dot, op: op(dot), seen: contextOf(seen), value: bytes(dot), ...more };
}

function stored(before: StoredObject | undefined, after: StoredObject | undefined): Stored {
  return { kind: "stored", node: "n1", key, before, after };
}

function acknowledged(node: string, said: StoredObject, held: StoredObject | undefined = said): Acknowledged {
  return { kind: "acknowledged", node, key, isDurable: true, said, held };
}

function coordinated(request: string, what: "get" | "put"): Coordinated {
  const needs = { answers: 2, primaries: 0, durable: what === "put" ? 2 : 0 };
  return { kind: "coordinated", request, node: "n1", key, what, list: ["n1", "n2", "n3"], isSloppy: false, needs };
}

function voted(request: string, voter: string, said: StoredObject | undefined, isDurable = true): Observation {
  return { kind: "voted", request, voter, isDurable, object: said, isFresh: false };
}

function answered(request: string, record: StoredObject | undefined): Observation {
  const effective: number[] = [];
  const common = { id: 1, effective, answered: undefined, record: record && encodeRecord(0n, record) };
  const message =
    record === undefined
      ? ({ kind: "PutReply", context: new Uint8Array(), ...common, record: undefined } as const)
      : ({ kind: "GetReply", ...common } as const);
  return { kind: "answered", request, message };
}

function operation(dot: Dot, outcome: Operation["outcome"], context: readonly Dot[]): Operation {
  const times = { calledAtMs: 0, returnedAtMs: 1 };
  const value = `value ${dot.counter}`;
  return {
    number: dot.counter,
    client: "c1",
    key,
    kind: "put",
    value,
    op: op(dot),
    outcome,
    siblings: [],
    ...times,
    error: outcome === "ok" ? undefined : "UNAVAILABLE",
    context: contextOf(context),
  };
}

/** `first` is replaced by `second`; `third` stands beside it. */
const all = object([second, third], [first, second, third]);
const story: readonly Observation[] = [
  coordinated("r1", "put"),
  issue(first, []),
  stored(undefined, object([first], [first])),
  acknowledged("n1", object([first], [first])),
  acknowledged("n2", object([first], [first])),
  voted("r1", "n1", undefined),
  voted("r1", "n2", undefined),
  answered("r1", undefined),
  issue(second, [first]),
  stored(object([first], [first]), object([second], [first, second])),
  acknowledged("n1", object([second], [first, second])),
  { kind: "crashed", node: "n1" },
  { kind: "restarted", node: "n1", isWiped: false, read: () => object([second], [first, second]) },
  issue(third, [], { incarnation: 2 }),
  stored(object([second], [first, second]), all),
  acknowledged("n1", all),
  coordinated("r2", "get"),
  voted("r2", "n1", all, false),
  voted("r2", "n3", undefined, false),
  answered("r2", all),
  { kind: "served", node: "n3", key, answer: "absent", held: "absent" },
];
const operations = [
  operation(first, "ok", [first]),
  operation(second, "ok", [first, second]),
  operation(third, "ok", [third]),
];
const end: EndOfKey = {
  states: new Map([["n1", all]]),
  joined: all,
  reads: new Map([
    ["n1", all],
    ["n2", all],
  ]),
};

function verdicts(observations: readonly Observation[], more: Partial<EndOfKey> = {}, ops = operations): string[] {
  const accusations: string[] = [];
  const checkers = createCheckers((invariant) => accusations.push(invariant));
  for (const observation of observations) for (const checker of checkers) checker.observe(observation);
  const run: EndOfRun = { keys: new Map([[key, { ...end, ...more }]]), operations: ops };
  for (const checker of checkers) checker.finish(run);
  return [...new Set(accusations)].sort();
}

/** The story with whatever `of` finds replaced. */
function lie(of: (observation: Observation, at: number) => Observation | undefined): Observation[] {
  return story.map((observation, at) => of(observation, at) ?? observation);
}

test("the true story is accepted", () => {
  expect(verdicts(story)).toEqual([]);
});

describe("I0", () => {
  test("a dot that is issued again, even for the same operation", () => {
    expect(verdicts([...story, issue(second, [first], { incarnation: 2 })])).toEqual(["I0"]);
  });

  test("an actor that two disks use", () => {
    const fourth = { actor: first.actor, counter: 4 };
    expect(verdicts([...story, issue(fourth, [], { disk: 2 })])).toContain("I0");
  });
});

describe("I1", () => {
  test("an acknowledged write that nobody holds", () => {
    const less = object([second], [first, second]);
    expect(verdicts(story, { joined: less, states: new Map([["n1", less]]), reads: new Map() })).toEqual(["I1"]);
  });

  test("a sibling that was replaced", () => {
    const more = object([first, second, third], [first, second, third]);
    expect(verdicts(story, { joined: more, reads: new Map() })).toEqual(["I1"]);
  });

  test("a sibling that is missing though nothing replaced it", () => {
    const less = object([second], [first, second, third]);
    expect(verdicts(story, { joined: less, reads: new Map() })).toEqual(["I1"]);
  });

  test("one replica that keeps what was replaced, hidden by the join", () => {
    const old = object([first], [first, second]);
    expect(
      verdicts(story, {
        states: new Map([
          ["n1", all],
          ["n2", old],
        ]),
      }),
    ).toEqual(["I1"]);
  });

  test("a dot that was never issued", () => {
    const invented = object([second, third], [first, second, third, { actor: makeActor("replica2", 1), counter: 1 }]);
    expect(verdicts(story, { joined: invented, reads: new Map() })).toEqual(["I1"]);
  });

  test("other bytes than were written", () => {
    const siblings = all.siblings.map((sibling) => ({ ...sibling, value: Uint8Array.of(99) }));
    expect(verdicts(story, { joined: { ...all, siblings }, reads: new Map() })).toEqual(["I1"]);
  });

  test("an acknowledgement without a dot", () => {
    expect(verdicts(story, {}, [...operations, operation({ ...first, counter: 9 }, "ok", [first])])).toEqual(["I1"]);
  });

  test("an acknowledged write of which every copy may have been damaged", () => {
    expect(verdicts([...story, { kind: "damaged", node: "n1", key: undefined }])).toEqual(["I1"]);
    expect(verdicts([...story, { kind: "damaged", node: "n2", key: undefined }])).toEqual([]);
  });
});

describe("I2a", () => {
  const last = story.length - 1;

  test("a forgotten dot", () => {
    expect(verdicts([...story, stored(all, object([second, third], [second, third]))])).toEqual(["I2a"]);
  });

  test("an overwritten sibling that comes back", () => {
    expect(
      verdicts(lie((_, at) => (at === last ? stored(all, object([first, third], [first, second, third])) : undefined))),
    ).toEqual(["I2a"]);
  });

  test("a record that is removed", () => {
    expect(verdicts([...story, stored(all, undefined)])).toEqual(["I2a"]);
  });
});

describe("I3", () => {
  test("an answer that differs from the join", () => {
    expect(verdicts(story, { reads: new Map([["n2", object([third], [third])]]) })).toEqual(["I3"]);
  });
});

describe("I7", () => {
  test("an acknowledgement of what is not on the disk", () => {
    expect(verdicts([...story, { ...acknowledged("n2", all), held: undefined }])).toEqual(["I7"]);
    expect(verdicts([...story, acknowledged("n2", all, object([third], [third]))])).toEqual(["I7"]);
  });

  test("a start that has lost what was acknowledged", () => {
    const forgetful = (observation: Observation): Observation | undefined =>
      observation.kind === "restarted" ? { ...observation, read: () => object([first], [first]) } : undefined;
    expect(verdicts(lie(forgetful))).toEqual(["I7"]);
  });

  test("a wiped disk is forgiven, another node's is not", () => {
    const wiped = (node: string): Observation[] => {
      const at = story.findIndex(({ kind }) => kind === "restarted");
      const restart = { kind: "restarted", node: "n1", isWiped: true, read: () => undefined } as const;
      return [...story.slice(0, at), { kind: "damaged", node, key: undefined }, restart, ...story.slice(at + 1)];
    };
    expect(verdicts(wiped("n1"))).not.toContain("I7");
    expect(verdicts(wiped("n2"))).toContain("I7");
  });
});

describe("I10", () => {
  test("more siblings than writes that had not seen each other", () => {
    const at = story.findIndex((observation) => observation.kind === "issue" && observation.dot === second);
    const both = stored(object([first], [first]), object([first, second], [first, second]));
    expect(verdicts([...story.slice(0, at + 1), both, ...story.slice(at + 1)])).toEqual(["I10"]);
  });

  test("an actor taken without a reason", () => {
    const dots = [2, 3, 4].map((epoch) => ({ actor: makeActor("replica1", epoch), counter: 1 }));
    const [oneMore, two] = dots.map((dot) => issue(dot, []));
    expect(verdicts([...story, oneMore!])).toEqual([]);
    expect(verdicts([...story, oneMore!, two!])).toEqual(["I10"]);
  });
});

describe("I12", () => {
  test("an ok with too few answers", () => {
    expect(verdicts(story.filter((one) => one.kind !== "voted" || one.voter !== "n2"))).toEqual(["I12"]);
  });

  test("one that counts the same replica twice", () => {
    const twice = lie((one) => (one.kind === "voted" && one.voter === "n2" ? { ...one, voter: "n1" } : undefined));
    expect(verdicts(twice)).toEqual(["I12"]);
  });

  test("one that counts a stranger", () => {
    const stranger = lie((one) => (one.kind === "voted" && one.voter === "n2" ? { ...one, voter: "n7" } : undefined));
    expect(verdicts(stranger)).toEqual(["I12"]);
  });

  test("one that counts a stand-in as a primary, and only that", () => {
    // Design §6.1: sloppy, fallbacks may stand in; pr and pw, counted on the answers, do not count them.
    const told = (needs: Partial<Coordinated["needs"]>): Observation[] =>
      lie((one) => {
        if (one.kind === "coordinated") return { ...one, isSloppy: true, needs: { ...one.needs, ...needs } };
        return one.kind === "voted" && one.voter !== "n1" ? { ...one, voter: "n7" } : undefined;
      });
    expect(verdicts(told({}))).toEqual([]);
    expect(verdicts(told({ primaries: 2 }))).toEqual(["I12"]);
  });

  describe("a not found", () => {
    const get = (
      isSloppy: boolean,
      ...votes: readonly (readonly [voter: string, isFresh: boolean])[]
    ): Observation[] => [
      { ...coordinated("r3", "get"), isSloppy },
      ...votes.map(
        ([voter, isFresh]) =>
          ({ kind: "voted", request: "r3", voter, isDurable: false, object: undefined, isFresh }) as const,
      ),
      {
        kind: "answered",
        request: "r3",
        message: { kind: "GetReply", id: 1, record: undefined, effective: [], answered: undefined },
      },
    ];

    test("that counts a fresh replica before all primaries have answered", () => {
      // Design §6.3: "not found" counts only from a primary that is not fresh.
      expect(verdicts([...story, ...get(false, ["n1", false], ["n2", true])])).toEqual(["I12"]);
      expect(verdicts([...story, ...get(false, ["n1", true], ["n2", true], ["n3", false])])).toEqual([]);
    });

    test("that counts a stand-in", () => {
      // Design §6.3: a fallback that just started knows nothing.
      expect(verdicts([...story, ...get(true, ["n1", false], ["n7", false])])).toEqual(["I12"]);
      expect(verdicts([...story, ...get(true, ["n1", false], ["n2", false])])).toEqual([]);
    });
  });

  test("one that counts memory for disk", () => {
    const early = lie((one) => (one.kind === "voted" && one.voter === "n2" ? { ...one, isDurable: false } : undefined));
    expect(verdicts(early)).toEqual(["I12"]);
  });

  test("a get that leaves out what a replica said", () => {
    const less = lie((one) =>
      one.kind === "answered" && one.request === "r2" ? answered("r2", object([third], [third])) : undefined,
    );
    expect(verdicts(less)).toEqual(["I12"]);
  });

  test("a replica that takes a bad record for none", () => {
    expect(verdicts(lie((one) => (one.kind === "served" ? { ...one, held: "bad record" } : undefined)))).toEqual([
      "I12",
    ]);
  });
});

describe("I14", () => {
  test("a write that certainly did not happen, and did", () => {
    const [one, two, three] = operations;
    expect(verdicts(story, {}, [one!, two!, { ...three!, outcome: "none" }])).toEqual(["I14"]);
  });

  test("a value of such a write that was read", () => {
    const failed = { ...operation({ ...first, counter: 9 }, "none", []), op: undefined };
    const read = { ...operations[0]!, kind: "get", siblings: ["value 9"] } as const;
    expect(verdicts(story, {}, [...operations, failed])).toEqual([]);
    expect(verdicts(story, {}, [...operations, failed, read])).toEqual(["I14"]);
  });
});
