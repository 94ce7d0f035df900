/** node/merges.ts: application merges on the node, for readers that have no function (design §8). */
import { describe, expect, onTestFinished, test } from "vitest";
import type { Merge } from "../../node/merges.ts";
import { fromBinary } from "../../src/bytes.ts";
import { limits } from "../../src/limits.ts";
import { plainPut, type GetReply } from "../../src/messages.ts";
import { makeOpId } from "../../src/op-id.ts";
import { decodeValue, encodeValue } from "../../src/value.ts";
import { Cluster, keyOf, type Choice } from "./cluster.ts";

const key = "carts/alice";

function union(a: readonly string[], b: readonly string[]): readonly string[] {
  return [...new Set([...a, ...b])].sort();
}

/** Three nodes whose bucket `carts` has this merge, and one sibling each of these values; bytes are stored as they are. */
function holding(merge: Merge | undefined, ...values: readonly unknown[]): Cluster {
  const cluster = new Cluster(merge === undefined ? {} : { merges: { carts: merge } });
  for (const [at, value] of values.entries())
    write(cluster, at, value instanceof Uint8Array ? value : encodeValue(value));
  cluster.settle();
  return cluster;
}

/** Blind: it becomes a sibling. */
function write(cluster: Cluster, at: number, value: Uint8Array | undefined): void {
  const op = fromBinary(makeOpId("client..", at + 1));
  const common = {
    id: at,
    context: undefined,
    timeoutMs: 5000,
    options: undefined,
    returnValue: false,
    details: true,
    ...plainPut,
  };
  cluster.request("n1", { kind: "Put", op, key: keyOf(key), value, ...common });
}

function read(cluster: Cluster, choice: Choice = { resolve: true }): GetReply {
  const get = cluster.get("n2", key, choice);
  cluster.settle();
  if (get.answer?.kind !== "GetReply") throw new Error(`no GetReply but ${JSON.stringify(get.answer)}`);
  return get.answer;
}

function counted(cluster: Cluster): readonly [merges: number, failures: number] {
  const { merges, mergeFailures } = cluster.status("n2").counters;
  return [merges, mergeFailures];
}

describe("a merge that does", () => {
  test("stands in the reply beside the siblings, and what is stored stays as it is", () => {
    // Design §8: resolvers run on read; the stored object keeps its siblings until a write replaces them.
    const cluster = holding(union, ["tea"], ["rye"], ["oil", "tea"]);
    const before = cluster.record("n2", key)!;
    const reply = read(cluster);
    expect(decodeValue(reply.merged)).toEqual(["oil", "rye", "tea"]);
    expect(reply.mergeProblem).toBeUndefined();
    expect(reply.record).toEqual(before);
    expect(cluster.record("n2", key)).toEqual(before);
    expect(counted(cluster)).toEqual([1, 0]);
  });

  test("merges the join of what the replicas answered, not only what the coordinator holds", () => {
    // Design §6.3: the reply is the join.
    const cluster = new Cluster({ merges: { carts: union } });
    cluster.linkDown("n1", "n2");
    cluster.linkDown("n1", "n3");
    for (const [node, item] of [
      ["n1", "tea"],
      ["n2", "rye"],
    ] as const)
      cluster.request(node, {
        kind: "Put",
        id: 1,
        op: fromBinary(makeOpId("client..", item === "tea" ? 1 : 2)),
        key: keyOf(key),
        value: encodeValue([item]),
        context: undefined,
        timeoutMs: 5000,
        options: { w: 1, dw: 1 },
        returnValue: false,
        details: false,
        ...plainPut,
      });
    cluster.settle();
    cluster.linkUp("n1", "n2");
    expect(decodeValue(read(cluster, { resolve: true, r: 2 }).merged)).toEqual(["rye", "tea"]);
  });

  test("may return null, which is a value", () => {
    const reply = read(holding(() => null, ["tea"], ["rye"]));
    expect(decodeValue(reply.merged)).toBeNull();
  });

  test("is asked in the order of the dots, whichever node asks it", () => {
    // Determinism: a merge that is not commutative gives the same on every node, for as long as they hold the same.
    const cluster = holding((a: string, b: string) => `${a}${b}`, "x", "y", "z");
    const replies = ["n1", "n2", "n3"].map((node) => {
      const get = cluster.get(node, key, { resolve: true });
      cluster.settle();
      return (get.answer as GetReply).merged;
    });
    expect(replies.map(decodeValue)).toEqual(["xyz", "xyz", "xyz"]);
  });

  test("travels with a get that is forwarded", () => {
    // src/messages.ts: a forwarded request is unchanged but for its id.
    const cluster = new Cluster({ nodes: 4, merges: { carts: union } });
    write(cluster, 0, encodeValue(["tea"]));
    write(cluster, 1, encodeValue(["rye"]));
    cluster.settle();
    const get = cluster.get("n4", key, { resolve: true });
    cluster.settle();
    expect(cluster.status("n4").counters.forwards).toBe(1);
    expect(decodeValue((get.answer as GetReply).merged)).toEqual(["rye", "tea"]);
  });
});

describe("nothing is merged", () => {
  test.each<readonly [string, Merge | undefined, readonly unknown[], Choice]>([
    ["unless it is asked for", union, [["tea"], ["rye"]], {}],
    ["for a reader that wants no values", union, [["tea"], ["rye"]], { resolve: true, head: true }],
    ["in a bucket without a merge", undefined, [["tea"], ["rye"]], { resolve: true }],
    ["where there is one sibling", union, [["tea"]], { resolve: true }],
    ["where there is none", union, [], { resolve: true }],
  ])("%s", (_, merge, values, choice) => {
    const cluster = holding(merge, ...values);
    const reply = read(cluster, choice);
    expect([reply.merged, reply.mergeProblem]).toEqual([undefined, undefined]);
    expect(counted(cluster)).toEqual([0, 0]);
  });

  test("beside a tombstone, which nobody sees", () => {
    // Design §4.2: reads hide tombstones.
    const cluster = holding(union, ["tea"]);
    write(cluster, 1, undefined);
    cluster.settle();
    expect(read(cluster).merged).toBeUndefined();
    expect(counted(cluster)).toEqual([0, 0]);
  });

  test("in a bucket with the name of something that every object has", () => {
    const cluster = new Cluster({ merges: { carts: union } });
    const get = cluster.get("n1", "constructor/alice", { resolve: true });
    cluster.settle();
    expect(get.answer).toMatchObject({ kind: "GetReply", record: undefined });
  });
});

describe("a merge that fails", () => {
  const circle: Record<string, unknown> = {};
  circle.self = circle;

  test.each<readonly [string, Merge, string]>([
    [
      "throws",
      () => {
        throw new Error("no price for tea");
      },
      "no price for tea",
    ],
    [
      "throws what is no error",
      () => {
        throw Object.create(null) as Error;
      },
      "the merge threw object",
    ],
    [
      "throws an error without words",
      () => {
        throw new Error();
      },
      "the merge threw an error",
    ],
    [
      "throws an error whose words are none",
      () => {
        throw Object.assign(new Error(), { message: null });
      },
      "the merge threw object",
    ],
    ["returns nothing", () => undefined, "the merge returned nothing"],
    ["returns a promise", async () => ["tea"], "the merge returned a promise: it must be synchronous"],
    ["returns a function", () => () => 1, "this value cannot be stored: it is a function"],
    [
      "returns a set",
      () => ({ items: new Set() }),
      "this value cannot be stored: .items is a Set, which would come back as something else",
    ],
    [
      "returns a circle",
      () => circle,
      `this value cannot be stored: ${".self".repeat(101)} is nested deeper`.slice(0, 200),
    ],
    [
      "returns too much",
      () => new Uint8Array(limits.valueBytesMax),
      "the value has 1048581 bytes, the limit is 1048576",
    ],
    [
      "never comes to an end of its calls",
      function again(a: never, b: never): unknown {
        return [again(b, a)];
      },
      "Maximum call stack size exceeded",
    ],
  ])("because it %s leaves the siblings in place and says so", (_, merge, problem) => {
    // Design §8: a merge that throws at run time leaves the siblings untouched and is reported, never swallowed.
    const cluster = holding(merge, ["tea"], ["rye"]);
    const reply = read(cluster);
    expect(reply.merged).toBeUndefined();
    expect(reply.mergeProblem).toContain(problem);
    expect(reply.mergeProblem!.length).toBeLessThanOrEqual(201);
    expect(reply.record).toEqual(cluster.record("n2", key));
    expect(counted(cluster)).toEqual([1, 1]);
    expect(cluster.logs).toMatchObject([{ node: "n2", level: "warn", event: "merge failed", fields: { key } }]);
  });

  test("leaves nobody to catch a promise that is rejected", async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on("unhandledRejection", note);
    onTestFinished(() => void process.off("unhandledRejection", note));
    read(holding(async () => Promise.reject(new Error("late")), ["tea"], ["rye"]));
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toEqual([]);
  });

  test("is logged once in a while, and counted every time", () => {
    const cluster = holding(() => undefined, ["tea"], ["rye"]);
    for (let reads = 0; reads < 100; reads++) read(cluster);
    expect(counted(cluster)).toEqual([100, 100]);
    expect(cluster.logs).toHaveLength(1);
  });

  test("on a sibling that is no value says that", () => {
    const reply = read(holding(union, ["tea"], Uint8Array.of(0xc1)));
    expect(reply).toMatchObject({ mergeProblem: expect.stringContaining("the stored bytes are no value") as unknown });
  });
});

test("more siblings than a write would allow are never merged", () => {
  // Bounded work: `limits.siblingsMax` is what a write is refused at, and a sync of two sides may go past it.
  let calls = 0;
  const cluster = new Cluster({ merges: { carts: (a: number, b: number) => (calls++, Math.max(a, b)) } });
  cluster.linkDown("n1", "n2");
  cluster.linkDown("n1", "n3");
  for (let at = 0; at < 140; at++) {
    const op = fromBinary(makeOpId("client..", at + 1));
    const common = {
      id: at,
      context: undefined,
      timeoutMs: 5000,
      returnValue: false,
      details: true,
      ...plainPut,
    } as const;
    const options = { w: 1, dw: 1 };
    cluster.request(at % 2 === 0 ? "n1" : "n2", {
      kind: "Put",
      op,
      key: keyOf(key),
      value: encodeValue(at),
      options,
      ...common,
    });
  }
  cluster.settle();
  cluster.linkUp("n1", "n2");
  expect(read(cluster, { resolve: true, r: 2 }).mergeProblem).toBe(
    "there are 140 siblings, and at most 128 are merged",
  );
  expect(calls).toBe(0);
});
