/** node/leftover-round.ts: all must answer, each once, and only what all agree to counts (scenario 34). */
import { beforeEach, expect, test } from "vitest";
import { Ring } from "../../src/ring.ts";
import { Self } from "../../node/self.ts";
import { LeftoverRound } from "../../node/leftover-round.ts";
import { defaultTuning } from "../../node/tuning.ts";
import { MemoryStore } from "./memory-store.ts";

let self: Self;
let round: LeftoverRound;
let ends: (number[] | undefined)[];

beforeEach(() => {
  const members = [{ id: "n1", url: "ws://n1", zone: "z", weight: 1 }];
  const ring = new Ring({ epoch: 1, partitions: 1, replicas: 1, members, owners: [0] });
  const config = { id: "n1", ring, options: { defaults: {}, buckets: {} }, tuning: defaultTuning };
  self = new Self(config, new MemoryStore(), { monotonicMs: 0, wallMs: 0 });
  ends = [];
  round = new LeftoverRound(self, ["n2", "n3"], "LeftoverCheckReply", [0, 1, 2], (agreed) =>
    ends.push(agreed && [...agreed]),
  );
});

function reply(node: string, agreed: readonly number[]): void {
  round.receive(node, { kind: "LeftoverCheckReply", id: round.id, agreed });
}

test("ends with what all agreed to, and closes", () => {
  reply("n2", [0, 2, 7]);
  expect(ends).toEqual([]);
  reply("n3", [1, 2, 7]);
  expect(ends).toEqual([[2]]);
  expect(self.requests.size).toBe(0);
});

test("a node that answers twice does not answer for another", () => {
  reply("n2", [0]);
  reply("n2", [0]);
  reply("n4", [0]);
  expect(ends).toEqual([]);
});

test.each([
  ["a link that goes down", (): void => round.lose("n3")],
  ["the deadline", (): void => round.wake()],
  ["another answer", (): void => round.receive("n3", { kind: "LeftoverDropReply", id: round.id })],
] as const)("%s ends it without knowledge", (_, happen) => {
  reply("n2", [0]);
  happen();
  expect(ends).toEqual([undefined]);
  expect(self.requests.size).toBe(0);
});

test("a link to a node that has answered, or was never asked, may go down", () => {
  reply("n2", [0]);
  round.lose("n2");
  round.lose("n9");
  reply("n3", [0]);
  expect(ends).toEqual([[0]]);
});
