/**
 * Claims of the design that node/ does not keep yet, found by these tests. Each is marked as failing: when its bug is mended, vitest
 * says so, and the test moves to the file that it belongs to.
 */
import { expect, test } from "vitest";
import { Cluster } from "./cluster.ts";

const key = "carts/alice";

test.fails("a replica whose disk was lost does not vote that there is nothing", () => {
  // Design §6.3: "not found" counts only from a primary that is not fresh. An acknowledged write on n1 and n2, then n2 gets an empty disk:
  // n2 and n3 together answer that the key was never written.
  const cluster = new Cluster();
  const put = cluster.put("n1", key, "acknowledged");
  cluster.drop("n1", "n3");
  cluster.settle();
  expect(put.answer).toMatchObject({ kind: "PutReply", answered: ["n1", "n2"] });
  cluster.crash("n2");
  cluster.replaceDisk("n2");
  cluster.restart("n2");
  cluster.isolate("n1");
  const get = cluster.get("n3", key);
  cluster.settle();
  expect(get.answer).not.toMatchObject({ kind: "GetReply", record: undefined });
});
