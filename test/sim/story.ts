/**
 * A small true story that every checker accepts, as they observe it, and what it takes to put a lie into it. (test/sim/checkers.test.ts
 * and test/sim/repair-checkers.test.ts do.)
 */
import { contextOf } from "../../src/causal-context.ts";
import { makeActor, type Dot } from "../../src/dot.ts";
import type { StoredObject } from "../../src/object.ts";
import type { Timestamp } from "../../src/timestamp.ts";
import { encodeRecord } from "../../src/record.ts";
import { createCheckers } from "../../sim/checkers.ts";
import type { Operation } from "../../sim/history.ts";
import type {
  Acknowledged,
  Collected,
  Coordinated,
  EndOfKey,
  EndOfRun,
  Issue,
  Observation,
  Resources,
  Stored,
} from "../../sim/observation.ts";

export const key = "b/k1";
export const [first, second, third] = [1, 2, 3].map((counter) => ({ actor: makeActor("replica1", 1), counter })) as [
  Dot,
  Dot,
  Dot,
];
export const op = (dot: Dot): string => `client01${String.fromCharCode(dot.counter).padStart(6, "\0")}`;
export const bytes = (dot: Dot): Uint8Array => Uint8Array.of(dot.counter);

export const timestamp = (dot: Dot): Timestamp => ({ ms: dot.counter, counter: 0 });

/** An object whose siblings and context are these dots. */
export function object(live: readonly Dot[], seen: readonly Dot[]): StoredObject {
  const siblings = live.map((dot) => ({
    dot,
    path: "",
    value: bytes(dot),
    timestamp: timestamp(dot),
    op: op(dot),
  }));
  return { siblings, spent: [], context: contextOf(seen) };
}

export function issue(dot: Dot, seen: readonly Dot[], more: Partial<Issue> = {}): Issue {
  const by = { node: "n1", disk: 1, incarnation: 1 };
  const written = { op: op(dot), value: bytes(dot), timestamp: timestamp(dot) };
  return { kind: "issue", ...by, key, dot, seen: contextOf(seen), ...written, ...more };
}

export function stored(before: StoredObject | undefined, after: StoredObject | undefined): Stored {
  return { kind: "stored", node: "n1", key, before, after };
}

export function collected(node: string, before: StoredObject | undefined): Collected {
  return { kind: "collected", node, key, before };
}

export function acknowledged(node: string, said: StoredObject, held: StoredObject | undefined = said): Acknowledged {
  return { kind: "acknowledged", node, key, isDurable: true, said, held };
}

export function coordinated(request: string, what: "get" | "put"): Coordinated {
  const needs = { answers: 2, primaries: 0, durable: what === "put" ? 2 : 0 };
  return { kind: "coordinated", request, node: "n1", key, what, list: ["n1", "n2", "n3"], isSloppy: false, needs };
}

export function voted(request: string, voter: string, said: StoredObject | undefined, isDurable = true): Observation {
  return { kind: "voted", request, voter, isDurable, object: said };
}

export function answered(request: string, record: StoredObject | undefined): Observation {
  const effective = new Uint8Array();
  const common = { id: 1, effective, answered: undefined, record: record && encodeRecord(0n, record) };
  const message =
    record === undefined
      ? ({ kind: "PutReply", context: new Uint8Array(), ...common, record: undefined } as const)
      : ({ kind: "GetReply", ...common } as const);
  return { kind: "answered", request, message };
}

export function operation(dot: Dot, outcome: Operation["outcome"], context: readonly Dot[]): Operation {
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
    contextIn: contextOf([]),
    asked: { n: 3, r: 2, w: 2, dw: 2, isSloppy: false, readRepair: "off" },
    ...times,
    error: outcome === "ok" ? undefined : "UNAVAILABLE",
    context: contextOf(context),
  };
}

/** `first` is replaced by `second`; `third` stands beside it. */
export const all = object([second, third], [first, second, third]);
export const story: readonly Observation[] = [
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
  {
    kind: "restarted",
    node: "n1",
    isWiped: false,
    read: () => object([second], [first, second]),
    readHint: () => undefined,
  },
  issue(third, [], { incarnation: 2 }),
  stored(object([second], [first, second]), all),
  acknowledged("n1", all),
  coordinated("r2", "get"),
  voted("r2", "n1", all, false),
  voted("r2", "n3", undefined, false),
  answered("r2", all),
  { kind: "served", node: "n3", key, answer: "absent", held: "absent" },
];
export const operations = [
  operation(first, "ok", [first]),
  operation(second, "ok", [first, second]),
  operation(third, "ok", [third]),
];
export const end: EndOfKey = {
  states: new Map([["n1", all]]),
  joined: all,
  reads: new Map([
    ["n1", all],
    ["n2", all],
  ]),
};

export const resources: Resources = {
  idleTraffic: new Map([["Ping", 10]]),
  calls: 3,
  requests: 5,
  openRequests: new Map([["n1", 0]]),
  isFaultless: true,
};

export function verdicts(
  observations: readonly Observation[],
  more: Partial<EndOfKey> = {},
  ops = operations,
  rest: Partial<EndOfRun> = {},
): string[] {
  const accusations: string[] = [];
  const checkers = createCheckers((invariant) => accusations.push(invariant));
  for (const observation of observations) for (const checker of checkers) checker.observe(observation);
  const run: EndOfRun = {
    keys: new Map([[key, { ...end, ...more }]]),
    operations: ops,
    isConverged: true,
    differences: [],
    resources,
    ...rest,
  };
  for (const checker of checkers) checker.finish(run);
  return [...new Set(accusations)].sort();
}

/** The story with whatever `of` finds replaced. */
export function lie(of: (observation: Observation, at: number) => Observation | undefined): Observation[] {
  return story.map((observation, at) => of(observation, at) ?? observation);
}
