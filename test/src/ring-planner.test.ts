import * as fc from "fast-check";
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { planRing } from "../../src/ring-planner.ts";
import { Ring, encodeRingTable, parseRingTable } from "../../src/ring.ts";
import type { Member, RingTable } from "../../src/ring.ts";

const SIZES = Array.from({ length: 100 }, (_, index) => index + 1);

/** S members of weight 1, dealt to `zones` zones in turn. */
function cluster(size: number, zones = 1): readonly Member[] {
  return Array.from({ length: size }, (_, index) => node(index, `z${index % zones}`));
}

function node(index: number, zone = "z0", weight = 1): Member {
  return { id: `n${String(index).padStart(3, "0")}`, url: `ws://n${index}:1`, zone, weight };
}

const setsByTable = new WeakMap<RingTable, readonly ReadonlySet<string>[]>();

/** Each partition's primaries for n = N. Kept per table: several properties look at the same hundred tables. */
function replicaSets(table: RingTable): readonly ReadonlySet<string>[] {
  const sets = setsByTable.get(table) ?? primariesOf(table);
  setsByTable.set(table, sets);
  return sets;
}

function primariesOf(table: RingTable): readonly ReadonlySet<string>[] {
  const ring = new Ring(table);
  return table.owners.map((_, partition) => {
    const primaries = ring.preferenceList(partition, table.replicas).filter(({ role }) => role === "primary");
    return new Set(primaries.map((entry) => entry.node));
  });
}

/** Replicas that `after` places on nodes that did not hold them before. */
function moves(before: RingTable, after: RingTable): number {
  const old = replicaSets(before);
  return replicaSets(after).reduce((sum, set, partition) => {
    return sum + [...set].filter((id) => !old[partition]!.has(id)).length;
  }, 0);
}

function owned(table: RingTable): readonly number[] {
  return table.members.map((_, index) => table.owners.filter((owner) => owner === index).length);
}

function replicasHeld(table: RingTable): readonly number[] {
  const counts = new Map(table.members.map(({ id }) => [id, 0]));
  for (const set of replicaSets(table)) for (const id of set) counts.set(id, counts.get(id)! + 1);
  return [...counts.values()];
}

/** The fewest distinct nodes, or zones, among N consecutive owners, counted across the wrap. */
function fewestInWindow(table: RingTable, by: "id" | "zone"): number {
  const { owners, members, partitions, replicas } = table;
  const window = (start: number): readonly (string | undefined)[] =>
    Array.from({ length: replicas }, (_, step) => members[owners[(start + step) % partitions]!]?.[by]);
  return owners.reduce((fewest, _, start) => Math.min(fewest, new Set(window(start)).size), replicas);
}

/** Tables of 1, 2, … 100 nodes, each planned from the one before. */
function growth(partitions: number, replicas: number, zones = 1): readonly RingTable[] {
  const tables: RingTable[] = [];
  for (const size of SIZES)
    tables.push(planRing(cluster(size, zones), { partitions, replicas, previous: tables.at(-1) }));
  return tables;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

describe.each([
  [256, 3],
  [64, 5],
  [1024, 3],
])("equal nodes joining one by one, Q = %d, N = %d", (partitions, replicas) => {
  const grown = growth(partitions, replicas);
  const fresh = SIZES.map((size) => planRing(cluster(size), { partitions, replicas }));
  const all = [...grown, ...fresh];

  test("ownership is the fair share rounded down or up", () => {
    // design §5: "ownership within one partition of the fair share", for S = 1..100.
    for (const table of all) {
      const share = partitions / table.members.length;
      expect(Math.min(...owned(table))).toBeGreaterThanOrEqual(Math.floor(share));
      expect(Math.max(...owned(table))).toBeLessThanOrEqual(Math.ceil(share));
    }
  });

  test("replicas are N for each partition owned, so within 1.15 × the mean or, where Q/S is small, one partition's worth", () => {
    // design §5: "replicas per node within 1.15 × the mean"; ⌈Q/S⌉ above 1.15 × Q/S puts that out of reach.
    for (const table of all) {
      const size = table.members.length;
      const copies = Math.min(replicas, size);
      const mean = (partitions * copies) / size;
      const most = Math.max(...replicasHeld(table));
      if (size > replicas) expect(replicasHeld(table)).toEqual(owned(table).map((count) => copies * count));
      if (Math.ceil(partitions / size) <= (1.15 * partitions) / size) expect(most).toBeLessThanOrEqual(1.15 * mean);
      expect(most).toBeLessThan(mean + copies);
    }
  });

  test("N consecutive partitions have N distinct owners, across the wrap too", () => {
    // design §5: "keeps N consecutive partitions on distinct nodes"; scenario 18 (riak_core#913) for the tail. S = N has no such ring.
    const distinct = all.filter(({ members }) => members.length > replicas).map((table) => fewestInWindow(table, "id"));
    expect(distinct).toEqual(distinct.map(() => replicas));
  });

  test("a join moves replicas to the new node only, and no more than its share", () => {
    // design §5: "moves at most 1.5 × the minimum (Q·N/(S+1) replicas) when one node joins S"; reached: 1.0.
    for (const [index, before] of grown.slice(0, -1).entries()) {
      const after = grown[index + 1]!;
      const size = after.members.length;
      const moved = moves(before, after);
      expect(moved).toBeLessThanOrEqual((partitions * Math.min(replicas, size)) / size);
      expect(moved).toBe(replicasHeld(after).at(-1));
    }
  });
});

describe("a node leaving", () => {
  test.each([
    [256, 3, 1.4],
    [256, 5, 1.7],
  ])("moves little more than what it held, Q = %d, N = %d", (partitions, replicas, factor) => {
    // design §5 bounds joins only; a departure must not reshuffle the ring either. Below S = 2N the remaining nodes
    // stand so close that windows can only be kept distinct by moving more (see planRing).
    for (let size = replicas + 2; size <= partitions / 8; size += 1) {
      const before = planRing(cluster(size), { partitions, replicas });
      const gone = size >> 1;
      const after = planRing(cluster(size).toSpliced(gone, 1), { partitions, replicas, previous: before });
      const bound = size >= 2 * replicas ? factor : replicas;
      expect(moves(before, after)).toBeLessThanOrEqual(bound * replicasHeld(before)[gone]!);
      expect(fewestInWindow(after, "id")).toBe(replicas);
    }
  });

  test("and coming back, over and over, leaves every window distinct", () => {
    // design §5: distinct nodes hold of every table, not only of the first after a fresh plan.
    let table = planRing(cluster(7), { partitions: 64, replicas: 3 });
    for (let turn = 0; turn < 40; turn += 1) {
      const members = turn % 2 === 0 ? cluster(7).toSpliced(turn % 7, 1) : cluster(7);
      table = planRing(members, { partitions: 64, replicas: 3, previous: table });
      expect(fewestInWindow(table, "id")).toBe(3);
    }
    expect(table.epoch).toBe(41);
  });
});

describe("zones", () => {
  test("a first plan keeps every window in N zones when more than N zones are equal", () => {
    // design §5: "keeps N consecutive partitions on distinct nodes (zones)".
    for (const zones of [4, 5, 6, 10]) {
      for (let each = 1; each <= 6; each += 1) {
        const table = planRing(cluster(zones * each, zones), { partitions: 256, replicas: 3 });
        expect(fewestInWindow(table, "zone")).toBe(3);
        expect(Math.max(...replicasHeld(table))).toBeLessThanOrEqual(3 * Math.ceil(256 / (zones * each)));
      }
    }
  });

  test("with exactly N zones only the windows across the wrap fall short, and lists still name N zones", () => {
    // Three zones in strict turn need Q divisible by 3; a power of two never is.
    const table = planRing(cluster(9, 3), { partitions: 256, replicas: 3 });
    const ring = new Ring(table);
    const short = table.owners.filter((_, start) => {
      const window = [0, 1, 2].map((step) => table.members[table.owners[(start + step) % 256]!]?.zone);
      return new Set(window).size < 3;
    });
    expect(short.length).toBeLessThanOrEqual(2);
    for (const set of replicaSets(table)) expect(new Set([...set].map((id) => ring.member(id)?.zone)).size).toBe(3);
    expect(Math.max(...replicasHeld(table))).toBeLessThanOrEqual(1.15 * ((256 * 3) / 9));
  });

  test.each([2, 3, 4, 5])("joins to %d zones stay below 1.5 × the minimum while Q/S is 8 or more", (zones) => {
    // design §5: the bound on joins, with zones; a join that opens a zone moves what distinct zones ask for.
    const grown = growth(256, 3, zones).slice(0, 256 / 8);
    for (const [index, before] of grown.slice(0, -1).entries()) {
      const after = grown[index + 1]!;
      const minimum = (256 * Math.min(3, after.members.length)) / after.members.length;
      expect(moves(before, after)).toBeLessThanOrEqual(1.5 * minimum);
    }
  });
});

describe("weights", () => {
  test("members own in proportion to their weights", () => {
    // design §5: the planner takes weights; "within one partition of the fair share".
    const members = [1, 2, 3, 4, 2].map((weight, index) => node(index, "z0", weight));
    const table = planRing(members, { partitions: 256, replicas: 2 });
    for (const [index, { weight }] of members.entries()) {
      expect(Math.abs(owned(table)[index]! - (256 * weight) / 12)).toBeLessThan(1);
    }
  });

  /** A random ring, and what happens to it: members added (true) or removed (false). */
  const aHistory = fc.record({
    partitions: fc.integer({ min: 4, max: 8 }).map((power) => 2 ** power),
    replicas: fc.integer({ min: 1, max: 4 }),
    weights: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 16 }),
    zones: fc.integer({ min: 1, max: 5 }),
    joins: fc.array(fc.boolean(), { maxLength: 4 }),
  });

  test("windows are distinct whenever no share is above 3/4 of Q/N, whatever the weights, zones and history", () => {
    // design §5: distinct nodes with weights; near Q/N the ring has no room left (see planRing).
    fc.assert(
      fc.property(aHistory, ({ partitions, replicas, weights, zones, joins }) => {
        let members = weights.map((weight, index) => node(index, `z${index % zones}`, weight));
        let table = planRing(members, { partitions, replicas });
        for (const [turn, joining] of joins.entries()) {
          members = joining
            ? [...members, node(100 + turn, `z${turn % zones}`)]
            : members.slice(0, Math.max(1, members.length - 1));
          table = planRing(members, { partitions, replicas, previous: table });
          expect(sum(owned(table))).toBe(partitions);
          const hasRoom = members.length > replicas && Math.max(...owned(table)) <= (0.75 * partitions) / replicas;
          if (hasRoom) expect(fewestInWindow(table, "id")).toBe(replicas);
        }
      }),
      { numRuns: 150 },
    );
  });
});

describe("determinism", () => {
  test("the order of the members argument does not matter", () => {
    // design §5: "the same on every node that has the same table, produced by a deterministic planner".
    const members = cluster(9, 4).map((member, index) => ({ ...member, weight: 1 + (index % 3) }));
    const previous = planRing(members.slice(1), { partitions: 64, replicas: 3 });
    const expected = planRing(members, { partitions: 64, replicas: 3, previous });
    fc.assert(
      fc.property(fc.shuffledSubarray([...members], { minLength: 9 }), (shuffled) => {
        expect(planRing(shuffled, { partitions: 64, replicas: 3, previous })).toEqual(expected);
      }),
      { numRuns: 30 },
    );
  });

  test.each([
    [3, 16, 1, "397d644190ec"],
    [5, 64, 1, "c58591d1330b"],
    [9, 256, 3, "5ffe721e697f"],
    [30, 256, 4, "27700e0f713d"],
  ])("S = %d, Q = %d, %d zones gives the recorded tables in every process", (size, partitions, zones, digest) => {
    // design §5: nodes that plan for themselves must agree; a changed planner must show up here.
    const first = planRing(cluster(size, zones), { partitions, replicas: 3 });
    const next = planRing(cluster(size + 1, zones), { partitions, replicas: 3, previous: first });
    const text = JSON.stringify([first, next].map(encodeRingTable));
    expect(createHash("sha256").update(text).digest("hex").slice(0, 12)).toBe(digest);
  });

  test("the same members again are the same owners under the next epoch", () => {
    // design §5: minimal movement: nothing changed, nothing moves; a new url moves nothing either.
    const first = planRing(cluster(11, 4), { partitions: 64, replicas: 3 });
    const moved = cluster(11, 4).map((member) => ({ ...member, url: "ws://elsewhere:1" }));
    const second = planRing(moved, { partitions: 64, replicas: 3, previous: first });
    expect(second.owners).toEqual(first.owners);
    expect([first.epoch, second.epoch]).toEqual([1, 2]);
    expect(second.members[0]?.url).toBe("ws://elsewhere:1");
  });

  test("a planned table passes the check of tables from the wire", () => {
    // design §13: what we send must be what we accept.
    const table = planRing(cluster(10), { partitions: 64, replicas: 3 });
    expect(parseRingTable(encodeRingTable(table))).toEqual(table);
  });
});

describe("wrong arguments", () => {
  const plan = { partitions: 8, replicas: 3 };

  test.each([
    [[], plan, /the number of members must be 1\.\.1024, not 0/],
    [[node(1), node(1)], plan, /Two members have the id "n001"/],
    [[{ ...node(1), id: "" }], plan, /id must not be empty/],
    [[node(1, "z0", 0)], plan, /the weight of member "n001" must be a finite number above 0, not 0/],
    [[node(1, "z0", Number.NaN)], plan, /weight of member "n001" .* not NaN/],
    [[node(1)], { ...plan, partitions: 12 }, /partitions must be a power of two in 1\.\.4096, not 12/],
    [[node(1)], { ...plan, partitions: 8192 }, /partitions must be a power of two/],
    [[node(1)], { ...plan, replicas: 0 }, /replicas must be an integer in 1\.\.1024, not 0/],
    [[node(1)], { ...plan, replicas: 1.5 }, /replicas must be an integer/],
  ])("are refused with a sentence (%#)", (members, wrongPlan, sentence) => {
    // style §3: wrong arguments are refused early, with the name and the value in the sentence.
    expect(() => planRing(members, wrongPlan)).toThrow(sentence);
  });

  test("more replicas than members, more members than partitions and Q = 1 are plans all the same", () => {
    // design §5 names S from 1: a cluster starts with one node, and tests with tiny rings.
    expect(owned(planRing(cluster(1), { partitions: 8, replicas: 3 }))).toEqual([8]);
    expect(owned(planRing(cluster(5), { partitions: 4, replicas: 3 })).filter((count) => count === 1)).toHaveLength(4);
    expect(sum(owned(planRing(cluster(5), { partitions: 1, replicas: 3 })))).toBe(1);
  });
});
