/**
 * Bugs that such stores have had, each played by hand on whole nodes (scenarios.md §4, by its numbers): put, delete, crash, forget,
 * wipe, cut, heal, wait. The others of the catalogue stand where their mechanism is tested; `grep -rn "scenario" test` finds them.
 */
import { describe, expect, test } from "vitest";
import type { Tuning } from "../../node/tuning.ts";
import { Cluster, valuesOf, type Choice } from "../node/cluster.ts";

const key = "carts/alice";
const tickMs = 50;

/** Everything that mends, at a pace that a test can wait for. */
const brisk: Partial<Tuning> = {
  hintAgeMsMax: 3_600_000,
  antiEntropyIntervalMs: 500,
  antiEntropyConfirmMs: 50,
  scrubIntervalMs: 2000,
  tombstoneAgeMs: 1000,
  messageLifetimeMs: 2000,
};

/** n1, n2 and n3 are the primaries; whoever is named after them may stand in. */
class Play extends Cluster {
  constructor(nodes: number, tuning: Partial<Tuning> = {}) {
    super({ nodes, tuning: { ...brisk, ...tuning } });
  }

  /** Time passes, and whatever is said and written meanwhile arrives. */
  wait(ms: number): void {
    for (let leftMs = ms; leftMs > 0; leftMs -= tickMs) {
      this.tick(tickMs);
      this.settle();
    }
  }

  /** A write that is waited for; without a value a delete. @returns its context */
  write(node: string, value: string | undefined, choice: Choice = {}): Uint8Array {
    const request = this.put(node, key, value, choice);
    this.settle();
    return request.context;
  }

  /** The values that a read finds. */
  read(node: string, choice: Choice = {}): string[] {
    const request = this.get(node, key, choice);
    this.settle();
    return valuesOf(request.object);
  }

  heal(node: string): void {
    for (const { id } of this.ring.table.members) if (id !== node) this.linkUp(node, id);
    this.settle();
  }

  hints(node: string): number {
    return [...this.store(node).scan("hints", new Uint8Array(0), Uint8Array.of(0xff))].length;
  }

  /** What every primary holds. */
  held(): string[][] {
    return ["n1", "n2", "n3"].map((node) => valuesOf(this.object(node, key)));
  }

  /** Whether any primary still has a record of the key. */
  get isGone(): boolean {
    return ["n1", "n2", "n3"].every((node) => this.record(node, key) === undefined);
  }
}

/** Long enough for both checks of a tombstone and what comes before and after. */
const collectionMs = 15_000;

describe("tombstones", () => {
  test("scenario 4: a tombstone that a stand-in keeps does not kill the key that was made anew", () => {
    const play = new Play(4);
    const seen = play.write("n1", "old");
    play.isolate("n3");
    play.write("n1", undefined, { context: seen });
    expect(play.hints("n4") + play.hints("n1")).toBeGreaterThan(0);
    play.wait(collectionMs);
    play.write("n1", "new", {});
    play.heal("n3");
    play.wait(collectionMs);
    expect(play.held()).toEqual([["new"], ["new"], ["new"]]);
  });

  test("scenario 5: nor does one that is collected while a primary is down", () => {
    const play = new Play(3);
    const seen = play.write("n1", "old");
    play.crash("n3");
    play.write("n1", undefined, { context: seen });
    play.wait(collectionMs);
    play.write("n1", "new");
    play.restart("n3");
    play.wait(collectionMs);
    expect(play.held()).toEqual([["new"], ["new"], ["new"]]);
    expect(play.read("n3")).toEqual(["new"]);
  });

  test("scenario 25: what was deleted and collected stays dead after a crash", () => {
    const play = new Play(3);
    play.write("n1", undefined, { context: play.write("n1", "old") });
    play.wait(collectionMs);
    expect(play.isGone).toBe(true);
    for (const node of ["n1", "n2", "n3"]) play.crash(node);
    for (const node of ["n1", "n2", "n3"]) play.restart(node);
    play.wait(collectionMs);
    expect(play.read("n2", { r: 3 })).toEqual([]);
  });

  test("scenario 32: a primary that missed the delete does not bring the key back", () => {
    const play = new Play(3, { hintBytesMax: 0 });
    const seen = play.write("n1", "old");
    play.isolate("n3");
    play.write("n1", undefined, { context: seen, sloppy: false, w: 2 });
    play.wait(collectionMs);
    expect(play.record("n1", key)).toBeDefined();
    play.heal("n3");
    play.wait(2 * collectionMs);
    expect(play.read("n3", { r: 3 })).toEqual([]);
    expect(play.isGone).toBe(true);
  });

  test("scenario 33: an old hint that comes late finds the tombstone still there", () => {
    const play = new Play(4);
    play.isolate("n3");
    const seen = play.write("n1", "old");
    expect(play.hints("n4")).toBe(1);
    // Only its keeper cannot reach the primary that it is for.
    play.linkUp("n1", "n3");
    play.linkUp("n2", "n3");
    play.settle();
    play.write("n1", undefined, { context: seen, w: 3 });
    play.wait(collectionMs);
    expect(play.hints("n4")).toBe(1);
    expect(play.record("n1", key)).toBeDefined();
    play.linkUp("n3", "n4");
    play.wait(2 * collectionMs);
    expect(play.hints("n4")).toBe(0);
    expect(play.read("n3", { r: 3 })).toEqual([]);
    expect(play.isGone).toBe(true);
  });
});

describe("stand-ins", () => {
  test("scenario 12: a replica that answers after a stand-in was asked changes nothing", () => {
    const play = new Play(4);
    const request = play.put("n1", key, "value", { w: 3, dw: 3, timeoutMs: 5000 });
    play.sync("n1");
    play.deliver("n1", "n2", "ReplicaPut");
    play.sync("n2");
    play.deliver("n2", "n1", "ReplicaPutReply");
    play.deliver("n1", "n3", "ReplicaPut");
    play.sync("n3");
    const late = play.inFlight.find(({ from }) => from === "n3")!.message;
    play.linkDown("n1", "n3");
    play.settle();
    expect(play.hints("n4")).toBe(1);
    expect(request.answers.map(({ kind }) => kind)).toEqual(["PutReply"]);
    play.linkUp("n1", "n3");
    play.input("n1", { kind: "peer", node: "n3", message: late });
    play.wait(5000);
    expect(request.answers).toHaveLength(1);
    expect(play.held()).toEqual([["value"], ["value"], ["value"]]);
    expect(play.hints("n4")).toBe(0);
  });

  test("scenario 15: hints are handed over after their keeper has started again", () => {
    const play = new Play(4, { antiEntropyIntervalMs: 1e12 });
    play.isolate("n3");
    play.write("n1", "value", { w: 3, dw: 3 });
    expect(play.hints("n4")).toBe(1);
    play.crash("n4");
    play.heal("n3");
    expect(play.record("n3", key)).toBeUndefined();
    play.restart("n4");
    play.wait(5000);
    expect(play.held()).toEqual([["value"], ["value"], ["value"]]);
    expect(play.hints("n4")).toBe(0);
  });

  test("scenario 19: two copies never lie on one disk, so either of them may be lost", () => {
    for (const lost of ["n1", "n4", "n5"]) {
      const play = new Play(5);
      play.isolate("n2");
      play.isolate("n3");
      const request = play.put("n1", key, "value", { w: 2, dw: 2 });
      play.settle();
      const answer = request.answer;
      expect(answer?.kind).toBe("PutReply");
      const answered = answer?.kind === "PutReply" ? (answer.answered ?? []) : [];
      expect(new Set(answered).size).toBeGreaterThanOrEqual(2);
      play.crash(lost);
      play.replaceDisk(lost);
      play.restart(lost);
      play.heal("n2");
      play.heal("n3");
      play.wait(10_000);
      expect(play.held()).toEqual([["value"], ["value"], ["value"]]);
    }
  });
});

test("scenario 29: a key that sixty actors have touched keeps its whole context, and nothing that was replaced comes back", () => {
  // Riak pruned long vector clocks, and what they no longer covered became siblings again. A node takes a new actor at each crash.
  const play = new Play(3);
  let context = play.write("n1", "value 0");
  for (let start = 1; start <= 60; start++) {
    const node = `n${1 + (start % 3)}`;
    play.crash(node);
    play.wait(300); // a start takes the clock to the bound of what may have been issued
    play.restart(node);
    context = play.write(node, `value ${start}`, { context });
  }
  play.wait(2000);
  const { siblings, context: seen } = play.object("n3", key);
  expect(seen).toHaveLength(61);
  expect(siblings).toHaveLength(1);
  expect(valuesOf(play.object("n2", key))).toEqual(["value 60"]);
});

describe("repair", () => {
  test("scenario 20: what anti-entropy has repaired it leaves alone", () => {
    const play = new Play(3);
    play.write("n1", "value", { w: 3 });
    play.wait(5000);
    play.forget("n3", key);
    play.wait(10_000);
    expect(play.held()).toEqual([["value"], ["value"], ["value"]]);
    const written = ["n1", "n2", "n3"].map((node) => play.store(node).writingBatches);
    play.wait(10_000);
    expect(["n1", "n2", "n3"].map((node) => play.store(node).writingBatches)).toEqual(written);
  });

  test("scenario 24: one record that cannot be read holds up no tree, and is fetched from a peer", () => {
    const play = new Play(3);
    play.write("n1", "value", { w: 3 });
    play.crash("n3");
    play.corrupt("n3", key);
    play.restart("n3");
    const other = play.put("n1", "carts/bob", "other", { w: 2 });
    play.settle();
    expect(other.answer?.kind).toBe("PutReply");
    play.wait(20_000);
    expect(play.held()).toEqual([["value"], ["value"], ["value"]]);
    expect(valuesOf(play.object("n3", "carts/bob"))).toEqual(["other"]);
  });

  test("scenario 28: a hundred reads of what is the same everywhere write nothing", () => {
    const play = new Play(4, { readRepairShare: 1 });
    play.write("n1", "value", { w: 3 });
    play.wait(2000);
    const written = ["n1", "n2", "n3"].map((node) => play.store(node).writingBatches);
    for (let reads = 0; reads < 100; reads++)
      expect(
        play.read(`n${1 + (reads % 4)}`, { r: 1 + (reads % 3), readRepair: reads % 2 ? "async" : "blocking" }),
      ).toEqual(["value"]);
    expect(["n1", "n2", "n3"].map((node) => play.store(node).writingBatches)).toEqual(written);
  });
});
