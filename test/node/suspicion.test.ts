/** node/suspicion.ts: how long a suspect has to refute (Lifeguard section IV-B). */
import { expect, test } from "vitest";
import { Suspicion, suspicionTimes } from "../../node/suspicion.ts";

const times = { leastMs: 1000, mostMs: 6000, expected: 2 };

test("nobody confirms: the longest time; as many as expected: the shortest; between them on a logarithm", () => {
  // Lifeguard section IV-B: the first confirmations shorten it most.
  const suspicion = new Suspicion(times, 100, "n1");
  expect(suspicion.deadlineMs).toBe(6100);
  suspicion.confirm("n2");
  expect(suspicion.deadlineMs).toBeCloseTo(100 + 6000 - (5000 * Math.log(2)) / Math.log(3));
  suspicion.confirm("n3");
  expect(suspicion.deadlineMs).toBe(1100);
  suspicion.confirm("n4");
  expect(suspicion.deadlineMs).toBe(1100);
});

test("one member confirms once, however often it says so", () => {
  // The issue: confirmations from distinct members. Gossip repeats everything.
  const suspicion = new Suspicion(times, 0, "n1");
  expect([suspicion.confirm("n1"), suspicion.confirm("n2"), suspicion.confirm("n2")]).toEqual([false, true, false]);
  expect(suspicion.voices).toEqual(["n1", "n2"]);
});

test("where nobody can confirm it is short from the start", () => {
  // Two nodes: a suspicion that waited for a third would last as long as it can.
  expect(suspicionTimes(2, 1000)).toEqual({ leastMs: 3000, mostMs: 18_000, expected: 0 });
  expect(new Suspicion(suspicionTimes(2, 1000), 0, "n1").deadlineMs).toBe(3000);
});

test("it lasts longer in a larger cluster, where gossip takes longer", () => {
  // Lifeguard: scaled by log10 n.
  expect([3, 10, 100, 1000].map((members) => suspicionTimes(members, 1000).leastMs)).toEqual([3000, 3000, 6000, 9000]);
  expect([3, 4, 100].map((members) => suspicionTimes(members, 1000).expected)).toEqual([1, 2, 2]);
});

test("the time in which this node was not there does not count", () => {
  // A node that wakes up must not bury those whose refutation waits in its sockets.
  const suspicion = new Suspicion({ ...times, expected: 0 }, 0, "n1");
  suspicion.restart(10_000);
  expect(suspicion.deadlineMs).toBe(11_000);
});

test("a new link gives it a moment to answer, but no more time than it has", () => {
  const suspicion = new Suspicion({ ...times, expected: 0 }, 0, "n1");
  suspicion.grant(500);
  expect(suspicion.deadlineMs).toBe(1000);
  suspicion.grant(1600);
  suspicion.grant(1200);
  expect(suspicion.deadlineMs).toBe(1600);
});
