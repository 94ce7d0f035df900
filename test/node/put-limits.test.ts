/** What a put is refused for, and that nothing of it is written then (design §4.4, §4.5, §14). */
import { describe, expect, test } from "vitest";
import { contextOf } from "../../src/causal-context.ts";
import { makeActor } from "../../src/dot.ts";
import { hashKey } from "../../src/key.ts";
import { limits } from "../../src/limits.ts";
import { earliest } from "../../src/timestamp.ts";
import { encodeToken } from "../../src/token.ts";
import { Cluster, dotText, keyOf } from "./cluster.ts";

const key = "carts/alice";

describe("limits", () => {
  test("the 129th sibling is refused, and nothing of it is written", () => {
    // Design §14: siblings warn 16, refuse 128.
    const cluster = new Cluster();
    for (let sibling = 1; sibling <= limits.siblingsMax; sibling++) cluster.put("n1", key, `${sibling}`);
    cluster.settle();
    expect(cluster.requests.every(({ answer }) => answer?.kind === "PutReply")).toBe(true);
    const refused = cluster.put("n1", key, "one more");
    expect(refused.answer).toMatchObject({ code: "TOO_MANY_SIBLINGS", outcome: "none" });
    expect(cluster.inFlight).toEqual([]);
    expect(cluster.object("n1", key).siblings).toHaveLength(limits.siblingsMax);
    expect(cluster.logs.some(({ event }) => event === "many siblings")).toBe(true);
  });

  test("a value above its limit is refused, one at its limit is not", () => {
    // Design §14: value ≤ 1 MiB.
    const cluster = new Cluster();
    const fits = cluster.put("n1", key, "x".repeat(limits.valueBytesMax));
    const refused = cluster.put("n1", key, "x".repeat(limits.valueBytesMax + 1));
    cluster.settle();
    expect(fits.answer).toMatchObject({ kind: "PutReply" });
    expect(refused.answer).toMatchObject({ code: "TOO_LARGE", outcome: "none" });
  });

  test("a record that siblings would make too large is refused", () => {
    // src/limits.ts: recordBytesMax, all siblings together.
    const cluster = new Cluster();
    const most = limits.recordBytesMax / limits.valueBytesMax;
    for (let sibling = 1; sibling < most; sibling++) cluster.put("n1", key, "x".repeat(limits.valueBytesMax));
    const refused = cluster.put("n1", key, "x".repeat(limits.valueBytesMax));
    expect(refused.answer).toMatchObject({ code: "TOO_LARGE", outcome: "none" });
    expect(cluster.object("n1", key).siblings).toHaveLength(most - 1);
  });

  test("a token of another key is refused", () => {
    // Design §4.5: a token is bound to its key.
    const cluster = new Cluster();
    const put = cluster.put("n1", "carts/bob", "tea");
    cluster.settle();
    expect(cluster.put("n1", key, "milk", { context: put.context }).answer).toMatchObject({
      code: "BAD_CONTEXT",
      outcome: "none",
    });
  });

  test("a token that claims epochs which this replica never handed out is refused", () => {
    // Design §4.5: one that claims dots this replica never issued as its own is refused.
    const cluster = new Cluster();
    const claimed = contextOf([{ actor: makeActor("n1......", 3), counter: 1 }]);
    const context = encodeToken(hashKey(keyOf(key)), { context: claimed, latest: earliest });
    expect(cluster.put("n1", key, "tea", { context }).answer).toMatchObject({ code: "BAD_CONTEXT", outcome: "none" });
    expect(cluster.record("n1", key)).toBeUndefined();
  });

  test("a token from a clock too far ahead is refused, never clamped", () => {
    // Design §4.4: timestamps further than clockOffsetMaxMs ahead are refused with a named error.
    const cluster = new Cluster();
    const put = cluster.put("n1", key, "tea");
    cluster.settle();
    cluster.setWall("n2", -limits.clockOffsetMsMax - 1);
    expect(cluster.put("n2", key, "milk", { context: put.context }).answer).toMatchObject({
      code: "CLOCK_SKEW",
      outcome: "none",
    });
  });

  test("a write is later than what it replaces, whatever the clocks", () => {
    // I11, design §4.4: at least 1 above every timestamp it replaces.
    const cluster = new Cluster();
    cluster.setWall("n2", -400);
    const first = cluster.put("n1", key, "tea");
    cluster.settle();
    cluster.put("n2", key, "milk", { context: first.context });
    const [tea] = cluster.object("n1", key).siblings;
    const [milk] = cluster.object("n2", key).siblings;
    expect(milk!.timestamp).toEqual({ ms: tea!.timestamp.ms, counter: tea!.timestamp.counter + 1 });
    expect(dotText(milk!.dot)).toBe("n2.1:1");
  });
});

test("a context of very many single dots is refused: every replica would have to walk it for ever after", () => {
  // Design §14: everything has a limit.
  const cluster = new Cluster();
  const cloud = Array.from({ length: limits.contextEntriesMax }, (_, at) => 2 * at + 2);
  const context = encodeToken(hashKey(keyOf(key)), {
    context: [{ actor: makeActor("attacker", 1), base: 0, cloud }],
    latest: earliest,
  });
  expect(cluster.put("n1", key, "tea", { context }).answer).toMatchObject({ code: "TOO_LARGE", outcome: "none" });
  expect(cluster.record("n1", key)).toBeUndefined();
});

test("forged claims of another replica's epochs make it start over once, not time and again", () => {
  // Design §4.5: they look like a disk that was set back. Each new id would cost every key of the replica an actor.
  const cluster = new Cluster();
  const ids = new Set<unknown>();
  for (let round = 0; round < 5; round++) {
    const actor = makeActor(fromHex(cluster.status("n2").replicaId), 2 ** 40);
    const context = encodeToken(hashKey(keyOf(key)), { context: contextOf([{ actor, counter: 1 }]), latest: earliest });
    cluster.put("n1", key, "x", { context });
    cluster.settle();
    ids.add(cluster.status("n2").replicaId);
  }
  expect(ids.size).toBe(1);
  expect(cluster.put("n2", "carts/bob", "still serving").answer ?? "pending").toBe("pending");
});

function fromHex(hex: string): string {
  return (hex.match(/../g) ?? []).map((digits) => String.fromCharCode(Number.parseInt(digits, 16))).join("");
}
