/** src/codec.ts: foreign bytes become messages here and nowhere else (design §13). */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { contextOf } from "../../src/causal-context.ts";
import type { Change } from "../../src/crdt/change.ts";
import { makeActor } from "../../src/dot.ts";
import { decodeFrame, encodeFrame, roughSize } from "../../src/codec.ts";
import { CoterieError, errorCodes } from "../../src/errors.ts";
import { openFrame } from "../../src/frame.ts";
import { limits } from "../../src/limits.ts";
import { plainPut, type Get, type Message } from "../../src/messages.ts";
import { pack, unpack } from "../../src/msgpack.ts";
import type { Count, RequestOptions } from "../../src/options.ts";
import { frameOf, sealed } from "./sealed.ts";

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

/** One generator per kind: a kind without one does not compile. */
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

const kinds: { readonly [Kind in Message["kind"]]: fc.Arbitrary<Extract<Message, { kind: Kind }>> } = {
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
  Get: fc
    .record({
      kind: is("Get"),
      id,
      key,
      timeoutMs,
      options: maybe(chosen),
      head: fc.boolean(),
      details: fc.boolean(),
    })
    .chain((get) => fc.constantFrom<Get>(get, { ...get, resolve: true })),
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
const message: fc.Arbitrary<Message> = fc.oneof(...Object.values(kinds));

/** Bytes as arrays of numbers, so that classes of byte strings do not matter; what is undefined is not there. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, child]) => (child === undefined ? [] : [[name, plain(child)]])),
  );
}

function outcome(bytes: Uint8Array): Message[] | string {
  try {
    return decodeFrame(bytes);
  } catch (error) {
    if (!(error instanceof CoterieError) || error.code !== "PROTOCOL") throw error;
    return error.message.replace("not a frame of this protocol: ", "");
  }
}

describe("a frame", () => {
  test.each(Object.entries(kinds))("brings back every %s as it was", (_, one) => {
    // Design §13: clients and peers speak the same framing.
    fc.assert(
      fc.property(fc.array(one as fc.Arbitrary<Message>, { maxLength: 3 }), (messages) => {
        expect(plain(decodeFrame(encodeFrame(messages)))).toEqual(plain(messages));
      }),
    );
  });

  test("brings back messages of all kinds in their order", () => {
    // Design §13: everything that a turn produced for one link leaves as one frame.
    fc.assert(
      fc.property(fc.array(message, { maxLength: 10 }), (messages) => {
        expect(plain(decodeFrame(encodeFrame(messages)))).toEqual(plain(messages));
      }),
    );
  });

  test("of a newer sender: a further field is ignored, a kind that is not known comes out as Unknown", () => {
    // Design §13: unknown fields are ignored, unknown kinds answered with an error.
    fc.assert(
      fc.property(message, fc.jsonValue(), (one, extra) => {
        const [fields] = unpack(openFrame(encodeFrame([one]))) as unknown[][];
        expect(plain(decodeFrame(frameOf([[...fields!, extra, extra]])))).toEqual(plain([one]));
      }),
    );
    expect(decodeFrame(frameOf([[99, 7, "new"]]))).toEqual([{ kind: "Unknown", id: 7, number: 99 }]);
  });

  test("of an error code that a newer node invented is still an error", () => {
    // src/codec.ts: of ours, UNAVAILABLE promises least.
    expect(decodeFrame(frameOf([[9, 1, "NEW_CODE", "text", "unknown", true]]))).toMatchObject([
      { kind: "Failure", code: "UNAVAILABLE", outcome: "unknown" },
    ]);
  });

  test("of a time left that is too long is cut to the longest there is", () => {
    // limits.timeoutMsMax bounds how long a node remembers a request.
    const get = [3, 1, Uint8Array.of(1), 10 * limits.timeoutMsMax, null, false, false];
    expect(decodeFrame(frameOf([get]))).toMatchObject([{ timeoutMs: limits.timeoutMsMax }]);
  });
});

/** A Get with options in their places. */
function getWith(options: unknown): Uint8Array {
  return frameOf([[3, 1, Uint8Array.of(98, 0, 107), 1000, pack(options), false, false]]);
}

describe("options in a frame", () => {
  test("with a 64-bit integer make no other error than PROTOCOL", () => {
    // Design §13, §14: a frame that does not decode closes that link only. `JSON.stringify` would throw a TypeError on it.
    expect(outcome(getWith([2n ** 63n]))).toMatchObject([{ kind: "Get" }]);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])("of one client, n %d, do not become another client's", (wrong) => {
    // Design §13: what comes out of `decodeFrame` has been checked. JSON writes NaN and Infinity as null: under that text
    // they would be remembered for a client which chose nothing there.
    const r = 4 + (Number.isNaN(wrong) ? 0 : 1);
    decodeFrame(getWith([wrong, r, null, null, null, null, null, null]));
    const honest: Get = {
      kind: "Get",
      id: 1,
      key: Uint8Array.of(98, 0, 107),
      timeoutMs: 1000,
      options: { r },
      head: false,
      details: false,
    };
    expect(decodeFrame(encodeFrame([honest]))).toMatchObject([{ options: { r } }]);
    expect((decodeFrame(encodeFrame([honest]))[0] as Get).options).not.toHaveProperty("n");
  });
});

describe("condemned are", () => {
  const key8 = Uint8Array.of(98, 0, 107);
  const wrong: readonly [string, unknown, string][] = [
    ["what is no array", { a: 1 }, "a frame is no array"],
    ["a message that is no array", [7], "a message is no array"],
    ["a message without a kind", [[]], "kind is no whole number"],
    ["a message without an id", [[7]], "id is no whole number"],
    ["a negative id", [[7, -1]], "id is no whole number"],
    ["an id beyond 53 bits", [[7, 2 ** 53]], "id is no whole number"],
    ["an id of 64 bits", [[7, 2n ** 63n]], "id is no whole number"],
    ["a key that is text", [[3, 1, "key", 100]], "key is no byte string"],
    [
      "an operation id of 13 bytes",
      [[5, 1, new Uint8Array(13), key8, null, null, 100]],
      "op has 13 bytes instead of 14",
    ],
    [
      "an operation id of 15 bytes",
      [[5, 1, new Uint8Array(15), key8, null, null, 100]],
      "op has 15 bytes, the limit is 14",
    ],
    ["a digest of 7 bytes", [[12, 1, key8, new Uint8Array(7), 100]], "have has 7 bytes instead of 8"],
    ["time left that is no number", [[3, 1, key8, "soon"]], "timeoutMs is no whole number"],
    ["options that are no bytes", [[3, 1, key8, 100, [1]]], "options is no byte string"],
    ["options that are no array", [[3, 1, key8, 100, pack({ r: 1 })]], "options are no array"],
    ["an answer that is none", [[13, 1, 5, null]], "answer is none of those known"],
    ["an answer `record` without one", [[13, 1, 1, null]], "record is no byte string"],
    ["a role that is none", [[1, 0, 1, [], "king", key8]], "role is none of client, node"],
    [
      "an identity that is too long",
      [[1, 0, 1, [], "node", new Uint8Array(65)]],
      "identity has 65 bytes, the limit is 64",
    ],
    ["a feature that is no text", [[1, 0, 1, [7], "node", key8]], "features is no text"],
    ["an outcome that is none", [[9, 1, "TIMEOUT", "text", "maybe", true]], "outcome is none of none, unknown"],
    ["an acknowledgement by nobody's name", [[4, 1, null, key8, [1]]], "answered is no text"],
    ["effective options that are no bytes", [[4, 1, null, [1], null]], "effective options is no byte string"],
    [
      "a ring that is none",
      [[2, 0, 1, [], "n1", [1, 3, 3, [], []], [null, []]]],
      "The ring table's partitions must be a power of two in 1..4096, not 3.",
    ],
    [
      "cluster options that are wrong",
      [[2, 0, 1, [], "n1", [1, 1, 3, [["n1", "u", "z", 1]], [0]], [pack([0]), []]]],
      "n is a number of nodes from 1, not 0",
    ],
  ];
  test.each(wrong)("%s", (_, frame, reason) => {
    // Design §13: a frame that does not decode closes that link only, with a reason.
    expect(outcome(frameOf(frame))).toBe(reason);
  });

  test("five bytes that claim four billion messages, before anything is allocated", () => {
    // Design §17: every length is bounded before allocation.
    expect(outcome(sealed(Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff)))).toBe(
      "a count larger than the bytes that are left",
    );
  });

  test("deep nesting, and extension types", () => {
    // Design §18: set limits before decoding.
    expect(outcome(sealed(new Uint8Array(100_000).fill(0x91)))).toBe(`nested deeper than ${limits.nestingMax}`);
    expect(outcome(sealed(Uint8Array.of(0x91, 0xd4, 0x72, 0x40)))).toBe("an extension that is not allowed here");
  });

  test("random bytes and damaged frames, with PROTOCOL and nothing else", () => {
    // Design §14: foreign bytes never crash a node. What still decodes must encode again.
    const damaged = fc
      .tuple(
        fc.array(message, { minLength: 1, maxLength: 3 }),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
        fc.nat(),
      )
      .map(([messages, changes, cut]) => {
        const bytes = Uint8Array.from(openFrame(encodeFrame(messages)));
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        return sealed(cut % 4 === 0 ? bytes.subarray(0, cut % bytes.length) : bytes);
      });
    fc.assert(
      fc.property(
        fc.oneof({ weight: 1, arbitrary: fc.uint8Array({ maxLength: 100 }) }, { weight: 4, arbitrary: damaged }),
        (bytes) => {
          const decoded = outcome(bytes);
          if (typeof decoded !== "string") expect(plain(decodeFrame(encodeFrame(decoded)))).toEqual(plain(decoded));
        },
      ),
      { numRuns: 5000 },
    );
  });
});

test("the rough size of a message is near the real one, where it is large", () => {
  // src/codec.ts: enough to close a frame in time (limits.frameBytesTarget).
  const large = new Uint8Array(100_000);
  const nothing = new Uint8Array();
  const messages: Message[] = [
    {
      kind: "ReplicaPut",
      id: 1,
      key: large.subarray(0, 10),
      record: large,
      timeoutMs: 1,
      early: false,
      standsFor: undefined,
    },
    { kind: "GetReply", id: 1, record: large, effective: nothing, answered: undefined },
    { kind: "GetReply", id: 1, record: large, effective: nothing, answered: undefined, merged: large },
    { kind: "PutReply", id: 1, context: large.subarray(0, 10), record: large, effective: nothing, answered: undefined },
    { kind: "ReplicaGetReply", id: 1, answer: "record", record: large },
    {
      kind: "Put",
      id: 1,
      op: large.subarray(0, 14),
      key: large.subarray(0, 10),
      value: large,
      context: undefined,
      timeoutMs: 1,
      options: undefined,
      returnValue: false,
      details: false,
      ...plainPut,
    },
    { kind: "Status", id: 1 },
  ];
  for (const one of messages) expect(Math.abs(roughSize(one) - encodeFrame([one]).length)).toBeLessThan(200);
});
