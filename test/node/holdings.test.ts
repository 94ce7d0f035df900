/** node/holdings.ts: as a primary, for a primary, or both. */
import { expect, test } from "vitest";
import { Cluster, keyOf, valuesOf } from "./cluster.ts";

const key = "carts/alice";

test("a primary of the bucket that stands in for another one keeps the record and the hint", () => {
  // A request for n 2 of a bucket with n 3: n3 is a fallback of the request, and a primary of the key.
  const cluster = new Cluster();
  cluster.crash("n2");
  const put = cluster.put("n1", key, "tea", { n: 2, w: 2 });
  cluster.settle();
  expect(put.answer).toMatchObject({ kind: "PutReply", answered: ["n1", "n3"] });
  expect(valuesOf(cluster.object("n3", key))).toEqual(["tea"]);
  expect(cluster.status("n3").hints.targets).toHaveProperty("n2");
});

test("one that coordinates such a request alone does so too", () => {
  const cluster = new Cluster();
  cluster.crash("n1");
  cluster.crash("n2");
  const put = cluster.put("n3", key, "tea", { n: 2, w: 1 });
  cluster.settle();
  expect(put.answer).toMatchObject({ kind: "PutReply", answered: ["n3"] });
  expect(valuesOf(cluster.object("n3", key))).toEqual(["tea"]);
  expect(Object.keys(cluster.status("n3").hints.targets)).toEqual(["n1", "n2"]);
});

test("a node that is no primary takes nothing in its own name", () => {
  // Its sender's ring is another one.
  const cluster = new Cluster({ nodes: 4 });
  cluster.put("n1", key, "tea");
  cluster.settle();
  const shared = { kind: "ReplicaPut", id: 1, timeoutMs: 1000, early: false, standsFor: undefined } as const;
  const message = { ...shared, key: keyOf(key), record: cluster.record("n1", key)! };
  cluster.input("n4", { kind: "peer", node: "n1", message });
  expect(cluster.inFlight.at(-1)?.message).toMatchObject({ kind: "Failure", code: "INVALID_ARGUMENT" });
  expect(cluster.record("n4", key)).toBeUndefined();
});
