/**
 * Claims of the design that node/ does not keep yet, found by these tests. Each is marked as failing: when its bug is mended, vitest
 * says so, and the test moves to the file that it belongs to.
 */
import { expect, test } from "vitest";
import { decodeRecord } from "../../src/record.ts";
import { compareTimestamps } from "../../src/timestamp.ts";
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

test.fails("timestamps that got away after the first bound of a start are not gone below after a crash either", () => {
  // Design §4.4: the bound of what was issued is durable across restarts. The first bound is durable before the node serves; each later
  // one is written with the record that needs it, and that record's timestamp is at the other replicas before it is on disk.
  const cluster = new Cluster();
  cluster.tick(1000);
  cluster.put("n1", key, "got away");
  cluster.deliver("n1", "n2");
  cluster.crash("n1");
  cluster.setWall("n1", -400);
  cluster.restart("n1");
  cluster.put("n1", key, "later");
  cluster.settle();
  const [gotAway, later] = cluster.object("n2", key).siblings;
  expect(compareTimestamps(later!.timestamp, gotAway!.timestamp)).toBeGreaterThan(0);
});
