/** node/handoff.ts: one hint on its way (design §7: deleted on an acknowledgement that covers it). */
import { expect, test } from "vitest";
import { Cluster } from "./cluster.ts";

const key = "carts/alice";

/** n1 keeps a hint for n3, which is back, and has just sent it. */
function onItsWay(): Cluster {
  const cluster = new Cluster();
  cluster.isolate("n3");
  cluster.put("n1", key, "tea");
  cluster.settle();
  cluster.linkUp("n1", "n3");
  cluster.tick(500);
  expect(cluster.inFlight.map(({ message }) => message.kind)).toEqual(["ReplicaPut"]);
  return cluster;
}

function left(cluster: Cluster): number {
  return cluster.status("n1").hints.count;
}

test("is taken when the target has it on disk, and not before", () => {
  const cluster = onItsWay();
  cluster.deliver("n1", "n3");
  cluster.deliverAll();
  expect(left(cluster)).toBe(1);
  cluster.settle();
  expect(left(cluster)).toBe(0);
});

test.each<[string, (cluster: Cluster) => void]>([
  ["the link is lost", (cluster) => cluster.linkDown("n1", "n3")],
  ["nothing is heard for long", (cluster) => cluster.drop("n1", "n3")],
  ["the target refuses", (cluster) => cluster.input("n3", { kind: "diskFull", isFull: true })],
])("is sent again later if %s", (_, fail) => {
  const cluster = onItsWay();
  fail(cluster);
  cluster.settle();
  expect(left(cluster)).toBe(1);
  cluster.input("n3", { kind: "diskFull", isFull: false });
  cluster.linkUp("n1", "n3");
  for (let ms = 0; ms < 8000; ms += 500) {
    cluster.tick(500);
    cluster.settle();
  }
  expect(left(cluster)).toBe(0);
  expect(cluster.status("n1").openRequests).toBe(0);
});

test("what is refused is not sent again at once", () => {
  const cluster = onItsWay();
  cluster.setWall("n3", -60_000);
  let sent = 0;
  for (let ms = 0; ms < 10_000; ms += 10) {
    cluster.tick(10);
    sent += cluster.inFlight.filter(({ from, message }) => from === "n1" && message.kind === "ReplicaPut").length;
    cluster.settle();
  }
  expect(sent).toBeGreaterThan(2);
  expect(sent).toBeLessThan(15);
});
