/** node/versions.ts: what becomes of an object; the rules themselves are played in partition.test.ts and hints.test.ts. */
import { beforeEach, expect, test } from "vitest";
import { Identity } from "../../node/identity.ts";
import { Self } from "../../node/self.ts";
import { defaultTuning } from "../../node/tuning.ts";
import { Versions, type Update } from "../../node/versions.ts";
import { makeActor } from "../../src/dot.ts";
import { makeKey } from "../../src/key.ts";
import { limits } from "../../src/limits.ts";
import { makeOpId } from "../../src/op-id.ts";
import { Ring } from "../../src/ring.ts";
import { emptyToken } from "../../src/token.ts";
import { contextOf, emptyContext } from "../../src/causal-context.ts";
import type { Change } from "../../src/crdt/change.ts";
import { counterValue } from "../../src/crdt/counter.ts";
import { fieldPath, registerPath } from "../../src/crdt/path.ts";
import { sync } from "../../src/object.ts";
import { decodeRecord, encodeRecord } from "../../src/record.ts";
import { observedAt, registerWinner, rootTypes } from "../../src/shown.ts";
import { MemoryStore } from "./memory-store.ts";

const now = { monotonicMs: 0, wallMs: 1_700_000_000_000 };
const key = makeKey("carts", "alice");
let self: Self;
let versions: Versions;

beforeEach(() => {
  const members = [{ id: "n1", url: "ws://n1", zone: "z", weight: 1 }];
  const ring = new Ring({ epoch: 1, partitions: 1, replicas: 1, members, owners: [0] });
  const store = new MemoryStore();
  self = new Self({ id: "n1", ring, options: { defaults: {}, buckets: {} }, tuning: defaultTuning }, store, now);
  versions = versionsOf("replica.");
});

/** Of a replica whose identity is durable. */
function versionsOf(replicaId: string): Versions {
  const identity = new Identity();
  for (const effect of identity.start(now, self.store, replicaId, false).then)
    if (effect.kind === "deliver" && effect.input.kind === "leased") identity.leased(effect.input.lease);
  return new Versions(self, identity);
}

function update(value: string, sequence: number, token = emptyToken): Update {
  return {
    op: makeOpId("client..", sequence),
    value: new TextEncoder().encode(value),
    token,
    changes: undefined,
    isLww: false,
  };
}

test("an operation that is there already is not minted again", () => {
  // Design §6.5: a retry at the same coordinator.
  const place = self.locate(key);
  const first = versions.update(place, undefined, update("tea", 1), false);
  const again = versions.update(place, first.record, update("tea", 1), false);
  expect(again).toMatchObject({ isKnown: true, record: first.record, token: first.token });
});

test("what is known already joins to nothing, and what is new to the bytes that came", () => {
  const place = self.locate(key);
  const first = versions.update(place, undefined, update("tea", 1), false);
  const second = versions.update(place, first.record, update("milk", 2, first.token), false);
  const elsewhere = versionsOf("another.");
  expect(elsewhere.join(place, second.record, first.record, true).record).toBeUndefined();
  expect(elsewhere.join(place, first.record, second.record, true).record).toBe(second.record);
});

test("dots of this replica that the local object lacks close their epoch", () => {
  // Design §4.3: "also when storing on behalf of another coordinator (there as an event without a value)".
  const place = self.locate(key);
  const lost = versions.update(place, undefined, update("tea", 1), false);
  const joined = versions.join(place, undefined, lost.record, true);
  expect(joined.isAmnesiac).toBe(true);
  expect(decodeRecord(joined.record!).context).toHaveLength(2);
});

test("where nothing is minted on top of an object it need not have all that was issued here", () => {
  // A hint beside the one that this node mints on: an event each time would make contexts grow with the writes of an outage.
  const place = self.locate(key);
  const lost = versions.update(place, undefined, update("tea", 1), false);
  const joined = versions.join(place, undefined, lost.record, false);
  expect(joined).toMatchObject({ isAmnesiac: false, record: lost.record });
});

test("two records are alike to a replica if they know the same dots of it", () => {
  const place = self.locate(key);
  const first = versions.update(place, undefined, update("tea", 1), false);
  const byAnother = versionsOf("another.").update(place, first.record, update("milk", 2, first.token), false);
  const second = versions.update(place, first.record, update("milk", 3, first.token), false);
  expect(versions.isAlike(first.record, byAnother.record)).toBe(true);
  expect(versions.isAlike(first.record, second.record)).toBe(false);
});

function changing(changes: readonly Change[], sequence: number): Update {
  return { op: makeOpId("client..", sequence), value: undefined, token: emptyToken, changes, isLww: false };
}

test("an element has the same operation id at every coordinator, whatever that one has of the others", () => {
  // Else an increment that was tried at two of them, of which one has the note already, counts twice.
  const place = self.locate(key);
  const notes = fieldPath("m", "notes", "gSet");
  const spent = fieldPath("m", "spent", "pnCounter");
  const note: Change = { kind: "write", path: notes, value: Uint8Array.of(7), observed: emptyContext };
  const both: readonly Change[] = [note, { kind: "increment", path: spent, amount: 5 }];
  const first = versions.update(place, undefined, changing(both, 10), false);
  const elsewhere = versionsOf("another.");
  const noted = elsewhere.update(place, undefined, changing([note], 1), false);
  const again = elsewhere.update(place, noted.record, changing(both, 10), false);
  expect(counterValue(sync(decodeRecord(first.record), decodeRecord(again.record)), spent)).toBe(5);
});

test("a register's write that was tried twice does not win again over what replaced it", () => {
  // I11: the second try is stamped later than the write of somebody who had read the first.
  const place = self.locate(key);
  const write = (value: number, observed = emptyContext): readonly Change[] => [
    { kind: "write", path: registerPath, value: Uint8Array.of(value), observed },
  ];
  const first = versions.update(place, undefined, changing(write(1), 1), false);
  const observed = observedAt(decodeRecord(first.record), registerPath);
  const replaced = versions.update(place, first.record, changing(write(2, observed), 2), false);
  self.now = { ...now, wallMs: now.wallMs + 400 };
  const again = versionsOf("another.").update(place, undefined, changing(write(1), 1), false);
  const joined = sync(decodeRecord(replaced.record), decodeRecord(again.record));
  expect(registerWinner(joined, registerPath)?.value).toEqual(Uint8Array.of(2));
});

test("a key on which two sides of a partition disagree is changed by both, and deleted by both", () => {
  // Were either refused, nobody could ever write to it again.
  const place = self.locate(key);
  const count: readonly Change[] = [{ kind: "increment", path: "p", amount: 5 }];
  const tag: readonly Change[] = [{ kind: "write", path: "s", value: Uint8Array.of(7), observed: emptyContext }];
  const here = versions.update(place, undefined, changing(count, 1), false);
  const refused = 'holds a counter, for which there is counter("';
  expect(() => versions.update(place, here.record, changing(tag, 2), false)).toThrow(refused);
  const there = versionsOf("another.").update(place, undefined, changing(tag, 2), false);
  const { record } = versions.join(place, here.record, there.record, true);
  const again = versions.update(place, record, changing(count, 3), false);
  const observed = observedAt(decodeRecord(again.record), "s");
  const left = versions.update(place, again.record, changing([{ kind: "drop", path: "s", observed }], 4), false);
  expect(rootTypes(decodeRecord(left.record))).toEqual(new Set(["pnCounter"]));
});

test("a set that a join has made too large takes what makes it smaller, and nothing else", () => {
  // src/limits.ts: elementsMax. Otherwise nobody could make it smaller but by deleting all of it.
  const place = self.locate(key);
  const actor = makeActor("another.", 1);
  const siblings = Array.from({ length: limits.elementsMax + 10 }, (_, at) => ({
    dot: { actor, counter: at + 1 },
    path: "s",
    value: Uint8Array.of(at >> 8, at & 0xff),
    timestamp: { ms: 1, counter: 0 },
    op: makeOpId("client..", at + 1),
  }));
  const context = contextOf(siblings.map(({ dot }) => dot));
  const record = encodeRecord(place.hash, { siblings, spent: [], context });
  const drop = { kind: "drop", path: "s", observed: contextOf([siblings[5]!.dot]) } as const;
  const smaller = versions.update(place, record, changing([drop], 50_000), false);
  expect(decodeRecord(smaller.record).siblings).toHaveLength(limits.elementsMax + 9);
  const add = { kind: "write", path: "s", value: Uint8Array.of(1, 2, 3), observed: emptyContext } as const;
  expect(() => versions.update(place, record, changing([add], 50_001), false)).toThrow(
    expect.objectContaining({ code: "TOO_LARGE" }),
  );
});
