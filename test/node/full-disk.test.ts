/** Design §14: a full disk refuses writes with STORAGE and keeps reading. Seen from a node's door; its driver says when it is full. */
import { beforeEach, describe, expect, test } from "vitest";
import { Cluster, valuesOf } from "./cluster.ts";

const key = "carts/alice";
const refusal = { kind: "Failure", code: "STORAGE", outcome: "none", retryable: true };

let cluster: Cluster;

beforeEach(() => {
  cluster = new Cluster();
  cluster.put("n1", key, "tea");
  cluster.settle();
});

function setFull(isFull: boolean, node = "n1"): void {
  cluster.input(node, { kind: "diskFull", isFull });
}

describe("a node whose disk is full", () => {
  test("refuses a client's write before anything of it is done: another node may have room", () => {
    setFull(true);
    const before = cluster.store("n1").writingBatches;
    expect(cluster.put("n1", key, "milk").answer).toMatchObject(refusal);
    expect(cluster.put("n1", key, undefined).answer).toMatchObject(refusal);
    expect(cluster.inFlight).toEqual([]);
    expect(cluster.store("n1").writingBatches).toBe(before);
  });

  test("answers a coordinator at once, who tells its client whose disk it is, or does without", () => {
    setFull(true, "n3");
    const all = cluster.put("n1", key, "milk", { w: 3 });
    cluster.settle();
    expect(all.answer).toMatchObject({ code: "UNAVAILABLE", outcome: "unknown" });
    expect(all.answer).toHaveProperty("message", expect.stringContaining("the disk of n3 is full") as string);
    const most = cluster.put("n1", key, "coffee");
    cluster.settle();
    expect(most.answer).toMatchObject({ kind: "PutReply" });
  });

  test("reads as ever, for clients and for nodes", () => {
    setFull(true);
    const here = cluster.get("n1", key, { r: 1 });
    const there = cluster.get("n2", key, { r: 3 });
    cluster.settle();
    expect([valuesOf(here.object), valuesOf(there.object)]).toEqual([["tea"], ["tea"]]);
  });

  test("forwards what is not its own to write", () => {
    cluster = new Cluster({ nodes: 4 });
    setFull(true, "n4");
    const put = cluster.put("n4", key, "tea");
    cluster.settle();
    expect(put.answer).toMatchObject({ kind: "PutReply" });
  });

  test("finishes what it had taken before", () => {
    const put = cluster.put("n1", key, "milk", { w: 3 });
    setFull(true);
    cluster.settle();
    expect(put.answer).toMatchObject({ kind: "PutReply" });
  });

  test("fetches what it lost when there is room again, not before", () => {
    cluster.corrupt("n1", key);
    setFull(true);
    cluster.get("n1", key);
    cluster.settle();
    expect(cluster.status("n1").counters.recoveries).toBe(0);
    setFull(false);
    cluster.settle();
    expect(valuesOf(cluster.object("n1", key))).toEqual(["tea"]);
  });

  test("says so in its status, and once in its log for each change", () => {
    setFull(true);
    cluster.put("n1", key, "milk");
    cluster.tick(10);
    expect(cluster.status("n1")).toMatchObject({ disk: "full" });
    setFull(false);
    cluster.put("n1", key, "milk");
    expect(cluster.status("n1")).toMatchObject({ disk: "ok" });
    expect(cluster.logs.map(({ node, level, event }) => `${node} ${level} ${event}`)).toEqual([
      "n1 warn disk full",
      "n1 warn disk has room again",
    ]);
  });

  test("writes again when there is room again", () => {
    setFull(true);
    setFull(false);
    const put = cluster.put("n1", key, "milk", { w: 3 });
    cluster.settle();
    expect(put.answer).toMatchObject({ kind: "PutReply" });
  });
});
