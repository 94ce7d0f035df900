/** node/succession.ts: who is asked next (design §6.3, §7). */
import { beforeEach, expect, test } from "vitest";
import { Self } from "../../node/self.ts";
import { Succession } from "../../node/succession.ts";
import { defaultTuning } from "../../node/tuning.ts";
import { Cluster, keyOf } from "./cluster.ts";
import { MemoryStore } from "./memory-store.ts";

let self: Self;

beforeEach(() => {
  const { ring, options } = new Cluster({ nodes: 6 });
  self = new Self({ id: "n1", ring, options, tuning: defaultTuning }, new MemoryStore(), { monotonicMs: 0, wallMs: 0 });
  for (const node of ["n2", "n3", "n4", "n5", "n6"]) self.link(node);
});

function succession(sloppy: boolean): Succession {
  const place = self.locate(keyOf("carts/alice"));
  return new Succession(self, { place, options: { n: 3, sloppy }, primaries: self.ring.primaries(place.partition, 3) });
}

function primariesOf(line: Succession): string[] {
  const nodes: string[] = [];
  for (let next = line.nextPrimary(); next !== undefined; next = line.nextPrimary()) nodes.push(next.node);
  return nodes;
}

test("the other primaries in the order of the list, and suspects last", () => {
  expect(primariesOf(succession(true))).toEqual(["n2", "n3"]);
  self.suspects.add("n2");
  expect(primariesOf(succession(true))).toEqual(["n3", "n2"]);
});

test("nobody stands in as long as nobody is wanting", () => {
  const line = succession(true);
  expect(line.nextStandIn()).toBeUndefined();
});

test("one stand-in for each primary that will not answer, told whom it stands for", () => {
  // Design §7: replaced in order by the next live distinct node, tagged with whom it stands for.
  const line = succession(true);
  line.vacate("n3");
  line.vacate("n2");
  line.vacate("n2");
  expect(line.nextStandIn()).toMatchObject({ node: "n4", standsFor: "n3", role: "fallback" });
  expect(line.nextStandIn()).toMatchObject({ node: "n5", standsFor: "n2" });
  expect(line.nextStandIn()).toBeUndefined();
  line.vacate("n2"); // its stand-in failed too
  expect(line.nextStandIn()).toMatchObject({ node: "n6", standsFor: "n2" });
  line.vacate("n2");
  expect(line.nextStandIn()).toBeUndefined();
});

test("a primary that became unreachable unnoticed is passed over, and replaced", () => {
  const line = succession(true);
  self.down.add("n2");
  expect(primariesOf(line)).toEqual(["n3"]);
  expect(line.nextStandIn()).toMatchObject({ node: "n4", standsFor: "n2" });
});

test("in a strict request nobody stands in", () => {
  // Design §6.1: sloppy, fallbacks may stand in.
  const line = succession(false);
  line.vacate("n2");
  expect(line.nextStandIn()).toBeUndefined();
});
