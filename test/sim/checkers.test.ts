/**
 * The checkers are tested by corruptors: a small true story that every checker accepts, and one lie in it per test.
 * (test/sim/mutations.test.ts does the same with whole nodes.)
 */
import { describe, expect, test } from "vitest";
import { contextOf } from "../../src/causal-context.ts";
import { makeActor, type Dot } from "../../src/dot.ts";
import type { Sibling, StoredObject } from "../../src/object.ts";
import type { Operation } from "../../sim/history.ts";
import type { Observation } from "../../sim/observation.ts";
import {
  object,
  issue,
  stored,
  acknowledged,
  answered,
  bytes,
  coordinated,
  op,
  operation,
  voted,
  all,
  collected,
  story,
  timestamp,
  operations,
  verdicts,
  lie,
  first,
  second,
  third,
} from "./story.ts";

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

describe("I1, on the way", () => {
  /** Stored by a node that then stores the truth. */
  const passing = (state: StoredObject): string[] =>
    verdicts([...story, { ...stored(undefined, state), node: "n2" }, { ...stored(undefined, all), node: "n2" }]);

  test("a state that is not what the writes in its context amount to", () => {
    expect(passing(object([second], [first, second]))).toEqual([]);
    expect(passing(object([first, second], [first, second]))).toEqual(["I1"]);
    expect(passing(object([second], [first, second, third]))).toEqual(["I1"]);
    expect(passing(object([second, third], [first, second]))).toEqual(["I1"]);
    expect(passing(object([{ ...first, counter: 9 }], [{ ...first, counter: 9 }]))).toContain("I1");
  });

  test("a state that knows a write, and not all that this had seen", () => {
    expect(passing(object([second], [second]))).toEqual(["I1"]);
  });

  test("other bytes under a dot, another operation, another timestamp", () => {
    const changed = (change: Partial<Sibling>): StoredObject => ({
      ...all,
      siblings: all.siblings.map((sibling) => ({ ...sibling, ...change })),
    });
    expect(passing(changed({ value: Uint8Array.of(99) }))).toEqual(["I1"]);
    expect(passing(changed({ value: undefined }))).toEqual(["I1"]);
    expect(passing(changed({ op: op(first) }))).toEqual(["I1"]);
    expect(passing(changed({ timestamp: timestamp(first) }))).toEqual(["I1"]);
  });

  test("a state that loses a sibling of the one before it", () => {
    expect(verdicts([...story, stored(all, object([second], [first, second, third]))])).toEqual(["I1"]);
  });

  test("a read that hides, adds or changes what its context covers", () => {
    const shown = (siblings: readonly string[], outcome: Operation["outcome"] = "ok"): string[] => {
      const read = { ...operation({ ...first, counter: 7 }, outcome, [first, second, third]), siblings };
      return verdicts(story, {}, [...operations, { ...read, kind: "get", value: undefined, op: undefined }]);
    };
    expect(shown(["value 2", "value 3"])).toEqual([]);
    expect(shown(["value 3", "value 2"])).toEqual([]);
    expect(shown(["value 2"])).toEqual(["I1"]);
    expect(shown(["value 1", "value 2", "value 3"])).toEqual(["I1"]);
    expect(shown(["value 2", "value 4"])).toEqual(["I1"]);
    expect(shown([], "unknown")).toEqual([]);
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
    ).toEqual(["I1", "I2a"]);
  });

  test("a record that is no record", () => {
    expect(verdicts([...story, stored(all, undefined)])).toEqual(["I2a"]);
  });

  test("a record that is removed and is no tombstone", () => {
    expect(verdicts([...story, collected("n1", all)])).toEqual(["I2a"]);
    expect(verdicts([...story, collected("n1", undefined)])).toEqual(["I2a"]);
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
      const restart = {
        kind: "restarted",
        node: "n1",
        isWiped: true,
        read: () => undefined,
        readHint: () => undefined,
      } as const;
      return [...story.slice(0, at), { kind: "damaged", node, key: undefined }, restart, ...story.slice(at + 1)];
    };
    expect(verdicts(wiped("n1"))).not.toContain("I7");
    expect(verdicts(wiped("n2"))).toContain("I7");
  });
});

describe("I9", () => {
  const fourth = { actor: first.actor, counter: 4 };
  /** The third write is tried again, and somebody mints once more for it. */
  const again = issue(fourth, [], { incarnation: 2, op: op(third), value: bytes(third) });
  const twice: StoredObject = {
    siblings: [...all.siblings, { ...all.siblings[1]!, dot: fourth, timestamp: timestamp(fourth) }],
    spent: [],
    context: contextOf([first, second, third, fourth]),
  };

  test("a node that mints again for an operation that it has", () => {
    expect(verdicts([...story, again, stored(all, twice)])).toEqual(["I9"]);
  });

  test("one that has never heard of it may", () => {
    const dot = { actor: makeActor("replica2", 1), counter: 1 };
    const before = object([second], [first, second]);
    const after = {
      siblings: [...before.siblings, { ...all.siblings[1]!, dot, timestamp: timestamp(fourth) }],
      spent: [],
      context: contextOf([first, second, dot]),
    };
    const elsewhere = { ...again, node: "n2", dot };
    expect(verdicts([...story, elsewhere, { ...stored(before, after), node: "n2" }])).toEqual([]);
  });

  test("tries that write different things", () => {
    expect(verdicts([...story, again])).toEqual([]);
    expect(verdicts([...story, { ...again, value: bytes(first) }])).toEqual(["I9"]);
    expect(verdicts([...story, { ...again, seen: contextOf([second]) }])).toEqual(["I9"]);
  });

  test("an ok that covers more than its writer had seen and its own dot, or less", () => {
    const told = (covers: readonly Dot[] | undefined): string[] =>
      verdicts([
        ...story,
        { ...coordinated("r3", "put"), write: { op: op(third), seen: contextOf([first]) } },
        voted("r3", "n1", undefined),
        voted("r3", "n2", undefined),
        { ...answered("r3", undefined), covers: covers && contextOf(covers) } as Observation,
      ]);
    expect(told([first, third])).toEqual([]);
    expect(told([first, second, third])).toEqual(["I9"]);
    expect(told([third])).toEqual(["I9"]);
    expect(told([first, second])).toEqual(["I9"]);
    expect(told(undefined)).toEqual(["I9"]);
  });

  test("a read that shows one operation twice", () => {
    const read = { ...operations[0]!, kind: "get", siblings: ["value 2", "value 2"], context: contextOf([]) } as const;
    expect(verdicts([...story, { kind: "returned", operation: read }])).toEqual(["I9"]);
  });
});

describe("I10", () => {
  test("more siblings than writes that had not seen each other", () => {
    const at = story.findIndex((observation) => observation.kind === "issue" && observation.dot === second);
    const both = stored(object([first], [first]), object([first, second], [first, second]));
    expect(verdicts([...story.slice(0, at + 1), both, ...story.slice(at + 1)])).toEqual(["I1", "I10"]);
  });

  test("an actor taken without a reason", () => {
    const dots = [2, 3, 4].map((epoch) => ({ actor: makeActor("replica1", epoch), counter: 1 }));
    const [oneMore, two] = dots.map((dot) => issue(dot, []));
    expect(verdicts([...story, oneMore!])).toEqual([]);
    expect(verdicts([...story, oneMore!, two!])).toEqual(["I10"]);
  });
});

describe("I11", () => {
  test("a write that is not later than what it replaces, or than what that replaced", () => {
    const fourth = { actor: first.actor, counter: 4 };
    const stamped = (seen: readonly Dot[], ms: number): string[] =>
      verdicts([...story, issue(fourth, seen, { timestamp: { ms, counter: 0 } })]);
    expect(stamped([second, third], 4)).toEqual([]);
    expect(stamped([second, third], 3)).toEqual(["I11"]);
    expect(stamped([third], 3)).toEqual(["I11"]);
    expect(stamped([first, second], 3)).toEqual([]);
    expect(stamped([], 1)).toEqual([]);
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

  test("a get that tells what no replica said, or hides what one did under its context", () => {
    const told = (object: StoredObject): string[] =>
      verdicts(lie((one) => (one.kind === "answered" && one.request === "r2" ? answered("r2", object) : undefined)));
    expect(told(all)).toEqual([]);
    expect(told(object([third], [first, second, third]))).toEqual(["I12"]);
    const more = { actor: makeActor("replica2", 1), counter: 1 };
    expect(told(object([second, third, more], [first, second, third, more]))).toEqual(["I12"]);
  });

  test("one that counts a primary, and who keeps the write for it", () => {
    const kept = (standsFor: string): string[] =>
      verdicts([
        ...story,
        { ...coordinated("r3", "put"), isSloppy: true },
        voted("r3", "n2", undefined),
        { ...voted("r3", "n7", undefined), standsFor } as Observation,
        answered("r3", undefined),
      ]);
    expect(kept("n3")).toEqual([]);
    expect(kept("n2")).toEqual(["I12"]);
  });

  test("a replica that says less than it has", () => {
    const served = (answer: "same" | "record", isWhole: boolean): string[] =>
      verdicts([...story, { kind: "served", node: "n1", key: "b/k1", answer, held: "record", isWhole }]);
    expect(served("same", true)).toEqual([]);
    expect(served("same", false)).toEqual(["I12"]);
    expect(served("record", false)).toEqual(["I12"]);
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
    expect(verdicts(story, {}, [...operations, failed, read])).toEqual(["I1", "I14"]);
  });
});
