// An ambient module cannot be imported, and the package ships no types.
// oxlint-disable-next-line typescript/triple-slash-reference
/// <reference path="../../src/consistent-hash.d.ts" />
import ConsistentHash from "consistent-hash";
import { build } from "esbuild";
import * as fc from "fast-check";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { partitionsMax, Ring, encodeRingTable, isPartitionCount, parseRingTable, partitionOf } from "../../src/ring.ts";
import type { Member, RingTable } from "../../src/ring.ts";

const PARTITION_COUNTS = Array.from({ length: 13 }, (_, power) => 2 ** power);

const members: readonly Member[] = ["a", "b", "c"].map((id) => ({ id, url: `ws://${id}:1`, zone: "z", weight: 1 }));
const table: RingTable = { epoch: 7, partitions: 8, replicas: 2, members, owners: [0, 1, 2, 0, 1, 2, 0, 1] };

/** The wire form of `table` with some elements replaced by place. */
function encodedWith(changes: Readonly<Record<number, unknown>>): unknown {
  return Object.assign(encodeRingTable(table) as unknown[], changes);
}

describe("consistent-hash", () => {
  test("the one-character name p lands on the point 32 * p, at every Q", () => {
    // design §5: "Verified for 1.2.2: … lands exactly on partition p … pin that with a test".
    for (const partitions of PARTITION_COUNTS) {
      const circle = new ConsistentHash<number>({ range: 32 * partitions });
      for (let point = 0; point < partitions; point += 1) circle.add(point, 1, [32 * point]);
      const landed = Array.from({ length: partitions }, (_, p) => circle.get(String.fromCharCode(p), 1)?.[0]);
      expect(landed).toEqual([...landed.keys()]);
    }
  });

  test("get(name, n) walks to the n distinct owners clockwise, across the wrap", () => {
    // design §5: "`get(name, n)` walks to the n distinct owners clockwise".
    const circle = new ConsistentHash<string>({ range: 32 * 4 });
    circle.add("a", 2, [0, 32]).add("b", 1, [64]).add("c", 1, [96]);
    expect(circle.get(String.fromCharCode(1), 3)).toEqual(["a", "b", "c"]);
    expect(circle.get(String.fromCharCode(2), 3)).toEqual(["b", "c", "a"]);
    expect(circle.get(String.fromCharCode(3), 2)).toEqual(["c", "a"]);
  });
});

describe("Ring", () => {
  test("puts the table's owner first on every partition's list", () => {
    // design §5: the table partition → owner is what is put on the ring.
    const ring = new Ring(table);
    const firsts = table.owners.map((_, partition) => ring.preferenceList(partition, 1)[0]?.node);
    expect(firsts).toEqual(table.owners.map((owner) => members[owner]?.id));
  });

  test("computes a list once per table, partition and n", () => {
    // design §5: "Lists are computed once per table, not per request".
    const ring = new Ring(table);
    expect(ring.preferenceList(3, 2)).toBe(ring.preferenceList(3, 2));
    expect(ring.preferenceList(3, 3)).toBe(ring.preferenceList(3, 900));
    expect(ring.preferenceList(3, 1)).not.toBe(ring.preferenceList(3, 2));
  });

  test("isPrimary holds of the first n and of nobody else", () => {
    // design §2: a primary is one of the first n of the preference list.
    const ring = new Ring(table);
    expect(members.filter(({ id }) => ring.isPrimary(id, 2, 2)).map(({ id }) => id)).toEqual(["a", "c"]);
    expect(ring.isPrimary("stranger", 2, 3)).toBe(false);
  });

  test("finds members by id", () => {
    // design §5: lists name nodes by id; their url and zone come from the table.
    const ring = new Ring(table);
    expect(ring.member("b")).toEqual(members[1]);
    expect(ring.member("stranger")).toBeUndefined();
  });

  test.each([
    [8, 1, /partition must be in 0\.\.7, not 8/],
    [-1, 1, /partition must be/],
    [0.5, 1, /partition must be/],
    [0, 0, /n must be a positive integer, not 0/],
    [0, 1.5, /n must be/],
    [0, Number.NaN, /n must be/],
  ])("refuses partition %d with n = %d", (partition, n, sentence) => {
    // style §3: wrong arguments are refused early, with the name and the value in the sentence.
    expect(() => new Ring(table).preferenceList(partition, n)).toThrow(sentence);
  });

  test("answers alike in another realm, bundled for a browser", async () => {
    // design §13: the client works unchanged in a browser; §5: the same table is the same ring in every process.
    const bundle = await build({
      stdin: { contents: 'export { Ring } from "./src/ring.ts";', resolveDir: process.cwd() },
      bundle: true,
      write: false,
      platform: "browser",
      format: "iife",
      globalName: "coterie",
    });
    const script = `const ring = new coterie.Ring(${JSON.stringify(table)});
      JSON.stringify([0, 1, 2, 3, 4, 5, 6, 7].map((p) => ring.preferenceList(p, 2)))`;
    const elsewhere: unknown = runInNewContext(`${bundle.outputFiles[0]?.text}\n${script}`);
    const ring = new Ring(table);
    expect(elsewhere).toBe(JSON.stringify(table.owners.map((_, p) => ring.preferenceList(p, 2))));
  });
});

describe("partitionOf", () => {
  test("is the top bits of the hash", () => {
    // design §5: "partition = top bits of a strong 64-bit hash".
    expect(partitionOf(0xffff_ffff, 256)).toBe(255);
    expect(partitionOf(0x8000_0000, 256)).toBe(128);
    expect(partitionOf(0x00ff_ffff, 256)).toBe(0);
    expect(partitionOf(0xffff_ffff, 1)).toBe(0);
    expect(partitionOf(-1, 4096)).toBe(4095); // a hash that came out of a signed operation
  });

  test("has equal slices at every Q", () => {
    // design §2: a partition is one of Q *equal* slices of the hash space.
    const aHash = fc.nat({ max: 0xffff_ffff });
    fc.assert(
      fc.property(aHash, fc.constantFrom(...PARTITION_COUNTS), (hash, partitions) => {
        const slice = 2 ** 32 / partitions;
        expect(partitionOf(hash, partitions)).toBe((hash - (hash % slice)) / slice);
      }),
    );
  });
});

describe("the wire form", () => {
  test("comes back as it was sent, and ignores what a later version appends", () => {
    // design §13: unknown fields are ignored.
    expect(parseRingTable(encodeRingTable(table))).toEqual(table);
    expect(parseRingTable([...(encodeRingTable(table) as unknown[]), "later"])).toEqual(table);
  });

  test.each([
    ["no array", "ring", /must be an array, not string/],
    ["epoch 0", encodedWith({ 0: 0 }), /epoch must be a positive integer, not 0/],
    ["Q = 12", encodedWith({ 1: 12 }), /partitions must be a power of two in 1\.\.4096, not 12/],
    ["N = 0", encodedWith({ 2: 0 }), /replicas must be an integer in 1\.\.1024, not 0/],
    ["no members", encodedWith({ 3: [] }), /number of members must be 1\.\.1024, not 0/],
    ["a member without url", encodedWith({ 3: [["a", null, "z", 1]] }), /member url must be a string, not object/],
    ["an empty id", encodedWith({ 3: [["", "u", "z", 1]] }), /member id must be a string that is not empty/],
    ["a numeric zone", encodedWith({ 3: [["a", "u", 1, 1]] }), /member zone must be a string, not 1/],
    ["weight 0", encodedWith({ 3: [["a", "u", "z", 0]] }), /member weight must be a finite number above 0, not 0/],
    [
      "an id twice",
      encodedWith({
        3: [
          ["a", "u", "z", 1],
          ["a", "u", "z", 1],
        ],
      }),
      /sorted by distinct ids, not "a"/,
    ],
    [
      "members unsorted",
      encodedWith({
        3: [
          ["b", "u", "z", 1],
          ["a", "u", "z", 1],
        ],
      }),
      /sorted by distinct ids, not "a"/,
    ],
    ["too few owners", encodedWith({ 4: [0] }), /number of owners must be 8, one per partition, not 1/],
    [
      "an owner that is no member",
      encodedWith({ 4: [0, 1, 2, 3, 0, 1, 2, 0] }),
      /owner must be a member's index, 0\.\.2, not 3/,
    ],
    ["an owner that is no number", encodedWith({ 4: [0, 1, 2, "0", 0, 1, 2, 0] }), /owner must be a member's index/],
  ])("refuses %s", (_, value, sentence) => {
    // style §1 practice 12, design §13: foreign bytes are checked where they enter, and the reason is a sentence.
    expect(() => parseRingTable(value)).toThrow(sentence);
  });

  test("foreign values are refused by an Error or are a whole table, never anything else", () => {
    // design §14: foreign bytes never crash a node.
    fc.assert(
      fc.property(fc.nat({ max: 5 }), fc.anything(), (place, junk) => {
        const value = place === 5 ? junk : encodedWith({ [place]: junk });
        try {
          expect(isPartitionCount(parseRingTable(value).partitions)).toBe(true);
        } catch (error) {
          expect((error as Error).message).toMatch(/ring table/);
        }
      }),
    );
  });

  test("powers of two up to the limit are partition counts, and nothing else is", () => {
    // design §5: Q is a power of two.
    expect(PARTITION_COUNTS.every(isPartitionCount)).toBe(true);
    expect([0, 3, -2, 0.5, 2 * partitionsMax, Number.NaN, "4", undefined].some(isPartitionCount)).toBe(false);
  });
});
