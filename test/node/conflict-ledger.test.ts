/**
 * node/conflict-ledger.ts: what last-write-wins leaves out is noted where it meets the winner, in one batch with the record, kept over
 * restarts, bounded by time and bytes, and listed page by page (design §8: nothing is lost silently).
 */
import { describe, expect, test } from "vitest";
import { fromBinary } from "../../src/bytes.ts";
import { emptyContext } from "../../src/causal-context.ts";
import { decodeConflict, type Conflict } from "../../src/conflict.ts";
import type { Change } from "../../src/crdt/change.ts";
import { formatKey } from "../../src/key.ts";
import { makeOpId } from "../../src/op-id.ts";
import { plainPut, type Conflicts } from "../../src/messages.ts";
import type { ConflictsStatus } from "../../node/conflict-ledger.ts";
import type { NodeId } from "../../src/ring.ts";
import type { Effect } from "../../node/effects.ts";
import { Cluster, keyOf, valuesOf, type Choice, type Shape } from "./cluster.ts";

const key = "tasks/t1";
const nodes = ["n1", "n2", "n3"] as const;
const lww: Choice = { resolver: "lww", w: 1 };
const everything = [new Uint8Array(0), Uint8Array.of(0xff)] as const;
let operations = 1000;

function put(cluster: Cluster, node: NodeId, value: string | undefined, path: string = key, choice: Choice = {}): void {
  cluster.put(node, path, value, { ...lww, ...choice });
  cluster.settle();
  cluster.tick(100);
  cluster.settle();
}

/** Sets a field of the map under the key. */
function set(cluster: Cluster, node: NodeId, field: string, value: string): void {
  const written = new TextEncoder().encode(value);
  const change: Change = { kind: "write", path: `m${field.length}:${field}w`, value: written, observed: emptyContext };
  const op = fromBinary(makeOpId("client..", operations++));
  const choice = {
    options: { w: 1 } as const,
    returnValue: false,
    details: false,
    context: undefined,
    value: undefined,
  };
  cluster.request(node, {
    kind: "Put",
    id: 1,
    op,
    key: keyOf(key),
    timeoutMs: 5000,
    ...choice,
    ...plainPut,
    changes: [change],
  });
  cluster.settle();
  cluster.tick(100);
  cluster.settle();
}

/** n1 on its own; the others are heard of again by hints. */
function part(cluster: Cluster): void {
  cluster.isolate("n1");
}

function heal(cluster: Cluster): void {
  cluster.linkUp("n1", "n2");
  cluster.linkUp("n1", "n3");
  pass(cluster, 8000);
}

function pass(cluster: Cluster, ms: number): void {
  for (let left = ms; left > 0; left -= 500) {
    cluster.tick(500);
    cluster.settle();
  }
}

/** One node's, page by page. */
function listed(cluster: Cluster, node: NodeId, question: Partial<Conflicts> = {}): Conflict[] {
  const found: Conflict[] = [];
  let from: Uint8Array | undefined;
  do {
    const message: Conflicts = { kind: "Conflicts", id: 1, bucket: "tasks", key: undefined, ...question, from };
    const { answer } = cluster.request(node, message);
    if (answer?.kind !== "ConflictsReply") throw new Error(`no ConflictsReply but ${JSON.stringify(answer)}`);
    found.push(...answer.entries.map(decodeConflict));
    from = answer.end;
  } while (from !== undefined);
  return found;
}

function receive(cluster: Cluster, node: NodeId, record: Uint8Array, standsFor: NodeId | undefined): void {
  const message = {
    kind: "ReplicaPut",
    id: 9,
    key: keyOf(key),
    record,
    timeoutMs: 1000,
    early: false,
    standsFor,
  } as const;
  cluster.input(node, { kind: "peer", node: "n2", message });
  cluster.settle();
}

/** What a reader is shown. */
function shown(cluster: Cluster): string[] {
  const read = cluster.get("n3", key);
  cluster.settle();
  return valuesOf(read.object);
}

function lost(cluster: Cluster, node: NodeId): string[] {
  return listed(cluster, node)
    .map(({ path, value }) => `${path} ${value === undefined ? "†" : new TextDecoder().decode(value)}`)
    .sort();
}

function lostAnywhere(cluster: Cluster): string[] {
  return [...new Set(nodes.flatMap((node) => lost(cluster, node)))].sort();
}

function statusOf(cluster: Cluster, node: NodeId): ConflictsStatus {
  return cluster.status(node).conflicts;
}

function parted(shape: Shape = {}): Cluster {
  const cluster = new Cluster(shape);
  part(cluster);
  put(cluster, "n1", "mine");
  put(cluster, "n2", "theirs");
  heal(cluster);
  return cluster;
}

describe("after a partition", () => {
  test("the value that lost is listed, with who won, by every node where both met", () => {
    const cluster = parted();
    expect(shown(cluster)).toEqual(["theirs"]);
    for (const node of nodes) expect(lost(cluster, node), node).toEqual(["w mine"]);
    const [entry] = listed(cluster, "n1");
    const [loser, winner] = cluster.object("n1", key).siblings;
    expect(entry).toMatchObject({
      key: keyOf(key),
      dot: loser!.dot,
      winner: { dot: winner!.dot, timestamp: winner!.timestamp },
    });
  });

  test("a field that only one side has set is not lost, one that both have is", () => {
    const cluster = new Cluster();
    part(cluster);
    set(cluster, "n1", "status", "open");
    set(cluster, "n1", "title", "buy tea");
    set(cluster, "n2", "status", "done");
    heal(cluster);
    expect(lostAnywhere(cluster)).toEqual(["m6:statusw open"]);
  });

  test("a later write by somebody who has seen both leaves the entry as it is", () => {
    const cluster = parted();
    const read = cluster.get("n2", key);
    cluster.settle();
    put(cluster, "n2", "both", key, { context: read.token(key) });
    expect(lostAnywhere(cluster)).toEqual(["w mine"]);
  });

  test("plain values lose nothing", () => {
    const cluster = new Cluster();
    part(cluster);
    cluster.put("n1", key, "mine", { w: 1 });
    cluster.put("n2", key, "theirs", { w: 1 });
    heal(cluster);
    expect(shown(cluster)).toEqual(["mine", "theirs"]);
    expect(lostAnywhere(cluster)).toEqual([]);
    for (const node of nodes) expect([...cluster.store(node).scan("conflicts", ...everything)]).toEqual([]);
  });
});

describe("nothing is missed", () => {
  test("when the winner was replaced before the loser came", () => {
    const cluster = new Cluster();
    part(cluster);
    put(cluster, "n1", "mine");
    put(cluster, "n2", "theirs");
    put(cluster, "n2", "theirs again");
    heal(cluster);
    expect(lostAnywhere(cluster)).toEqual(["w mine"]);
  });

  test("when a newer write on the loser's side beats all of the other side", () => {
    const cluster = new Cluster();
    part(cluster);
    put(cluster, "n1", "mine");
    put(cluster, "n2", "theirs");
    put(cluster, "n1", "mine again");
    heal(cluster);
    expect(lostAnywhere(cluster)).toEqual(["w theirs"]);
  });

  test("when both met only at a stand-in, in hints for different nodes, and a third replaced them there", () => {
    const cluster = standIn();
    hint(cluster, "n1", "n1");
    hint(cluster, "n2", "n2");
    expect(lost(cluster, "n4")).toEqual([]);
    put(cluster, "n4", "newest");
    expect(lost(cluster, "n4")).toEqual(["w mine"]);
  });

  test("when both met in a stand-in's hint for one node", () => {
    const cluster = standIn();
    hint(cluster, "n1", "n3");
    hint(cluster, "n2", "n3");
    expect(lost(cluster, "n4")).toEqual(["w mine"]);
  });

  /** n4 is no primary, and reaches none; n1 has one value, and n2 another. */
  function standIn(): Cluster {
    const cluster = new Cluster({ nodes: 4 });
    cluster.isolate("n4");
    part(cluster);
    put(cluster, "n1", "mine");
    put(cluster, "n2", "theirs");
    return cluster;
  }

  /** n4 keeps what `from` has, for `target`. */
  function hint(cluster: Cluster, from: NodeId, target: NodeId): void {
    receive(cluster, "n4", cluster.record(from, key)!, target);
  }
});

describe("on the disk", () => {
  test("an entry stands in the batch of its record: a crash takes both or none", () => {
    const batches: string[] = [];
    const observe = (node: NodeId, effect: Effect): void => {
      if (effect.kind === "persist" && effect.writes.some(({ table }) => table === "conflicts"))
        batches.push(`${node} ${effect.writes.map(({ table }) => table).join()}`);
    };
    parted({ observe });
    expect([...new Set(batches)].sort()).toEqual(nodes.map((node) => `${node} objects,conflicts`));
  });

  test("entries stay over a crash, and are counted again", () => {
    const cluster = parted();
    const before = statusOf(cluster, "n3");
    expect(before).toMatchObject({ count: 1, noted: 1, dropped: 0 });
    cluster.crash("n3");
    cluster.restart("n3");
    expect(lost(cluster, "n3")).toEqual(["w mine"]);
    expect(statusOf(cluster, "n3")).toMatchObject({ count: 1, bytes: before.bytes, noted: 0 });
  });

  test("reads of what has met write nothing", () => {
    const cluster = parted();
    const batches = nodes.map((node) => cluster.store(node).writingBatches);
    for (const node of nodes) cluster.get(node, key, { r: "all" });
    cluster.settle();
    for (const node of nodes) listed(cluster, node);
    expect(nodes.map((node) => cluster.store(node).writingBatches)).toEqual(batches);
  });

  test("what a wiped disk is given back is not noted there as if it had met now", () => {
    const cluster = parted();
    cluster.crash("n3");
    cluster.replaceDisk("n3");
    cluster.restart("n3");
    receive(cluster, "n3", cluster.record("n1", key)!, undefined);
    expect(cluster.object("n3", key).siblings).toHaveLength(2);
    expect(lost(cluster, "n3")).toEqual([]);
  });
});

describe("bounds", () => {
  const keys = Array.from({ length: 200 }, (_, at) => `tasks/${at}`);

  /** As many conflicts as there are keys, in two waves. */
  function many(shape: Shape): Cluster {
    const cluster = new Cluster(shape);
    for (const wave of [keys.slice(0, 100), keys.slice(100)]) {
      part(cluster);
      for (const path of wave) {
        put(cluster, "n1", "mine", path);
        put(cluster, "n2", "theirs", path);
      }
      heal(cluster);
    }
    return cluster;
  }

  test("what is too old goes, and is not called dropped", () => {
    const cluster = many({ tuning: { conflictAgeMsMax: 120_000 } });
    expect(statusOf(cluster, "n1").count).toBe(keys.length);
    expect(statusOf(cluster, "n1").oldestAgeMs).toBeLessThanOrEqual(120_000);
    pass(cluster, 130_000);
    for (const node of nodes)
      expect(statusOf(cluster, node)).toMatchObject({ count: 0, bytes: 0, oldestAgeMs: 0, dropped: 0 });
    expect(lostAnywhere(cluster)).toEqual([]);
  });

  test("of what is too much the oldest go, and are counted", () => {
    const whole = statusOf(many({}), "n1");
    const cluster = many({ tuning: { conflictBytesMax: whole.bytes / 4 } });
    pass(cluster, 5000);
    const { count, bytes, noted, dropped } = statusOf(cluster, "n1");
    expect(bytes).toBeLessThanOrEqual(whole.bytes / 4);
    expect(count).toBeGreaterThan(keys.length / 5);
    expect({ noted, dropped }).toEqual({ noted: keys.length, dropped: keys.length - count });
    const left = listed(cluster, "n1").map((one) => formatKey(one.key));
    expect(left).toHaveLength(count);
    expect(keys.slice(100)).toEqual(expect.arrayContaining(left));
  });

  test("what is left is counted from the disk after a crash, more than a tick's worth", () => {
    const cluster = many({});
    const before = statusOf(cluster, "n2");
    cluster.crash("n2");
    cluster.restart("n2");
    expect(statusOf(cluster, "n2").count).toBeLessThan(keys.length);
    pass(cluster, 5000);
    expect(statusOf(cluster, "n2")).toMatchObject({ count: before.count, bytes: before.bytes });
  });

  test("one key of many is listed by itself, a bucket without those of another", () => {
    const cluster = many({});
    expect(listed(cluster, "n1", { key: keyOf("tasks/17") }).map((one) => one.key)).toEqual([keyOf("tasks/17")]);
    expect(listed(cluster, "n1", { bucket: "task" })).toEqual([]);
    expect(listed(cluster, "n1")).toHaveLength(keys.length);
  });

  test("pages end where they are full, and go on there", () => {
    const cluster = new Cluster();
    part(cluster);
    const large = "x".repeat(700_000);
    for (let at = 0; at < 5; at++) {
      put(cluster, "n1", large, `tasks/${at}`);
      put(cluster, "n2", "theirs", `tasks/${at}`);
    }
    heal(cluster);
    const { answer } = cluster.request("n2", {
      kind: "Conflicts",
      id: 1,
      bucket: "tasks",
      key: undefined,
      from: undefined,
    });
    expect(answer).toMatchObject({ entries: { length: 2 } });
    expect(listed(cluster, "n2")).toHaveLength(5);
  });
});
