/** node/late-answers.ts: what comes after the client has its answer is heard all the same, within bounds (design §6.3, §7). */
import { expect, test } from "vitest";
import { Cluster, valuesOf } from "./cluster.ts";

const key = "carts/alice";

/** n1 and n2 hold the same, n3 holds a write that they have not heard of. */
function oneAhead(): Cluster {
  const cluster = new Cluster();
  cluster.put("n1", key, "tea");
  cluster.settle();
  cluster.put("n3", key, "milk", { w: 1 });
  cluster.inFlight.length = 0;
  cluster.settle();
  return cluster;
}

test("what a late answer brings goes to all that were asked, and no client waits for it", () => {
  // Design §7: read repair sends the join to every asked replica that is behind.
  const cluster = oneAhead();
  const get = cluster.get("n1", key, { fanout: "all" });
  cluster.deliver("n1", "n2");
  cluster.deliver("n2", "n1");
  expect(valuesOf(get.object)).toEqual(["tea"]);
  expect(cluster.status("n1").openRequests).toBe(0);
  cluster.tick(900);
  cluster.settle();
  for (const node of ["n1", "n2", "n3"]) expect(valuesOf(cluster.object(node, key))).toEqual(["milk", "tea"]);
  expect(get.answers).toHaveLength(1);
  // n3 has seen all that n1 had: only n1 and n2 lag.
  expect(cluster.status("n1").counters).toMatchObject({ readRepairs: 2 });
});

test("an answer that is too late, or whose sender is lost, is waited for no longer", () => {
  const cluster = oneAhead();
  for (const node of ["n2", "n3"]) {
    cluster.get(node, key, { fanout: "all", r: 1 });
    cluster.drop(node, "n1");
  }
  cluster.deliverAll();
  cluster.settle();
  const late = cluster.get("n1", key, { fanout: "all", r: 1 });
  expect(late.answer).toMatchObject({ answered: ["n1"] });
  cluster.crash("n3");
  cluster.tick(1000);
  cluster.settle();
  expect(valuesOf(cluster.object("n1", key))).toEqual(["tea"]);
  expect(cluster.status("n1").counters).toMatchObject({ readRepairs: 0 });
});

test("nobody is repaired where readRepair is off", () => {
  // Design §6.1: readRepair off.
  const cluster = oneAhead();
  cluster.get("n1", key, { fanout: "all", readRepair: "off" });
  cluster.settle();
  expect(valuesOf(cluster.object("n1", key))).toEqual(["tea"]);
});

test("it does not hold up a clean stop", () => {
  const cluster = oneAhead();
  cluster.get("n1", key, { fanout: "all", r: 1 });
  cluster.stop("n1");
  cluster.sync("n1");
  expect(cluster.isStopped("n1")).toBe(true);
});

test("a slow replica during many reads takes a bounded part of the memory", () => {
  // Scenario 44, CASSANDRA-3440: a slow replica during a repair storm must not fill the coordinator's memory.
  const cluster = oneAhead();
  const value = "x".repeat(1_000_000);
  cluster.put("n1", "carts/large", value);
  cluster.settle();
  for (let read = 0; read < 30; read++) cluster.get("n1", "carts/large", { fanout: "all" });
  while (cluster.inFlight.some(({ to }) => to === "n2")) cluster.deliver("n1", "n2");
  while (cluster.inFlight.some(({ from }) => from === "n2")) cluster.deliver("n2", "n1");
  while (cluster.inFlight.some(({ to }) => to === "n3")) cluster.deliver("n1", "n3");
  const before = cluster.status("n1").counters.lateReplies;
  while (cluster.inFlight.length > 0) cluster.deliver("n3", "n1");
  // 16 MiB of answers were held for late ones; the others were let go.
  expect(cluster.status("n1").counters.lateReplies - before).toBe(30 - 16);
});
