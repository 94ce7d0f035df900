/** node/candidates.ts, hints.ts and holdings.ts: what a node does in the place of a primary (design §4.3, §7). */
import { describe, expect, test } from "vitest";
import type { NodeStatus } from "../../node/status.ts";
import type { Effect } from "../../node/effects.ts";
import { sequenceOf } from "../../src/op-id.ts";
import { decodeRecord } from "../../src/record.ts";
import { Cluster, dotsOf, dotText, keyOf, valuesOf } from "./cluster.ts";

const key = "carts/alice";
const fiveNodes = { nodes: 5 };

function hintsOf(cluster: Cluster, node: string): NodeStatus["hints"] {
  return cluster.status(node).hints;
}

/** Of each sibling that is written as a hint, its dot and its operation. */
function mintedIn(effect: Effect): string[] {
  if (effect.kind !== "persist") return [];
  return effect.writes.flatMap(({ table, value }) =>
    table !== "hints" || value === undefined
      ? []
      : decodeRecord(value.subarray(6)).siblings.map(({ dot, op }) => `${dotText(dot)} ${sequenceOf(op)}`),
  );
}

/** Time goes on, a tick at a time, and everything that it gives rise to happens. */
function pass(cluster: Cluster, ms: number): void {
  for (let left = ms; left > 0; left -= 500) {
    cluster.tick(500);
    cluster.settle();
  }
}

describe("a stand-in", () => {
  test("and the primary it stands for count once", () => {
    // I12: n3 answers late, and what n4 keeps for it will lie on one disk, not on two.
    const cluster = new Cluster({ nodes: 4 });
    const put = cluster.put("n1", key, "tea", { w: 3 });
    cluster.drop("n1", "n2");
    cluster.deliver("n1", "n3");
    cluster.linkDown("n1", "n3");
    cluster.linkUp("n1", "n3");
    cluster.sync("n1");
    cluster.sync("n3");
    cluster.deliver("n3", "n1");
    cluster.deliver("n1", "n4");
    cluster.sync("n4");
    cluster.deliver("n4", "n1");
    expect(put.answer).toBeUndefined();
  });

  test("coordinates when no primary can be reached, and mints dots of its own", () => {
    // Design §4.3: the coordinator is a node of the list or, when no primary answers, a fallback.
    const cluster = new Cluster(fiveNodes);
    for (const primary of ["n1", "n2", "n3"]) cluster.crash(primary);
    const first = cluster.put("n5", key, "tea");
    cluster.settle();
    expect(first.answer).toMatchObject({ kind: "PutReply", answered: ["n5", "n4"] });
    const second = cluster.put("n5", key, "milk", { context: first.context });
    cluster.settle();
    for (const primary of ["n1", "n2", "n3"]) cluster.restart(primary);
    pass(cluster, 2000);
    expect(valuesOf(cluster.object("n2", key))).toEqual(["milk"]);
    expect(second.answer).toMatchObject({ kind: "PutReply" });
    expect(hintsOf(cluster, "n5").count).toBe(0);
  });

  test("takes a fresh epoch for what it minted, handed off and forgot", () => {
    // Scenario 2 (kv679_dataloss_fb): the same dot must not name two writes because a fallback forgot the first.
    const cluster = new Cluster(fiveNodes);
    for (const primary of ["n1", "n2", "n3"]) cluster.crash(primary);
    const first = cluster.put("n5", key, "tea");
    cluster.settle();
    for (const primary of ["n1", "n2", "n3"]) cluster.restart(primary);
    pass(cluster, 2000);
    const before = cluster.object("n1", key).siblings.map(({ dot }) => dotText(dot));
    for (const primary of ["n1", "n2", "n3"]) cluster.crash(primary);
    cluster.put("n5", key, "milk", { context: first.context });
    cluster.settle();
    for (const primary of ["n1", "n2", "n3"]) cluster.restart(primary);
    pass(cluster, 2000);
    expect(valuesOf(cluster.object("n1", key))).toEqual(["milk"]);
    expect(cluster.object("n1", key).siblings.map(({ dot }) => dotText(dot))).not.toEqual(before);
  });

  test("issues no dot twice, whichever of the hints that it minted on are gone", () => {
    // I0: an actor never issues a counter twice. n3's hint of the first write is still here when n1 has got, twice, what was
    // minted on top of it.
    const issued: string[] = [];
    const cluster = new Cluster({ ...fiveNodes, observe: (_, effect) => issued.push(...mintedIn(effect)) });
    for (const primary of ["n1", "n2", "n3"]) cluster.linkDown("n4", primary);
    for (const choice of [{}, { n: 1 }, { n: 1 }]) {
      cluster.put("n4", key, "tea", choice);
      pass(cluster, 2000);
      cluster.linkUp("n4", "n1");
      pass(cluster, 2000);
      cluster.linkDown("n4", "n1");
    }
    const byDot = new Map(issued.map((pair) => [pair.split(" ")[0], pair]));
    expect(byDot.size).toBe(3);
    expect(new Set(issued)).toEqual(new Set(byDot.values()));
  });

  test("goes on with its actor while it keeps all that it knows of the key for the first primary", () => {
    // An actor per write would fill the key's context while its primaries are away.
    const cluster = new Cluster(fiveNodes);
    for (const primary of ["n1", "n2", "n3"]) cluster.linkDown("n4", primary);
    let seen: Uint8Array | undefined;
    for (let at = 0; at < 5; at++) {
      const put = cluster.put("n4", key, `${at}`, { context: seen });
      pass(cluster, 2000);
      seen = put.context;
    }
    const get = cluster.get("n4", key, { r: 1 });
    cluster.settle();
    expect(dotsOf(get.object)).toEqual(["n4.1:5"]);
  });

  test("takes nothing for somebody who is no primary of the key", () => {
    const cluster = new Cluster(fiveNodes);
    cluster.put("n1", key, "tea");
    cluster.settle();
    const message = {
      kind: "ReplicaPut",
      id: 1,
      key: keyOf(key),
      record: cluster.record("n1", key)!,
      timeoutMs: 1000,
      early: false,
      standsFor: "n5",
    } as const;
    cluster.input("n4", { kind: "peer", node: "n1", message });
    expect(cluster.inFlight.at(-1)?.message).toMatchObject({ kind: "Failure", code: "INVALID_ARGUMENT" });
    expect(hintsOf(cluster, "n4").count).toBe(0);
  });
});

test("two stand-ins that take turns for a whole outage need no new actor for each write", () => {
  // Contexts must not grow with the writes of an outage (seed 20210): design §4.2, actors are bounded by replicas and epochs.
  const cluster = new Cluster(fiveNodes);
  for (const primary of ["n1", "n2", "n3"]) cluster.crash(primary);
  let context: Uint8Array | undefined;
  for (let write = 0; write < 20; write++) {
    const put = cluster.put(write % 2 === 0 ? "n4" : "n5", key, `value ${write}`, { context });
    cluster.settle();
    ({ context } = put);
  }
  for (const primary of ["n1", "n2", "n3"]) cluster.restart(primary);
  pass(cluster, 3000);
  expect(valuesOf(cluster.object("n1", key))).toEqual(["value 19"]);
  expect(cluster.object("n1", key).context.length).toBeLessThanOrEqual(4);
});
