/**
 * Deletes that are forgotten too early, or outlive what they were to delete (scenarios.md §4, by its numbers). A tombstone may go when
 * nobody has anything left that it has to keep dead, and must go from everywhere, lest it kill what is written later.
 */
import { expect, test } from "vitest";
import { scenario } from "../../../sim/index.ts";
import { fails, mutant, type Story } from "./broken.ts";

const key = "b/k";
/** Long enough for both checks of a tombstone, and what comes before and after. */
const collectionMs = 15_000;

test("scenario 4: a tombstone that a stand-in keeps does not kill the key that was made anew", async () => {
  // kv679_tombstone, "doomstone": reaped from the primaries alone, it came back by handoff and covered the dots of the new value.
  await scenario({ nodes: 4 }, async (s) => {
    const { context } = await s.write("n1", key, "old");
    s.crash("n3");
    await s.remove("n1", key, { context, w: 3 });
    s.expectHints("n4", 1);
    s.crash("n4");
    s.start("n3");
    await s.tick(collectionMs);
    await s.write("n1", key, "new");
    s.start("n4");
    await s.eventually("n4 hands its tombstone over", () => s.hints("n4") === 0);
    await s.eventuallyAllHold(key, ["new"]);
    await s.tick(collectionMs);
    s.expectAllHeld(key, ["new"]);
  });
});

// kv679_tombstone2: a primary that had crashed brought it back, and a read repaired the new value away.
const crashedPrimary =
  (isDeletedFirst: boolean): Story =>
  async (s) => {
    const { context } = await s.write("n1", key, "old", { w: 3 });
    if (!isDeletedFirst) s.crash("n3");
    await s.remove("n1", key, { context, w: isDeletedFirst ? 3 : 2 });
    if (isDeletedFirst) s.crash("n3");
    await s.tick(collectionMs);
    expect(s.has("n1", key)).toBe(true);
    await s.write("n1", key, "new");
    s.start("n3");
    await s.serving();
    for (let reads = 0; reads < 5; reads++) await s.expectRead("n3", key, ["new"], { r: 3 });
    await s.tick(collectionMs);
    s.expectAllHeld(key, ["new"]);
  };

test("scenario 5: nor does one that a primary kept while it was down", async () => {
  await scenario({}, crashedPrimary(true));
});

test("scenario 5, of a primary that has missed the delete and the new value", async () => {
  await scenario({}, crashedPrimary(false));
});

test("scenario 25: what was deleted and collected stays dead after a crash of everybody", async () => {
  // bitcask#82, #148: a merge dropped the tombstone, the next start read an older file, and the value was back.
  await scenario({}, async (s) => {
    const { context } = await s.write("n1", key, "old");
    await s.remove("n1", key, { context });
    await s.eventually("the tombstone goes", () => s.count("tombstone collected") === 3);
    await s.tick(1000);
    s.expectGone(key);
    for (const node of s.nodes) s.cutPower(node);
    for (const node of s.nodes) s.start(node);
    await s.serving();
    await s.expectRead("n2", key, [], { r: 3 });
    s.expectGone(key);
  });
});

// Scylla#3560, #8970, #15243: tombstones went after ten days, whoever had not heard of them. Here nobody keeps hints either.
const minority: Story = async (s) => {
  const { context } = await s.write("n1", key, "old", { w: 3 });
  for (const kind of ["ReplicaPut", "TreeRoots"] as const) for (const from of ["n1", "n2"]) s.drop(from, "n3", kind);
  await s.remove("n1", key, { context, w: 2 });
  await s.tick(collectionMs);
  s.expectHeld("n3", key, ["old"]);
  for (const node of ["n1", "n2"]) expect(s.has(node, key)).toBe(true);
  s.heal();
  await s.eventually("all are rid of it", () => s.primaries(key).every((node) => !s.has(node, key)));
  await s.expectRead("n3", key, [], { r: 3 });
};

test("scenario 32: a primary that missed the delete does not bring the key back, however long nobody tells it", async () => {
  await scenario({ tuning: { hintBytesMax: 0 } }, minority);
});

test("scenario 32 is failed by a node that agrees to the end of a tombstone that it does not hold", async () => {
  await fails({ tuning: { hintBytesMax: 0 } }, minority, mutant("agrees blindly to the end of a tombstone"), /^I2:/);
});

test("scenario 32, of one that cannot be reached", async () => {
  await scenario({ tuning: { hintBytesMax: 0 } }, async (s) => {
    const { context } = await s.write("n1", key, "old", { w: 3 });
    s.isolate("n3");
    await s.tick(2000);
    await s.remove("n1", key, { context, w: 2 });
    await s.tick(2 * collectionMs);
    for (const node of ["n1", "n2"]) expect(s.has(node, key)).toBe(true);
    s.heal();
    await s.eventually("all are rid of it", () => s.primaries(key).every((node) => !s.has(node, key)));
    await s.expectRead("n3", key, [], { r: 3 });
  });
});

test("scenario 33: a hint that is replayed after a delete does not bring the key back", async () => {
  // Scylla#23712, step by step: its target was up again and took the delete while the hint's keeper was away.
  await scenario({ nodes: 4 }, async (s) => {
    s.crash("n3");
    const { context } = await s.write("n1", key, "old", { w: 3 });
    s.expectHints("n4", 1);
    s.crash("n4");
    s.start("n3");
    await s.serving();
    await s.remove("n1", key, { context, w: 3 });
    await s.tick(collectionMs);
    for (const node of ["n1", "n2", "n3"]) expect(s.has(node, key)).toBe(true);
    s.start("n4");
    await s.eventually("n4 replays it", () => s.hints("n4") === 0);
    await s.expectRead("n3", key, [], { r: 3 });
    await s.eventually("all are rid of it", () => s.primaries(key).every((node) => !s.has(node, key)));
  });
});

// Scylla#24415: "all pending writes were replayed" was said though every one of them had failed; the tombstone went, and then the
// replays succeeded.
const stubbornHint: Story = async (s) => {
  s.crash("n3");
  const { context } = await s.write("n1", key, "old", { w: 3 });
  s.drop("n4", "n3", "ReplicaPut");
  s.start("n3");
  await s.serving();
  const tries = s.sent("ReplicaPut");
  await s.remove("n1", key, { context, w: 3 });
  await s.tick(2 * collectionMs);
  expect(s.sent("ReplicaPut")).toBeGreaterThan(tries + 5);
  s.expectHints("n4", 1);
  for (const node of ["n1", "n2", "n3"]) expect(s.has(node, key)).toBe(true);
  s.deliver("n4", "n3", "ReplicaPut");
  await s.eventually("n4 hands it over", () => s.hints("n4") === 0);
  await s.expectRead("n3", key, [], { r: 3 });
  await s.eventually("all are rid of it", () => s.primaries(key).every((node) => !s.has(node, key)));
};

test("scenario 34: hints that cannot be handed over keep the tombstone, though their keeper is there and tries", async () => {
  await scenario({ nodes: 4 }, stubbornHint);
});

test("scenario 34 is failed by a node that agrees to the end of a tombstone though it keeps a hint", async () => {
  await fails({ nodes: 4 }, stubbornHint, mutant("agrees blindly to the end of a tombstone"), /^I2:/);
});
