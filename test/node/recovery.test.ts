/** node/recovery.ts: what this node knows that it lost, it fetches from the other primaries (design §4.2, §4.3). */
import { describe, expect, test } from "vitest";
import { Cluster, valuesOf } from "./cluster.ts";

const key = "carts/alice";

/** The bit that flips is in the record of each of these nodes. */
function withBadRecord(...nodes: string[]): Cluster {
  const cluster = new Cluster();
  cluster.put("n2", key, "tea");
  cluster.settle();
  for (const node of nodes) cluster.corrupt(node, key);
  return cluster;
}

/** Messages that are still on their way after so many rounds in each of which all that are on their way arrive. */
function talkAfter(cluster: Cluster, rounds: number): number {
  for (let round = 0; round < rounds && cluster.inFlight.length < 10_000; round++)
    for (let left = cluster.inFlight.length; left > 0; left--)
      cluster.deliver(cluster.inFlight[0]!.from, cluster.inFlight[0]!.to);
  return cluster.inFlight.length;
}

function asks(cluster: Cluster): string[] {
  return cluster.inFlight
    .filter(({ message }) => message.kind === "ReplicaGet")
    .map(({ from, to }) => `${from} → ${to}`);
}

test("asks all other primaries for the whole record, and stores the join of what they have", () => {
  // Design §4.2: a record that fails its checksum is refetched from peers and counted.
  const cluster = withBadRecord("n1");
  cluster.get("n1", key, { r: 1, timeoutMs: 10 });
  cluster.tick(10);
  cluster.inFlight.splice(0, 1);
  expect(asks(cluster)).toEqual(["n1 → n2", "n1 → n3"]);
  expect(cluster.inFlight.map(({ message }) => message)).toMatchObject([{ have: undefined }, { have: undefined }]);
  cluster.settle();
  expect(cluster.record("n1", key)).toEqual(cluster.record("n2", key));
  expect(cluster.status("n1").counters.badRecords).toBeGreaterThan(0);
});

test("a write to it takes a fresh epoch, and the rest of the key comes back", () => {
  // Design §4.3: local record missing → fresh epoch. Promise 1: the sibling that was unreadable here is not lost.
  const cluster = withBadRecord("n1");
  cluster.put("n1", key, "milk");
  cluster.settle();
  for (const node of ["n1", "n2", "n3"]) expect(valuesOf(cluster.object(node, key))).toEqual(["milk", "tea"]);
});

test("does not wait for ever for who does not answer, nor for who is lost", () => {
  // Design §14: everything has a limit; an open recovery would keep a clean stop waiting.
  const cluster = withBadRecord("n1");
  cluster.get("n1", key, { r: 1, timeoutMs: 10 });
  cluster.inFlight.length = 0;
  cluster.tick(10);
  expect(cluster.status("n1").openRequests).toBe(1);
  cluster.tick(5000);
  expect(cluster.status("n1").openRequests).toBe(0);
  cluster.get("n1", key, { r: 1, timeoutMs: 10 });
  cluster.tick(10);
  cluster.crash("n2");
  expect(cluster.status("n1").openRequests).toBe(1);
  cluster.crash("n3");
  expect(cluster.status("n1").openRequests).toBe(0);
});

test("asks nobody if nobody can be reached, and again when the record is read again", () => {
  // node/recovery.ts: what is not reached now is reached by a later one.
  const cluster = withBadRecord("n1");
  cluster.isolate("n1");
  expect(cluster.get("n1", key, { r: 1 }).answer).toMatchObject({ code: "UNAVAILABLE" });
  expect(cluster.status("n1").counters.recoveries).toBe(0);
  cluster.linkUp("n1", "n2");
  cluster.get("n1", key, { r: 1 });
  cluster.settle();
  expect(valuesOf(cluster.object("n1", key))).toEqual(["tea"]);
});

test("takes no broken record for an answer", () => {
  // Scenario 24: one corrupt object must not spread; what the other replica has is used.
  const cluster = withBadRecord("n1");
  cluster.corrupt("n2", key);
  cluster.get("n1", key, { r: 1 });
  cluster.settle();
  expect(valuesOf(cluster.object("n1", key))).toEqual(["tea"]);
  expect(valuesOf(cluster.object("n2", key))).toEqual(["tea"]);
});

test("is refused, and says so, if what comes is too far ahead in time", () => {
  // Design §4.4: a timestamp too far ahead is refused wherever it comes from.
  const cluster = withBadRecord("n1");
  cluster.setWall("n1", -60_000);
  cluster.get("n1", key, { r: 1 });
  cluster.drop("n1", "n2");
  cluster.deliver("n1", "n2");
  cluster.deliver("n2", "n1");
  expect(cluster.logs.at(-1)).toMatchObject({ node: "n1", event: "recovery refused" });
});

test("settles: losing a key costs a bounded number of messages", () => {
  // I15: in idle quiescence nothing goes on by itself.
  const cluster = new Cluster();
  cluster.put("n1", key, "tea");
  cluster.settle();
  cluster.corrupt("n1", key);
  cluster.get("n1", key, { r: 1 });
  cluster.settle();
  const { recoveries } = cluster.status("n1").counters;
  expect(recoveries).toBeGreaterThan(0);
  cluster.get("n1", key, { r: 1 });
  cluster.settle();
  expect(cluster.status("n1").counters.recoveries).toBe(recoveries);
});

describe("fetching a bad record again", () => {
  test("takes one recovery", () => {
    // The sync that heals the record must not find it bad once more, and ask everybody again.
    const cluster = withBadRecord("n1");
    cluster.get("n1", key, { r: 1 });
    cluster.settle();
    expect(cluster.status("n1").counters).toMatchObject({ badRecords: 1, recoveries: 1 });
  });

  test("is not begun again for each read while it is under way", () => {
    // I15: every queue bounded. A hot key that is bad must not ask all its primaries for the whole record once per read.
    const cluster = withBadRecord("n1");
    for (let read = 0; read < 100; read++) cluster.get("n1", key, { r: 2, timeoutMs: 10 });
    expect(cluster.status("n1").counters.recoveries).toBe(1);
  });

  test("is begun once when the disk has room again, however often it was noticed", () => {
    // I15: every queue bounded. A disk may be full for days.
    const cluster = withBadRecord("n1");
    cluster.input("n1", { kind: "diskFull", isFull: true });
    for (let read = 0; read < 10; read++) {
      cluster.tick(6000);
      cluster.get("n1", key, { r: 1 });
    }
    cluster.input("n1", { kind: "diskFull", isFull: false });
    expect(cluster.status("n1").counters.recoveries).toBe(1);
  });

  test("ends when what comes is refused", () => {
    // I15, metastability: if each refused copy finds the bad record again and asks everybody again, the storm doubles.
    const cluster = withBadRecord("n1");
    cluster.setWall("n1", -60_000);
    cluster.get("n1", key, { r: 1 });
    expect(talkAfter(cluster, 50)).toBe(0);
  });

  test("ends when the only other replica cannot read its own either", () => {
    // I15: two replicas with a bad record of one key must not ask each other for ever, as fast as the network goes.
    const cluster = withBadRecord("n1", "n2");
    cluster.crash("n3");
    cluster.get("n1", key, { r: 1 });
    expect(talkAfter(cluster, 50)).toBe(0);
  });
});
