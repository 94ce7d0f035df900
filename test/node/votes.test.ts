/** node/votes.ts: what counts as an answer, and what is known of the key (design §6.3). */
import { beforeEach, describe, expect, test } from "vitest";
import { Self } from "../../node/self.ts";
import { defaultTuning } from "../../node/tuning.ts";
import { Votes, type Voter } from "../../node/votes.ts";
import type { Local } from "../../node/partition.ts";
import { Cluster, keyOf, valuesOf } from "./cluster.ts";
import { MemoryStore } from "./memory-store.ts";

const key = "carts/alice";
let self: Self;
/** Three records that have not heard of each other. */
let records: Record<string, Uint8Array>;

beforeEach(() => {
  const cluster = new Cluster({ nodes: 5 });
  self = new Self(
    { id: "n1", ring: cluster.ring, options: cluster.options, tuning: defaultTuning },
    new MemoryStore(),
    { monotonicMs: 0, wallMs: 0 },
  );
  for (const node of ["n1", "n2", "n3"]) cluster.put(node, key, `of ${node}`, { w: 1 });
  records = Object.fromEntries(["n1", "n2", "n3"].map((node) => [node, cluster.record(node, key)!]));
});

/** A get with r 2 of n 3 at n1, which asks these, `n4` for n2 and `n5` for n3. */
function ask(local: Local, ...nodes: string[]): Votes {
  const place = self.locate(keyOf(key));
  const primaries = self.ring.primaries(place.partition, 3);
  const votes = new Votes(self, place, primaries, { answers: 2, primaries: 0, durable: 0 }, local);
  votes.hear(votes.add({ node: "n1", role: "primary" }, false), local);
  for (const node of nodes) {
    const standsFor = { n4: "n2", n5: "n3" }[node];
    if (standsFor === undefined) votes.add({ node, role: "primary" }, false);
    else votes.add({ node, role: "fallback", standsFor }, false);
  }
  return votes;
}

function say(votes: Votes, node: string, said: Local | "same"): Voter | undefined {
  const answer = said instanceof Uint8Array ? "record" : said;
  const record = said instanceof Uint8Array ? said : undefined;
  return votes.receive(node, { kind: "ReplicaGetReply", id: 1, answer, record });
}

describe("a fresh replica", () => {
  test("is no vote, until all primaries have said what they hold", () => {
    // Design §6.3: what is absent on an empty disk may only be absent there. When all have answered nothing more can be known.
    const votes = ask("fresh", "n2", "n3");
    say(votes, "n2", "fresh");
    expect([votes.verdict(), votes.tally.answered()]).toEqual(["pending", []]);
    say(votes, "n3", "absent");
    expect([votes.verdict(), votes.tally.answered()]).toEqual(["met", ["n1", "n2", "n3"]]);
  });

  test("is no vote beside a record either: what it has lost may be newer", () => {
    const votes = ask(records["n1"]!, "n2", "n3");
    say(votes, "n2", "fresh");
    expect(votes.verdict()).toBe("pending");
    say(votes, "n3", "absent");
    expect(votes.tally.answered()).toEqual(["n1", "n2", "n3"]);
  });

  test("does not count with one that is missing its record: that one might know", () => {
    const votes = ask("fresh", "n2", "n3");
    say(votes, "n2", "missing");
    say(votes, "n3", "fresh");
    expect(votes.verdict()).toBe("pending");
    expect(votes.isWaiting).toBe(false);
    expect(votes.excuses()).toHaveLength(2);
  });
});

describe("a stand-in", () => {
  test("that has nothing is no vote for not found", () => {
    // Design §6.3: a fallback that just started knows nothing.
    const votes = ask("absent", "n4", "n5");
    votes.tally.fail("n2");
    votes.tally.fail("n3");
    say(votes, "n4", "absent");
    say(votes, "n5", "absent");
    expect([votes.verdict(), votes.isWaiting, votes.isFound]).toEqual(["pending", false, false]);
    expect(votes.excuses()[0]).toContain("n4 has nothing, but only stands in for n2");
  });

  test("that has nothing counts beside a record, whoever has that", () => {
    const votes = ask("absent", "n4", "n5");
    say(votes, "n4", "absent");
    say(votes, "n5", records["n2"]!);
    expect(votes.tally.answered()).toEqual(["n1", "n4", "n5"]);
  });

  test("is never behind: what it has it keeps for another", () => {
    const votes = ask(records["n1"]!, "n4");
    const voter = say(votes, "n4", "absent")!;
    expect(voter.standsFor).toBe("n2");
  });
});

describe("the join", () => {
  test("is the bytes that came, as long as one of them holds it all", () => {
    // Design §15: records are sent as the stored bytes.
    const votes = ask("absent", "n2", "n3");
    say(votes, "n2", records["n2"]!);
    expect(votes.record).toBe(records["n2"]);
    say(votes, "n3", records["n2"]!.slice());
    expect(votes.record).toEqual(records["n2"]);
  });

  test("of different states is all of them, and the same bytes until it grows", () => {
    const votes = ask(records["n1"]!, "n2", "n3");
    say(votes, "n2", records["n2"]!);
    const before = votes.record;
    expect(votes.record).toBe(before);
    expect(valuesOf(votes.object!)).toEqual(["of n1", "of n2"]);
    say(votes, "n3", "same");
    expect(votes.record).toBe(before);
    expect(votes.voters.map((voter) => votes.isBehind(voter))).toEqual([true, true, true]);
  });

  test("has somebody behind who has less, nothing, or cannot read it; not who failed, or has not answered", () => {
    // Design §7, read repair: every asked replica that is strictly behind or missing it.
    const votes = ask(records["n1"]!, "n2", "n3");
    say(votes, "n2", "absent");
    expect(votes.voters.map((voter) => votes.isBehind(voter))).toEqual([false, true, false]);
    votes.lose("n3");
    expect(votes.voters.map((voter) => votes.isBehind(voter))).toEqual([false, true, false]);
    expect(ask("missing").voters.map(({ state }) => state)).toEqual(["failed"]);
  });
});

describe("no answer", () => {
  test("is that of a stranger, or a second one; but what that brings is part of the join", () => {
    // Style §1.4: nodes count, not answers.
    const votes = ask("absent", "n2", "n3");
    votes.tally.fail("n1");
    expect(say(votes, "n9", "absent")).toBeUndefined();
    expect(say(votes, "n2", "absent")?.state).toBe("counted");
    expect(say(votes, "n2", "absent")).toBeUndefined();
    const before = votes.tally.answered();
    expect(say(votes, "n2", records["n2"]!)?.state).toBe("counted");
    expect([votes.tally.answered(), votes.record]).toEqual([before, records["n2"]]);
  });

  test("is the word of a replica that was lost, until it comes over its next link", () => {
    // src/quorum.ts: a late answer is an answer all the same.
    const votes = ask("absent", "n2");
    votes.lose("n2");
    expect(votes.isWaiting).toBe(false);
    expect(say(votes, "n2", records["n2"]!)?.state).toBe("counted");
    expect([votes.verdict(), votes.isFound]).toEqual(["met", true]);
  });

  test("is `same` to a node that has nothing, or what is no record", () => {
    // Design §13: foreign bytes are checked.
    const votes = ask("absent", "n2", "n3");
    expect(say(votes, "n2", "same")?.state).toBe("failed");
    expect(say(votes, "n3", records["n2"]!.slice(1))?.state).toBe("failed");
    expect([votes.isFound, votes.verdict()]).toEqual([false, "impossible"]);
  });
});

test("how long an answer took is noted, and so is that there was none", () => {
  // Design §7: per-peer latency.
  const votes = ask("absent", "n2", "n3");
  self.now = { monotonicMs: 7, wallMs: 7 };
  say(votes, "n2", "absent");
  votes.abandon();
  expect(self.latencies.of("n2")).toMatchObject({ meanMs: 7 });
  expect(self.latencies.of("n3")).toMatchObject({ meanMs: 7 });
});
