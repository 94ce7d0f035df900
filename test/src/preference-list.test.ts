import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { preferenceList, preferenceOrder } from "../../src/preference-list.ts";
import { Ring } from "../../src/ring.ts";
import type { Member, RingTable } from "../../src/ring.ts";

/** A member from "id@zone". */
function member(text: string): Member {
  const [id = "", zone = ""] = text.split("@");
  return { id, url: `ws://${id}:1`, zone, weight: 1 };
}

function ids(members: readonly Member[]): string {
  return members.map(({ id }) => id).join(" ");
}

/** Any table at all, planned or not: owners at random, members without partitions, fewer partitions than members. */
const aTable: fc.Arbitrary<RingTable> = fc
  .record({ power: fc.nat({ max: 7 }), zones: fc.array(fc.nat({ max: 4 }), { minLength: 1, maxLength: 12 }) })
  .chain(({ power, zones }) => {
    const members = zones.map((zone, index) => member(`n${String(index).padStart(2, "0")}@z${zone}`));
    const owner = fc.nat({ max: members.length - 1 });
    return fc
      .array(owner, { minLength: 2 ** power, maxLength: 2 ** power })
      .map((owners) => ({ epoch: 1, partitions: 2 ** power, replicas: 3, members, owners }));
  });

describe("preferenceOrder", () => {
  test("names the first of each zone, then the others, both in walk order", () => {
    // design §5: "the n distinct nodes clockwise, distinct zones first while there are any".
    const walk = ["a1@a", "a2@a", "b1@b", "a3@a", "c1@c", "b2@b"].map(member);
    expect(ids(preferenceOrder(walk))).toBe("a1 b1 c1 a2 a3 b2");
  });

  test("is the walk where there is one zone", () => {
    // design §5: without zones the list is the clockwise walk.
    expect(ids(preferenceOrder(["b@z", "c@z", "a@z"].map(member)))).toBe("b c a");
  });
});

describe("preferenceList", () => {
  test("annotates the first n as primaries and the rest as fallbacks", () => {
    // design §5: "Entries carry their annotation".
    const order = ["a@z", "b@z", "c@z"].map(member);
    expect(preferenceList(order, 2)).toEqual([
      { node: "a", role: "primary" },
      { node: "b", role: "primary" },
      { node: "c", role: "fallback" },
    ]);
  });

  test("every list of every table names every member exactly once", () => {
    // design §5: "then fallbacks, distinct too": no node stands on a list twice, the wrap and idle members included.
    fc.assert(
      fc.property(aTable, fc.integer({ min: 1, max: 14 }), (table, n) => {
        const ring = new Ring(table);
        for (const partition of table.owners.keys()) {
          const nodes = ring.preferenceList(partition, n).map(({ node }) => node);
          expect([...nodes].sort()).toEqual(table.members.map(({ id }) => id));
        }
      }),
    );
  });

  test("the order does not depend on n, and min(n, S) members are primaries, before all fallbacks", () => {
    // Dynamo §4.3: the list holds more than N nodes, and the first N healthy ones are asked; raising n only adds.
    fc.assert(
      fc.property(aTable, fc.integer({ min: 1, max: 14 }), (table, n) => {
        const ring = new Ring(table);
        const list = ring.preferenceList(0, n);
        const roles = list.map(({ role }) => role);
        expect(list.map(({ node }) => node)).toEqual(ring.preferenceList(0, 1).map(({ node }) => node));
        expect(roles.filter((role) => role === "primary")).toHaveLength(Math.min(n, table.members.length));
        expect(roles.lastIndexOf("primary")).toBe(Math.min(n, table.members.length) - 1);
      }),
    );
  });

  test("the primaries lie in as many zones as n and the ring allow", () => {
    // design §5: "distinct zones first while there are any".
    fc.assert(
      fc.property(aTable, fc.integer({ min: 1, max: 14 }), (table, n) => {
        const ring = new Ring(table);
        const zones = new Set(table.members.map(({ zone }) => zone)).size;
        for (const partition of table.owners.keys()) {
          const primaries = ring.preferenceList(partition, n).filter(({ role }) => role === "primary");
          expect(new Set(primaries.map(({ node }) => ring.member(node)?.zone)).size).toBe(Math.min(n, zones));
        }
      }),
    );
  });

  test("the walk wraps: the last partition's list goes on with the first partitions' owners", () => {
    // riak_core#913: the tail of the ring is where nodes stood twice.
    const members = ["a@z", "b@z", "c@z"].map(member);
    const ring = new Ring({ epoch: 1, partitions: 4, replicas: 3, members, owners: [0, 1, 2, 0] });
    expect(ring.preferenceList(3, 3).map(({ node }) => node)).toEqual(["a", "b", "c"]);
  });

  test("members that own nothing come last, taking turns from partition to partition", () => {
    // design §5 asks for S nodes on a list; a ring with fewer partitions than nodes has idle ones.
    const members = ["a@z", "b@z", "c@z", "d@z"].map(member);
    const ring = new Ring({ epoch: 1, partitions: 2, replicas: 3, members, owners: [0, 1] });
    expect(ring.preferenceList(0, 3).map(({ node }) => node)).toEqual(["a", "b", "c", "d"]);
    expect(ring.preferenceList(1, 3).map(({ node }) => node)).toEqual(["b", "a", "d", "c"]);
  });
});
