// A recording that is cut short still says what every node held where it begins.
import { expect, test } from "vitest";
import type { Recorded } from "../../sim/recorded.ts";
import { shortened } from "../../sim/shortened.ts";

const state = (counter: number): Recorded["states"][number] => ({
  siblings: [{ actor: 0, counter, value: `v${counter}` }],
  context: [{ actor: 0, base: counter, cloud: [] }],
});

const recorded: Recorded = {
  about: {
    seed: 1,
    kind: "ok",
    hash: "0".repeat(16),
    profile: "",
    simulatedMs: 9,
    events: 9,
    operations: { ok: 2, none: 0, unknown: 0 },
  },
  momentsUs: [0, 1, 2, 3, 4, 5],
  lanes: [
    { name: "n1", kind: "node" },
    { name: "n2", kind: "node" },
    { name: "c1", kind: "client" },
  ],
  keys: [{ name: "b/k1", primaries: [0, 1] }],
  actors: [{ name: "n1a", actor: "00000000.1" }],
  states: [state(1), state(2), state(3)],
  frames: [
    { sent: 1, ended: 2, from: 0, to: 1, messages: [{ kind: "ReplicaPut", keys: [0], state: 0 }] },
    { sent: 4, ended: 5, from: 0, to: 1, messages: [{ kind: "ReplicaPut", keys: [0], state: 2 }] },
  ],
  changes: [
    { step: 1, node: 0, key: 0, state: 0 },
    { step: 2, node: 0, key: 0, state: 1 },
    { step: 2, node: 0, key: 0, target: 1, state: 1 },
    { step: 4, node: 0, key: 0, state: 2 },
    { step: 5, node: 1, key: 0, state: "bad" },
  ],
  operations: [1, 4].map((called, at) => ({
    number: at + 1,
    client: 2,
    key: 0,
    kind: "put",
    called,
    returned: called + 1,
    outcome: "ok",
    asked: "",
    dots: [],
  })),
  spans: [
    { kind: "down", lane: 0, text: "down", begin: 0, end: 1 },
    { kind: "down", lane: 1, text: "down", begin: 0 },
  ],
  marks: [{ step: 0, kind: "start", lanes: [0], keys: [], text: "starts" }],
  violations: [],
  leftOut: [],
};

test("what is over before is gone, and what nodes held is not", () => {
  const short = shortened(recorded, 4);
  const valueOf = (place: number | "bad" | undefined): unknown =>
    typeof place === "number" ? short.states[place]!.siblings[0]!.value : place;
  expect(short.frames.map(({ messages }) => valueOf(messages[0]!.state))).toEqual(["v3"]);
  expect(short.changes.map(({ step, target, state: held }) => [step, target, valueOf(held)])).toEqual([
    [2, undefined, "v2"],
    [2, 1, "v2"],
    [4, undefined, "v3"],
    [5, undefined, "bad"],
  ]);
  expect(short.operations.map(({ number }) => number)).toEqual([2]);
  expect(short.spans.map(({ lane }) => lane)).toEqual([1]);
  expect(short.marks).toEqual([]);
  expect(short.states.length).toBe(2);
});
