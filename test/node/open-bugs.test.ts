/**
 * Claims of the design that node/ does not keep yet, found by these tests. Each is marked as failing: when its bug is mended, vitest
 * says so, and the test moves to the file that it belongs to.
 */
import { expect, test } from "vitest";
import { decodeRecord } from "../../src/record.ts";
import { Cluster, dotText, valuesOf } from "./cluster.ts";

const key = "carts/alice";

test.fails("a directory that was set back and coordinates before it is told so issues no old dot", () => {
  // I0, R10: old snapshot → new actor forced. The snapshot's lease ends where the epochs of the time after it began.
  const issued = new Map<string, string>();
  const cluster = new Cluster({
    observe: (_, effect) => {
      if (effect.kind !== "persist") return;
      for (const { table, value } of effect.writes) {
        if (table !== "objects" || value === undefined) continue;
        for (const { dot, op } of decodeRecord(value).siblings) {
          expect(issued.get(dotText(dot)) ?? op, `${dotText(dot)} names two operations`).toBe(op);
          issued.set(dotText(dot), op);
        }
      }
    },
  });
  const snapshot = cluster.store("n1").copy();
  cluster.crash("n1");
  cluster.restart("n1");
  cluster.put("n1", key, "after the snapshot");
  cluster.settle();
  cluster.crash("n1");
  cluster.replaceDisk("n1", snapshot);
  cluster.restart("n1");
  const put = cluster.put("n1", key, "on the old disk");
  cluster.settle();
  expect(put.answer).toMatchObject({ kind: "PutReply" });
  expect(valuesOf(cluster.object("n2", key))).toEqual(["after the snapshot", "on the old disk"]);
});

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
