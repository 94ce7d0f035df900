/** Messages of every kind, as fast-check draws them. */
import * as fc from "fast-check";
import { contextOf } from "../../src/causal-context.ts";
import type { Change } from "../../src/crdt/change.ts";
import { makeActor } from "../../src/dot.ts";
import { errorCodes } from "../../src/errors.ts";
import { limits } from "../../src/limits.ts";
import type { Message } from "../../src/messages.ts";
import type { Count, RequestOptions } from "../../src/options.ts";

const id = fc.oneof(fc.nat(5), fc.maxSafeNat());
const key = fc.uint8Array({ maxLength: 40 });
const record = fc.uint8Array({ maxLength: 100 });
const node = fc.string({ minLength: 1, maxLength: 5 });
const timeoutMs = fc.nat(limits.timeoutMsMax);
const effective = fc.uint8Array({ maxLength: 24 });
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const answered = maybe(fc.array(node, { maxLength: 5 }));
const count: fc.Arbitrary<Count> = fc.oneof(
  fc.nat(5),
  fc.constantFrom("one" as const, "quorum" as const, "all" as const),
);
const chosen: fc.Arbitrary<RequestOptions> = fc.record(
  {
    n: fc.integer({ min: 1, max: 5 }),
    r: count,
    w: count,
    pr: count,
    pw: count,
    dw: count,
    timeoutMs: fc.integer({ min: 1, max: limits.timeoutMsMax }),
    fanout: fc.constantFrom("quorum" as const, "all" as const),
  },
  { requiredKeys: [] },
);
const ring = fc.integer({ min: 1, max: 3 }).map((members) => ({
  epoch: 7,
  partitions: 4,
  replicas: 2,
  members: Array.from({ length: members }, (_, at) => ({ id: `n${at}`, url: `ws://n${at}`, zone: "z", weight: 1.5 })),
  owners: [0, 1, 2, 3].map((partition) => partition % members),
}));
const details = fc.record(
  { need: fc.nat(5), got: fc.nat(5), of: fc.string(), answered: fc.array(node) },
  { requiredKeys: [] },
);
const is = <T extends string>(text: T): fc.Arbitrary<T> => fc.constant(text);
const dots = fc
  .array(
    fc.record({ actor: fc.nat(9).map((at) => makeActor(`actor..${at}`, at)), counter: fc.integer({ min: 1, max: 9 }) }),
  )
  .map(contextOf);
const path = fc.constantFrom("s", "m5:notesg", "m1:am1:bp");
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ kind: is("write"), path, observed: dots, value: record }),
  fc.record({ kind: is("drop"), path, observed: dots }),
  fc.record({ kind: is("increment"), path, amount: fc.maxSafeInteger() }),
  fc.record({
    kind: is("reset"),
    path,
    marks: fc.array(
      fc.record({ dot: fc.constant({ actor: makeActor("actor..1", 3), counter: 4 }), sum: fc.maxSafeInteger() }),
    ),
  }),
);

const places = fc.array(fc.nat(4095));
const tree = fc.record({ partition: fc.nat(), n: fc.nat() });
const states = fc.array(fc.record({ key: fc.uint8Array(), digest: eightBytesEach(1) }));
const news = fc.array(
  fc.record({
    node: fc.string(),
    state: fc.constantFrom("alive" as const, "suspect" as const, "dead" as const),
    incarnation: fc.nat(),
    by: fc.string(),
  }),
);

function eightBytesEach(count: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: 8 * count, maxLength: 8 * count });
}

/** One generator per kind: a kind without one does not compile. */
export const kinds: { readonly [Kind in Message["kind"]]: fc.Arbitrary<Extract<Message, { kind: Kind }>> } = {
  Hello: fc.record({
    kind: is("Hello"),
    version: fc.nat(),
    features: fc.array(fc.string()),
    role: fc.constantFrom("client" as const, "node" as const),
    identity: fc.uint8Array({ maxLength: 64 }),
    credential: maybe(fc.string()),
  }),
  Welcome: fc.record({
    kind: is("Welcome"),
    version: fc.nat(),
    features: fc.array(fc.string()),
    node,
    ring,
    options: fc.record({ defaults: chosen, buckets: fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), chosen) }),
  }),
  Get: fc.record({
    kind: is("Get"),
    id,
    key,
    timeoutMs,
    options: maybe(chosen),
    head: fc.boolean(),
    details: fc.boolean(),
    resolve: fc.boolean(),
  }),
  GetReply: fc.oneof(
    fc.record({ kind: is("GetReply"), id, record: maybe(record), effective, answered }),
    fc.record({ kind: is("GetReply"), id, record: maybe(record), effective, answered, merged: record }),
    fc.record({ kind: is("GetReply"), id, record: maybe(record), effective, answered, mergeProblem: fc.string() }),
  ),
  Put: fc.record({
    kind: is("Put"),
    id,
    op: fc.uint8Array({ minLength: 14, maxLength: 14 }),
    key,
    value: maybe(record),
    context: maybe(record),
    timeoutMs,
    options: maybe(chosen),
    returnValue: fc.boolean(),
    details: fc.boolean(),
    changes: maybe(fc.array(change)),
    ageMs: fc.nat(),
    settled: fc.array(fc.nat()),
  }),
  Settled: fc.record({
    kind: is("Settled"),
    id,
    op: fc.uint8Array({ minLength: 14, maxLength: 14 }),
    settled: fc.array(fc.nat()),
  }),
  PutReply: fc.record({ kind: is("PutReply"), id, context: record, record: maybe(record), effective, answered }),
  Status: fc.record({ kind: is("Status"), id, partitions: fc.constant(true) }, { requiredKeys: ["kind", "id"] }),
  Conflicts: fc.record({
    kind: is("Conflicts"),
    id,
    bucket: fc.string(),
    key: fc.option(key, { nil: undefined }),
    from: fc.option(fc.uint8Array({ maxLength: 64 }), { nil: undefined }),
  }),
  ConflictsReply: fc.record({
    kind: is("ConflictsReply"),
    id,
    entries: fc.array(fc.uint8Array()),
    end: fc.option(fc.uint8Array({ maxLength: 64 }), { nil: undefined }),
  }),
  StatusReply: fc.record({ kind: is("StatusReply"), id, status: fc.json() }),
  Failure: fc.record({
    kind: is("Failure"),
    id,
    code: fc.constantFrom(...errorCodes),
    message: fc.string(),
    outcome: fc.constantFrom("none" as const, "unknown" as const),
    retryable: fc.boolean(),
    details,
  }),
  ReplicaPut: fc.record({
    kind: is("ReplicaPut"),
    id,
    key,
    record,
    timeoutMs,
    early: fc.boolean(),
    standsFor: maybe(fc.string()),
  }),
  ReplicaPutReply: fc.record({ kind: is("ReplicaPutReply"), id, durable: fc.boolean() }),
  ReplicaGet: fc.record({
    kind: is("ReplicaGet"),
    id,
    key,
    have: maybe(fc.uint8Array({ minLength: 8, maxLength: 8 })),
    timeoutMs,
    durable: fc.boolean(),
  }),
  ReplicaGetReply: fc.oneof(
    fc.record({ kind: is("ReplicaGetReply"), id, answer: is("record"), record }),
    fc.record({
      kind: is("ReplicaGetReply"),
      id,
      answer: fc.constantFrom("same" as const, "absent" as const, "missing" as const, "fresh" as const),
      record: fc.constant(undefined),
    }),
  ),
  Ping: fc.record({ kind: is("Ping"), id, target: maybe(fc.string()), news }),
  PingReply: fc.record({ kind: is("PingReply"), id, isAlive: fc.boolean(), news }),
  TreeRoots: fc.array(tree).chain((trees) =>
    fc.record({
      kind: is("TreeRoots"),
      id,
      trees: fc.constant(trees),
      digests: eightBytesEach(trees.length),
      doubted: places,
    }),
  ),
  TreeRootsReply: fc.record({ kind: is("TreeRootsReply"), id, differing: places, notReady: places }),
  TreeNodes: fc.record({ kind: is("TreeNodes"), id, tree, branches: maybe(places), leaves: maybe(places) }),
  TreeNodesReply: fc.record({ kind: is("TreeNodesReply"), id, digests: fc.uint8Array() }),
  TreeKeys: fc.record({ kind: is("TreeKeys"), id, tree, leaves: maybe(places), after: maybe(key) }),
  TreeKeysReply: fc.record({ kind: is("TreeKeysReply"), id, states, end: maybe(key) }),
  LeftoverCheck: fc.record({ kind: is("LeftoverCheck"), id, isSecond: fc.boolean(), states }),
  LeftoverCheckReply: fc.record({ kind: is("LeftoverCheckReply"), id, agreed: places }),
  LeftoverDrop: fc.record({ kind: is("LeftoverDrop"), id, states }),
  LeftoverDropReply: fc.record({ kind: is("LeftoverDropReply"), id }),
  Unknown: fc.record({ kind: is("Unknown"), id, number: fc.integer({ min: 99, max: 1000 }) }),
};
export const message: fc.Arbitrary<Message> = fc.oneof(...Object.values(kinds));

/** Bytes as arrays of numbers, so that classes of byte strings do not matter; what is undefined is not there. */
export function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, child]) => (child === undefined ? [] : [[name, plain(child)]])),
  );
}
