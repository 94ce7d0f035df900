/** node/candidates.ts: who takes part in a request, and who stands in for whom (design §6.1, §7). */
import { expect, test } from "vitest";
import { Candidates } from "../../node/candidates.ts";
import { Self } from "../../node/self.ts";
import { defaultTuning } from "../../node/tuning.ts";
import { Ring } from "../../src/ring.ts";
import { MemoryStore } from "./memory-store.ts";

/** n1, n2, n3 are the primaries of the only partition. Members are "id@zone". */
function selfOf(id: string, up: readonly string[], members = ["n1@a", "n2@b", "n3@c", "n4@d", "n5@e"]): Self {
  const all = members.map((text) => {
    const [name = "", zone = ""] = text.split("@");
    return { id: name, url: `ws://${name}`, zone, weight: 1 };
  });
  const ring = new Ring({ epoch: 1, partitions: 1, replicas: 3, members: all, owners: [0] });
  const config = { id, ring, options: { defaults: {}, buckets: {} }, tuning: defaultTuning };
  const self = new Self(config, new MemoryStore(), { monotonicMs: 0, wallMs: 0 });
  for (const node of up) self.link(node);
  return self;
}

test("the primaries are the first n, whether they are up or not", () => {
  const candidates = new Candidates(selfOf("n1", []), 0, 3, true);
  expect(candidates.primaries.map(({ node }) => node)).toEqual(["n1", "n2", "n3"]);
});

test("stand-ins are the live fallbacks in their order, each for one primary", () => {
  const candidates = new Candidates(selfOf("n1", ["n4", "n5"]), 0, 3, true);
  expect(candidates.standInFor("n2")).toEqual({ node: "n4", role: "fallback", standsFor: "n2" });
  expect(candidates.standInFor("n3")).toEqual({ node: "n5", role: "fallback", standsFor: "n3" });
  expect(candidates.standInFor("n2")).toBeUndefined();
});

test("who is down, or believed to be, stands in for nobody", () => {
  const self = selfOf("n1", ["n4", "n5"]);
  self.down.add("n4");
  expect(new Candidates(self, 0, 3, true).standInFor("n2")?.node).toBe("n5");
});

test("a strict request has no stand-ins", () => {
  expect(new Candidates(selfOf("n1", ["n4", "n5"]), 0, 3, false).standInFor("n2")).toBeUndefined();
});

test("a fallback that coordinates stands in before all others", () => {
  expect(new Candidates(selfOf("n5", ["n4"]), 0, 3, true).standInFor("n1")?.node).toBe("n5");
});

test("a zone where nobody takes part comes first", () => {
  // Bug 19: two copies on one machine, and the write is acknowledged.
  const members = ["n1@a", "n2@b", "n3@c", "n4@a", "n5@b"];
  const self = selfOf("n1", ["n4", "n5"], members);
  expect(new Candidates(self, 0, 3, true).standInFor("n2")?.node).toBe("n5");
  self.link("n2");
  expect(new Candidates(self, 0, 3, true).standInFor("n3")?.node).toBe("n4");
});
