/** Merges on the nodes, in the simulator: the shipped nodes, cut apart and healed, with every checker watching. */
import { expect, test } from "vitest";
import { scenario, type Scenario } from "../../sim/index.ts";

const key = "b/k";

function union(a: readonly string[], b: readonly string[]): readonly string[] {
  return [...new Set([...a, ...b])].sort();
}

/** Each side writes without the other. */
async function writeApart(s: Scenario): Promise<void> {
  s.cut(["n1"], ["n2", "n3"]);
  await s.write("n1", key, ["tea"], { w: 1 });
  await s.write("n2", key, ["rye"], { w: 1 });
  s.join(["n1"], ["n2", "n3"]);
  await s.serving();
}

test("after a partition every node gives a reader the same one value of both sides' writes", async () => {
  // Design §8: resolvers run on read. What is stored keeps both, until somebody writes.
  for (let seed = 1; seed <= 10; seed++)
    await scenario({ seed, merges: { b: union } }, async (s) => {
      await writeApart(s);
      for (const node of ["n1", "n2", "n3"]) {
        const read = await s.read(node, key, { r: 3 });
        expect(read.merged).toEqual(["rye", "tea"]);
        expect(read.values).toHaveLength(2);
      }
      const read = await s.read("n1", key, { r: 3 });
      await s.write("n3", key, ["oil", ...union(["rye"], ["tea"])], { context: read.context, w: "all" });
      expect((await s.read("n2", key)).merged).toBeUndefined();
    });
});

test("a merge that throws takes no node down, and costs nobody his siblings", async () => {
  const refusing = (): never => {
    throw new Error("no price for rye");
  };
  await scenario({ merges: { b: refusing } }, async (s) => {
    await writeApart(s);
    for (const node of ["n1", "n2", "n3"]) {
      const read = await s.read(node, key, { r: 3 });
      expect(read.values).toHaveLength(2);
      expect(read.answer).toMatchObject({ kind: "GetReply", mergeProblem: "no price for rye" });
      expect(s.status(node).counters).toMatchObject({ merges: 1, mergeFailures: 1 });
    }
  });
});
