/**
 * Claim: whatever the order in which the nodes' notes are looked at, each leg has the delays that lie between them: to a replica, and
 * back from it; and a coordinator's own copy none but its disk's.
 */
import { expect, test } from "vitest";
import { LegRecorder } from "../../../bench/compare/leg-recorder.ts";
import { Legs } from "../../../bench/compare/legs.ts";
import { noteKinds } from "../../../bench/compare/leg-recorder.ts";
import type { Get, PeerMessage } from "../../../src/messages.ts";
import { noDelay } from "../../../sim/delay-laws.ts";
import { Random } from "../../../src/random.ts";

const { requested, answered, copyOut, copyIn, copyBack, askOut, askIn, askBack, asked, ownAck } = noteKinds;

const samplesOf = (legs: Legs): object =>
  Object.fromEntries(Object.entries(legs.file).map(([leg, { samples }]) => [leg, samples]));

/** Node 0 writes request 7 to the nodes 1 and 2, and reads as request 8 from node 2. Of each node: kind, id, other node, moment. */
const notes = [
  [
    [requested, 70, -1, 100],
    [copyOut, 7, 1, 100],
    [copyOut, 7, 2, 100],
    [ownAck, 70, -1, 3],
    [copyBack, 7, 2, 109],
    [answered, 70, -1, 109],
    [copyBack, 7, 1, 120],
    [requested, 80, -1, 200],
    [askOut, 8, 2, 200],
    [asked, 80, 2, 200],
    [askBack, 8, 2, 205],
  ],
  [[copyIn, 7, 0, 115]],
  [
    [copyIn, 7, 0, 104],
    [askIn, 8, 0, 201.5],
  ],
].map((rows) => Float64Array.from(rows.flat()));

const expected = { w: [4, 15], a: [5, 5], r: [1.5], s: [3.5] };

test.each([[[0, 1, 2]], [[2, 1, 0]], [[1, 0, 2]]])("notes in the order %j", (order) => {
  const legs = new Legs(new Random(1));
  for (const node of order) legs.take(node, notes[node]!);
  const samples = samplesOf(legs) as typeof expected;
  expect({ ...samples, w: [...samples.w].sort((a, b) => a - b) }).toEqual(expected);
  expect(legs.ownAckOf([70, 71])(new Random(1))).toBe(3);
  expect(legs.open).toBe(0);
  expect([legs.answeredAtMs(70), legs.requestedAtMs(80), legs.askedOf(80)]).toEqual([109, 200, [2]]);
});

test("a trip stays open until its last moment is known", () => {
  const legs = new Legs(new Random(1));
  legs.take(0, notes[0]!.slice(0, 4 * 3));
  expect([legs.open, samplesOf(legs)]).toEqual([2, { w: [], a: [], r: [], s: [] }]);
  legs.take(2, notes[2]!);
  legs.take(1, notes[1]!);
  expect(legs.open).toBe(3);
  legs.take(0, notes[0]!.slice(4 * 3));
  expect(legs.open).toBe(0);
});

test("where nothing was measured, nothing takes time", () => {
  const legs = new Legs(new Random(1));
  expect([legs.ownAckOf([70])(new Random(1)), legs.remote.w(new Random(1))]).toEqual([0, 0]);
});

const replicaPut: PeerMessage = {
  kind: "ReplicaPut",
  id: 7,
  key: new Uint8Array(1),
  record: new Uint8Array(1),
  timeoutMs: 1,
  early: false,
  standsFor: undefined,
};
const get: Get = {
  kind: "Get",
  id: 80,
  key: new Uint8Array(1),
  timeoutMs: 1,
  options: undefined,
  head: false,
  details: false,
};
const replicaGet: PeerMessage = {
  kind: "ReplicaGet",
  id: 8,
  key: new Uint8Array(1),
  have: undefined,
  timeoutMs: 1,
  durable: false,
};

test("two recorders' notes make the legs between their nodes", () => {
  const recorders = ["n1", "n2"].map(() => new LegRecorder(["n1", "n2"], undefined));
  const [one, two] = recorders as [LegRecorder, LegRecorder];
  let passed = 0;
  const pass = (): void => void passed++;
  one.sees({ ...get, id: 70 });
  one.out("n2", replicaPut, pass);
  two.in("n1", replicaPut, pass);
  two.out("n1", { kind: "ReplicaPutReply", id: 7, durable: true }, pass);
  one.sees({ kind: "ReplicaPutReply", id: 7, durable: true });
  one.in("n2", { kind: "ReplicaPutReply", id: 7, durable: true }, pass);
  two.sees(get);
  two.out("n1", replicaGet, pass);
  one.in("n2", replicaGet, pass);
  one.out("n2", { kind: "ReplicaGetReply", id: 8, answer: "absent", record: undefined }, pass);
  two.in("n1", { kind: "ReplicaGetReply", id: 8, answer: "absent", record: undefined }, pass);
  expect(passed).toBe(8);
  const legs = new Legs(new Random(1));
  recorders.forEach((recorder, node) => legs.take(node, recorder.take()));
  const counts = Object.values(legs.file).map(({ samples }) => samples.length);
  expect([counts, legs.open, legs.askedOf(80)]).toEqual([[1, 1, 1, 1], 0, [0]]);
  // The write was request 70.
  expect([legs.ownAckOf([70]) === noDelay, legs.ownAckOf([80]) === noDelay]).toEqual([false, true]);
  for (const { samples } of Object.values(legs.file)) expect(samples[0]).toBeGreaterThanOrEqual(0);
  expect(one.take()).toHaveLength(0);
});
