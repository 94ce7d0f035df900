/** The checkers of what mends itself, each with one lie at a time: as test/sim/checkers.test.ts does with the others. */
import { describe, expect, test } from "vitest";
import { contextOf } from "../../src/causal-context.ts";
import { makeActor, type Dot } from "../../src/dot.ts";
import { emptyObject, type StoredObject } from "../../src/object.ts";
import type { Operation } from "../../sim/history.ts";
import type { Collected, Coordinated, Hinted, Observation, Resources } from "../../sim/observation.ts";
import {
  object,
  issue,
  stored,
  acknowledged,
  operation,
  all,
  story,
  operations,
  verdicts,
  lie,
  first,
  second,
  third,
  collected,
  key,
  coordinated,
  resources,
} from "./story.ts";

const fourth = { actor: first.actor, counter: 4 };
const tombstone: StoredObject = {
  ...object([fourth], [first, second, third, fourth]),
  siblings: object([fourth], [fourth]).siblings.map((sibling) => ({ ...sibling, value: undefined })),
};

function hinted(more: Partial<Hinted>): Hinted {
  const sizes = { ageMs: 10, ageMsMax: 1000, bytes: 10, bytesMax: 100 };
  return { kind: "hinted", node: "n1", target: "n2", key, before: undefined, after: all, ...sizes, ...more };
}

function removal(more: Partial<Collected> = {}): Collected {
  const primaries = new Map([
    ["n1", tombstone],
    ["n2", tombstone],
  ]);
  return { kind: "collected", node: "n1", key, before: tombstone, primaries, hinting: [], ...more };
}

describe("I2", () => {
  const isOver = { joined: tombstone, states: new Map(), reads: new Map() };
  const deleted: readonly Observation[] = [
    ...story,
    issue(fourth, [first, second, third], { incarnation: 2, value: undefined }),
    removal(),
  ];

  test("b: something is alive that an acknowledged write had seen", () => {
    const [one, two, three] = operations;
    expect(verdicts(story, {}, [one!, two!, { ...three!, contextIn: contextOf([second]) }])).toEqual(["I2"]);
  });

  test("c: a tombstone that every primary holds may go, for good", () => {
    expect(verdicts(deleted, isOver)).toEqual([]);
    expect(verdicts([...deleted, removal({ node: "n2", primaries: new Map([["n1", undefined]]) })], isOver)).toEqual(
      [],
    );
    expect(verdicts([...deleted, { ...stored(undefined, all), node: "n3" }], isOver)).toEqual(["I2c"]);
    expect(verdicts([...deleted, hinted({ node: "n3" })], isOver)).toEqual(["I2"]);
  });

  test("c: one that a primary has not seen, or that somebody keeps a hint of, may not", () => {
    const missing = new Map([["n2", undefined]]);
    expect(verdicts([...deleted.slice(0, -1), removal({ primaries: missing })], isOver)).toEqual(["I2"]);
    expect(verdicts([...deleted.slice(0, -1), removal({ hinting: ["n3"] })], isOver)).toEqual(["I2"]);
  });

  test("d: a strict read shows what a write before it had replaced", () => {
    const write = { ...operations[1]!, contextIn: contextOf([first]) };
    const read = readAt(2, [first, second, third], { siblings: ["value 1"] });
    const told: Observation[] = [
      { kind: "returned", operation: write },
      { kind: "returned", operation: read },
    ];
    expect(verdicts([...story, ...told], {}, [...operations, read])).toEqual(["I1", "I2"]);
    const wiped: Observation = { kind: "damaged", node: "n3", key: undefined };
    expect(verdicts([...story, wiped, ...told], {}, [...operations, read])).toEqual(["I1"]);
  });
});

/** A read that found these dots, called at `atMs` and returned a millisecond later. */
function readAt(atMs: number, seen: readonly Dot[], more: Partial<Operation> = {}): Operation {
  const times = { calledAtMs: atMs, returnedAtMs: atMs + 1 };
  const what = { kind: "get", value: undefined, op: undefined } as const;
  return { ...operation({ ...first, counter: 7 }, "ok", seen), ...what, ...times, ...more };
}

describe("I2c", () => {
  /** Everything of the story is deleted with `fourth`, on both nodes, and collected. */
  const fourth: Dot = { actor: first.actor, counter: 4 };
  const tombstone: StoredObject = {
    siblings: [{ ...object([fourth], []).siblings[0]!, value: undefined }],
    spent: [],
    context: contextOf([first, second, third, fourth]),
  };
  const deletion = issue(fourth, [first, second, third], { incarnation: 2, value: undefined });
  const burial = [
    ...story,
    deletion,
    stored(all, tombstone),
    acknowledged("n2", tombstone),
    collected("n1", tombstone),
  ];
  const nothing = { states: new Map(), joined: emptyObject, reads: new Map([["n1", emptyObject]]) };
  const writes = [...operations, operation(fourth, "ok", [first, second, third, fourth])];

  test("a tombstone that is collected is no loss, and may come back", () => {
    expect(verdicts(burial, nothing, writes)).toEqual([]);
    const back = [...burial, stored(undefined, tombstone), acknowledged("n1", tombstone)];
    const read = { states: new Map([["n1", tombstone]]), joined: tombstone, reads: new Map([["n2", emptyObject]]) };
    expect(verdicts(back, read, writes)).toEqual([]);
  });

  test("without a burial, all of that is a loss", () => {
    expect(verdicts(burial.slice(0, -1), nothing, writes)).toEqual(["I1"]);
  });

  test("a start after it may have lost what was acknowledged before", () => {
    const start = {
      kind: "restarted",
      node: "n1",
      isWiped: false,
      read: () => undefined,
      readHint: () => undefined,
    } as const;
    expect(verdicts([...burial, start], nothing, writes)).toEqual([]);
    expect(verdicts([...burial, { ...start, node: "n2" }], nothing, writes)).toEqual(["I7"]);
  });

  test("a replica that stores what was deleted", () => {
    const risen = stored(undefined, object([second], [first, second]));
    expect(verdicts([...burial, risen], nothing, writes)).toEqual(["I2c"]);
    expect(verdicts([...burial, { ...risen, node: "n2" }], nothing, writes)).toEqual(["I2c"]);
  });

  test("a replica that had it all the time", () => {
    const old = object([second], [first, second]);
    const had = { states: new Map([["n2", old]]), joined: old, reads: new Map() };
    expect(verdicts(burial, had, writes)).toEqual(["I2c"]);
  });

  test("an answer that has it", () => {
    const old = object([second], [first, second]);
    const lying = { ...nothing, reads: new Map([["n1", old]]) };
    expect(verdicts(burial, lying, writes)).toEqual(["I2c"]);
  });

  test("a tombstone that covers what nothing replaced", () => {
    // `third` is in its context, and no write has seen it: collecting it would bury an acknowledged value.
    const greedy = [...story, issue(fourth, [first, second], { incarnation: 2, value: undefined })];
    expect(verdicts([...greedy, stored(all, tombstone), collected("n1", tombstone)], nothing, writes)).toContain("I1");
  });
});

describe("I3, by itself", () => {
  const converged: Observation = { kind: "phase", phase: "converged" };

  test("replicas that differ in the end", () => {
    const differences = ["n1 and n2 differ"];
    expect(verdicts(story, {}, operations, { differences })).toEqual(["I3"]);
    expect(verdicts(story, {}, operations, { differences, isConverged: false })).toEqual([]);
  });

  test("a write when all replicas are the same", () => {
    expect(verdicts([...story, converged, stored(all, all)])).toEqual(["I3"]);
    expect(verdicts([...story, converged, hinted({})])).toEqual(["I3"]);
    expect(verdicts([...story, stored(all, all), converged])).toEqual([]);
  });
});

describe("I7, of hints", () => {
  const kept: Observation = { ...acknowledged("n1", all), standsFor: "n2" };
  const restart = (readHint: () => StoredObject | undefined): Observation => ({
    kind: "restarted",
    node: "n1",
    isWiped: false,
    read: () => all,
    readHint,
  });

  test("a start that has lost a hint", () => {
    expect(verdicts([...story, kept, restart(() => all)])).toEqual([]);
    expect(verdicts([...story, kept, restart(() => undefined)])).toEqual(["I7"]);
    expect(verdicts([...story, kept, restart(() => object([third], [third]))])).toEqual(["I7"]);
  });

  test("one that was delivered may be gone", () => {
    const removed = hinted({ before: all, after: undefined });
    const delivered = acknowledged("n2", all);
    expect(verdicts([...story, kept, delivered, removed, restart(() => undefined)])).toEqual([]);
  });
});

describe("I10, of what was given away", () => {
  const [oneMore, two] = [2, 3].map((epoch) => issue({ actor: makeActor("replica1", epoch), counter: 1 }, []));

  test("a collected tombstone, or a hint that was handed over, is a reason to take a new actor", () => {
    expect(verdicts([...story, oneMore!, two!])).toEqual(["I10"]);
    expect(verdicts([...story, collected("n1", tombstone), oneMore!, two!])).not.toContain("I10");
    const handedOver = [acknowledged("n2", all), hinted({ before: all, after: undefined })];
    expect(verdicts([...story, ...handedOver, oneMore!, two!])).toEqual([]);
  });
});

describe("I8", () => {
  const removed = hinted({ before: all, after: undefined });

  test("a hint that is removed before its target has all of it", () => {
    expect(verdicts([...story, removed])).toEqual(["I8"]);
    expect(verdicts([...story, acknowledged("n2", object([third], [third])), removed])).toEqual(["I8"]);
    expect(verdicts([...story, acknowledged("n2", all), removed])).toEqual([]);
    expect(verdicts([...story, { ...acknowledged("n2", all), standsFor: "n3" }, removed])).toEqual(["I8"]);
  });

  test("one that has become too old may go", () => {
    expect(verdicts([...story, { ...removed, ageMs: 1000 }])).toEqual([]);
  });

  test("hints that outgrow their bound, or become less", () => {
    expect(verdicts([...story, hinted({ bytes: 101 })])).toEqual(["I8"]);
    expect(verdicts([...story, hinted({ before: all, after: object([third], [third]) })])).toEqual(["I1", "I8"]);
  });
});

describe("I12, with stand-ins", () => {
  const stranger = (voter: string, change: Partial<Coordinated>): Observation[] =>
    lie((one) => {
      if (one.kind === "coordinated" && one.request === "r1") return { ...one, ...change };
      return one.kind === "voted" && one.voter === "n2" ? { ...one, voter } : undefined;
    });

  test("only a sloppy request counts them", () => {
    expect(verdicts(stranger("n7", { isSloppy: true }))).toEqual([]);
    expect(verdicts(stranger("n7", { isSloppy: false }))).toEqual(["I12"]);
  });

  test("and none of them is a primary", () => {
    const needs = { answers: 2, primaries: 2, durable: 2 };
    expect(verdicts(stranger("n7", { isSloppy: true, needs }))).toEqual(["I12"]);
    expect(verdicts(stranger("n2", { isSloppy: true, needs }))).toEqual([]);
  });

  test("an empty disk has no vote for not found", () => {
    const notFound: Observation = {
      kind: "answered",
      request: "r3",
      message: { kind: "GetReply", id: 1, record: undefined, effective: new Uint8Array(), answered: undefined },
    };
    const asked = (isFresh: boolean): Observation[] => [
      ...story,
      coordinated("r3", "get"),
      { kind: "voted", request: "r3", voter: "n1", isDurable: false, object: undefined },
      { kind: "voted", request: "r3", voter: "n2", isDurable: false, object: undefined, isFresh },
      notFound,
    ];
    expect(verdicts(asked(false))).toEqual([]);
    expect(verdicts(asked(true))).toEqual(["I12"]);
    expect(verdicts(lie((one) => (one.kind === "served" ? { ...one, isFresh: true } : undefined)))).toEqual(["I12"]);
  });
});

describe("I13", () => {
  test("a call that fails where nothing strikes", () => {
    const calm: Observation = { kind: "phase", phase: "faultless" };
    const failed: Observation = { kind: "returned", operation: operation(first, "unknown", []) };
    expect(verdicts([...story, failed])).toEqual([]);
    expect(verdicts([calm, ...story, failed])).toEqual(["I13"]);
  });

  test("a refusal when everything is healed", () => {
    expect(verdicts([...story, { kind: "refused", sentence: "c1 is not served" }])).toEqual(["I13"]);
  });
});

describe("I15", () => {
  test("requests that stay open, or beget others", () => {
    const spent = (more: Partial<Resources>): string[] =>
      verdicts(story, {}, operations, { resources: { ...resources, ...more } });
    expect(spent({ openRequests: new Map([["n1", 1000]]) })).toEqual(["I15"]);
    expect(spent({ requests: 7 })).toEqual(["I15"]);
    expect(spent({ requests: 7, isFaultless: false })).toEqual([]);
    expect(spent({ idleTraffic: new Map([["ReplicaPut", 1]]) })).toEqual(["I15"]);
  });
});

describe("I17", () => {
  const returned = (...told: readonly Operation[]): string[] =>
    verdicts([...story, ...told.map((operation) => ({ kind: "returned", operation }) as const)]);
  const write = operations[1]!;

  test("a strict read that has not seen what was acknowledged before it began", () => {
    expect(returned(write, readAt(2, [first, second]))).toEqual([]);
    expect(returned(write, readAt(2, [first]))).toEqual(["I17"]);
    expect(returned(write, readAt(1, [first]))).toEqual([]);
  });

  test("reads of which nothing was promised", () => {
    const asked = write.asked;
    expect(returned(write, readAt(2, [first], { asked: { ...asked, r: 1 } }))).toEqual([]);
    expect(returned(write, readAt(2, [first], { asked: { ...asked, isSloppy: true } }))).toEqual([]);
    expect(returned({ ...write, asked: { ...asked, isSloppy: true } }, readAt(2, [first]))).toEqual([]);
  });
});
