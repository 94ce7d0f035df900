/** node/agreements.ts: to what a node agrees, how long that holds, and what ends it (design §7: "no hint is outstanding"). */
import { beforeEach, describe, expect, test } from "vitest";
import { contextOf } from "../../src/causal-context.ts";
import { makeActor } from "../../src/dot.ts";
import { makeOpId } from "../../src/op-id.ts";
import { digestOf, encodeRecord } from "../../src/record.ts";
import { Ring } from "../../src/ring.ts";
import { Agreements } from "../../node/agreements.ts";
import { Identity } from "../../node/identity.ts";
import { Versions } from "../../node/versions.ts";
import { Partitions } from "../../node/partition.ts";
import { Self, type Place } from "../../node/self.ts";
import { Leftovers } from "../../node/leftovers.ts";
import { defaultTuning } from "../../node/tuning.ts";
import { keyOf } from "./cluster.ts";
import { MemoryStore } from "./memory-store.ts";

const lifetimeMs = 4000;
const hints = new Set<string>();
let self: Self;
let store: MemoryStore;
let agreements: Agreements;
let place: Place;

/** n4 is no primary. */
function begin(id: string): void {
  const members = ["n1", "n2", "n3", "n4"].map((one) => ({ id: one, url: `ws://${one}`, zone: "z", weight: 1 }));
  const ring = new Ring({ epoch: 1, partitions: 1, replicas: 3, members, owners: [0] });
  const tuning = { ...defaultTuning, messageLifetimeMs: lifetimeMs, tombstoneAgeMs: 1000 };
  store = new MemoryStore();
  self = new Self({ id, ring, options: { defaults: {}, buckets: {} }, tuning }, store, { monotonicMs: 0, wallMs: 0 });
  agreements = new Agreements(self, partitions(), ({ key }) => hints.has(String(key)));
  place = self.locate(keyOf("carts/alice"));
  hints.clear();
}

function partitions(): Partitions {
  return new Partitions(
    self,
    new Versions(self, new Identity()),
    () => {},
    () => {},
  );
}

function tombstone(counter: number): Uint8Array {
  const dot = { actor: makeActor("replica1", 1), counter };
  const sibling = { dot, path: "", value: undefined, timestamp: { ms: 1, counter: 0 }, op: makeOpId("client..", 1) };
  return encodeRecord(place.hash, { siblings: [sibling], spent: [], context: contextOf([dot]) });
}

function hold(record: Uint8Array | undefined): void {
  store.tamper("objects", place.storeKey, record);
}

function pass(ms: number): void {
  for (let left = ms; left > 0; left -= 500) {
    self.now = { monotonicMs: self.now.monotonicMs + 500, wallMs: 0 };
    agreements.tick();
  }
}

function agrees(isSecond: boolean, digest: Uint8Array = digestOf(tombstone(1))): boolean {
  return agreements.check([{ key: place.key, digest }], isSecond).length === 1;
}

beforeEach(() => {
  begin("n1");
  hold(tombstone(1));
});

test("a primary agrees to exactly what it holds", () => {
  expect(agrees(false)).toBe(true);
  hold(tombstone(2));
  expect(agrees(false)).toBe(false);
  hold(undefined);
  expect(agrees(false)).toBe(false);
});

test("of several, it names the places of those that it agrees to", () => {
  const other = { key: keyOf("carts/bob"), digest: digestOf(tombstone(1)) };
  const same = { key: place.key, digest: digestOf(tombstone(1)) };
  expect(agreements.check([other, same, other, same], false)).toEqual([1, 3]);
});

test("a node that is no primary holds nothing, and agrees unless it has a hint", () => {
  begin("n4");
  expect(agrees(false)).toBe(true);
  hints.add(String(place.key));
  expect(agrees(false)).toBe(false);
});

test("a primary does not agree while it has a hint for another", () => {
  // A primary that is up may still be the one that keeps what another primary has missed.
  hints.add(String(place.key));
  expect(agrees(false)).toBe(false);
});

test("a record that cannot be read, a fresh partition and a full disk agree to nothing", () => {
  const bad = tombstone(1);
  bad[bad.length - 1]! ^= 1;
  hold(bad);
  expect(agrees(false)).toBe(false);
  hold(tombstone(1));
  self.isDiskFull = true;
  expect(agrees(false)).toBe(false);
  self.isDiskFull = false;
  self.freshness.start(store, 1, true, () => true);
  expect(agrees(false)).toBe(false);
});

test("what is no key is refused", () => {
  const states = [{ key: Uint8Array.of(1, 2), digest: digestOf(tombstone(1)) }];
  expect(() => agreements.check(states, false)).toThrow(/bucket/);
});

describe("the second time", () => {
  test("it agrees if it did so at least a lifetime ago", () => {
    agrees(false);
    pass(lifetimeMs - 500);
    expect(agrees(true)).toBe(false);
    pass(500);
    expect(agrees(true)).toBe(true);
  });

  test("a first check that comes twice makes it no younger", () => {
    agrees(false);
    pass(lifetimeMs);
    agrees(false);
    expect(agrees(true)).toBe(true);
  });

  test("it agrees to nothing that it was never asked about", () => {
    expect(agrees(true)).toBe(false);
    pass(lifetimeMs);
    expect(agrees(true)).toBe(false);
  });

  test("it agrees to the same state only", () => {
    agrees(false);
    hold(tombstone(2));
    pass(lifetimeMs);
    expect(agrees(true, digestOf(tombstone(2)))).toBe(false);
  });

  test("it remembers that something was there meanwhile, though it is gone", () => {
    agrees(false);
    agreements.changed(place);
    pass(lifetimeMs);
    expect(agrees(true)).toBe(false);
  });

  test("it has forgotten in its sleep", () => {
    agrees(false);
    self.now = { monotonicMs: lifetimeMs / 2, wallMs: 0 };
    agreements.tick();
    pass(lifetimeMs);
    expect(agrees(true)).toBe(false);
  });

  test("a sleep is noticed by the check itself, before any tick", () => {
    agrees(false);
    self.now = { monotonicMs: 2 * lifetimeMs, wallMs: 0 };
    expect(agrees(true)).toBe(false);
  });

  test("nobody comes back to a very old one", () => {
    agrees(false);
    expect(agreements.size).toBe(1);
    pass(4 * lifetimeMs);
    expect(agreements.size).toBe(0);
  });
});

describe("a node that collects", () => {
  const status = (tombstonesWaiting: number): object => ({
    tombstonesWaiting,
    operationsWaiting: 0,
    confirmed: 0,
    agreed: 0,
  });

  test("is told by the scrub of tombstones, of each once, and of no values", () => {
    const leftovers = new Leftovers(self, partitions(), () => false);
    const sibling = { dot: { actor: makeActor("replica1", 1), counter: 1 }, timestamp: { ms: 1, counter: 0 } };
    const live = { ...sibling, path: "", value: Uint8Array.of(1), op: makeOpId("client..", 1) };
    const record = encodeRecord(place.hash, { siblings: [live], spent: [], context: contextOf([live.dot]) });
    leftovers.noteRecord(place, record);
    expect(leftovers.status()).toEqual(status(0));
    leftovers.noteRecord(place, tombstone(1));
    leftovers.noteRecord(place, tombstone(1));
    expect(leftovers.status()).toEqual(status(1));
  });

  test("is the first primary of the key alone", () => {
    begin("n2");
    const leftovers = new Leftovers(self, partitions(), () => false);
    leftovers.noteRecord(place, tombstone(1));
    leftovers.stored(place, tombstone(2), "tombstone");
    expect(leftovers.status()).toEqual(status(0));
  });

  test("does not even ask the others while it has a hint itself", () => {
    for (const node of ["n2", "n3", "n4"]) self.link(node);
    const leftovers = new Leftovers(self, partitions(), () => hints.has(String(place.key)));
    leftovers.noteRecord(place, tombstone(1));
    hints.add(String(place.key));
    for (let at = 0; at < 10; at++) {
      self.now = { monotonicMs: self.now.monotonicMs + 500, wallMs: 0 };
      leftovers.tick();
    }
    expect(self.takeEffects()).toEqual([]);
    hints.clear();
    self.now = { monotonicMs: self.now.monotonicMs + 1000, wallMs: 0 };
    leftovers.tick();
    expect(self.takeEffects()).toMatchObject([{ kind: "persist", writes: [], then: [{}, {}, {}] }]);
  });

  test("forgets what all agreed to when a hint is stored here", () => {
    const leftovers = new Leftovers(self, partitions(), () => false);
    const message = { kind: "LeftoverCheck", id: 1, isSecond: false } as const;
    leftovers.receive("n2", { ...message, states: [{ key: place.key, digest: digestOf(tombstone(1)) }] });
    expect(leftovers.status().agreed).toBe(1);
    leftovers.hinted(place);
    expect(leftovers.status().agreed).toBe(0);
  });
});
