// Sets as their users hold them: what was seen is removed, what was not stays or goes as the set says, and elements are known by their bytes.
import { beforeEach, describe, expect, expectTypeOf, it } from "vitest";
import { set } from "../../client/sets.ts";
import { limits } from "../../src/limits.ts";
import { twoSides, type Side, type TwoSides } from "./two-sides.ts";

let sides: TwoSides;

beforeEach(async () => {
  sides = await twoSides();
});

async function tags({ kv, run }: Side): Promise<string[]> {
  return [...(await run(kv.set<string>("tags").get("post-1"))).value];
}

function kindsSent({ node }: Side): string[] {
  return node.requests.map(({ kind }) => kind);
}

describe("a set", () => {
  it("is empty at first, and not found", async () => {
    const { left } = sides;
    const read = await left.run(left.kv.set<string>("tags").get("post-1"));
    expect(read).toMatchObject({ found: false });
    expect([...read.value]).toEqual([]);
    expectTypeOf(read.value).toEqualTypeOf<ReadonlySet<string>>();
  });

  it("takes elements without reading, and shows them in the order in which they came", async () => {
    const { left } = sides;
    await left.run(left.kv.set<string>("tags").add("post-1", "red"));
    await left.run(left.kv.set<string>("tags").addAll("post-1", ["blue", "amber"]));
    expect(kindsSent(left)).toEqual(["Put", "Put"]);
    expect(await tags(left)).toEqual(["red", "blue", "amber"]);
    expect(await left.run(left.kv.set("tags").has("post-1", "blue"))).toBe(true);
    expect(await left.run(left.kv.set("tags").has("post-1", "green"))).toBe(false);
  });

  it("holds an element once, however often it is added, here and there", async () => {
    const { left, right, heal } = sides;
    for (const { kv, run } of [left, left, right]) await run(kv.set<string>("tags").add("post-1", "red"));
    heal();
    expect(await tags(left)).toEqual(["red"]);
  });

  it("reads before it removes, and sends exactly what it has seen", async () => {
    const { left, right, heal } = sides;
    await left.run(left.kv.set<string>("tags").addAll("post-1", ["red", "blue"]));
    heal();
    await right.run(right.kv.set<string>("tags").add("post-1", "red")); // not seen by the one that removes it
    await left.run(left.kv.set<string>("tags").remove("post-1", "red"));
    expect(kindsSent(left)).toEqual(["Put", "Get", "Put"]);
    expect(await tags(left)).toEqual(["blue"]);
    heal();
    expect((await tags(left)).sort()).toEqual(["blue", "red"]); // adding wins
  });

  it("removes what an earlier read has shown, without reading again", async () => {
    const { left } = sides;
    const handle = left.kv.set<string>("tags");
    await left.run(handle.add("post-1", "red"));
    const seen = await left.run(handle.get("post-1"));
    await left.run(handle.remove("post-1", "red", { seen }));
    expect(kindsSent(left)).toEqual(["Put", "Get", "Put"]);
    expect(await tags(left)).toEqual([]);
  });

  it("sends nothing to remove what is not there", async () => {
    const { left } = sides;
    expect(await left.run(left.kv.set("tags").remove("post-1", "red"))).toMatchObject({ changed: false });
    expect(await left.run(left.kv.set("tags").addAll("post-1", []))).toMatchObject({ changed: false });
    expect(kindsSent(left)).toEqual(["Get"]);
  });

  it("knows objects by their bytes, in whatever order their fields were written", async () => {
    const { left } = sides;
    const points = left.kv.set<{ x: number; y: number }>("points");
    await left.run(points.add("a", { x: 1, y: 2 }));
    await left.run(points.add("a", { y: 2, x: 1 }));
    const { value } = await left.run(points.get("a"));
    expect([...value]).toEqual([{ x: 1, y: 2 }]);
    expect(value.has({ y: 2, x: 1 })).toBe(true);
    await left.run(points.remove("a", { y: 2, x: 1 }));
    expect((await left.run(points.get("a"))).value.size).toBe(0);
  });

  it.each([0, -1.5, true, null, "", [1, ["a"]], new Date(86_400_000)])("takes any value: %o", async (element) => {
    const { left } = sides;
    await left.run(left.kv.set("any").add("a", element));
    expect([...(await left.run(left.kv.set("any").get("a"))).value]).toEqual([element]);
    await left.run(left.kv.set("any").remove("a", element));
    expect((await left.run(left.kv.set("any").get("a"))).found).toBe(false);
  });

  it("takes bytes, and knows them by what they are", async () => {
    const { left } = sides;
    await left.run(left.kv.set("any").addAll("a", [Uint8Array.of(1, 2), Uint8Array.of(1, 2)]));
    const { value } = await left.run(left.kv.set("any").get("a"));
    expect(value.size).toBe(1);
    expect(value.has(Uint8Array.of(1, 2))).toBe(true);
    expect(value.has([1, 2])).toBe(false);
  });

  it("follows the order of one edit: what comes later holds", async () => {
    const { left } = sides;
    const handle = left.kv.set<string>("tags");
    await left.run(handle.add("post-1", "old"));
    await left.run(
      handle.edit("post-1", (one) => {
        one.add("never");
        one.remove("never");
        one.remove("old");
        one.add("old");
        one.add("new");
      }),
    );
    expect((await tags(left)).sort()).toEqual(["new", "old"]);
    await left.run(
      handle.edit("post-1", (one) => {
        one.add("gone");
        one.clear();
        one.add("last");
      }),
    );
    expect(await tags(left)).toEqual(["last"]);
  });

  it("that is deleted is not found, but for what was added meanwhile", async () => {
    const { left, right, heal } = sides;
    await left.run(left.kv.set("tags").add("post-1", "red"));
    await right.run(right.kv.set("tags").add("post-1", "blue"));
    await left.run(left.kv.set("tags").delete("post-1"));
    expect(await left.run(left.kv.set("tags").get("post-1"))).toMatchObject({ found: false });
    heal();
    expect(await tags(left)).toEqual(["blue"]);
  });

  it.each<[string, (side: Side) => Promise<unknown>, string, string]>([
    ["undefined", ({ kv }) => kv.set("tags").add("a", undefined), "INVALID_ARGUMENT", "it is undefined"],
    ["a Map", ({ kv }) => kv.set("tags").add("a", new Map()), "INVALID_ARGUMENT", "it is a Map"],
    [
      "by its path",
      ({ kv }) => kv.set("tags").add("a", { b: [1, () => 1] }),
      "INVALID_ARGUMENT",
      ".b[1] is a function",
    ],
    [
      "what is too large",
      ({ kv }) => kv.set("tags").add("a", "x".repeat(2 ** 20)),
      "TOO_LARGE",
      "the limit is 1048576",
    ],
    [
      "too many at once",
      ({ kv }) => kv.set("tags").addAll("a", Array(limits.changesMax + 1).keys()),
      "TOO_LARGE",
      "at most 1024 changes",
    ],
    [
      "too much at once",
      ({ kv }) =>
        kv.set("tags").addAll(
          "a",
          "123456789".split("").map((n) => n.repeat(2 ** 20 - 10)),
        ),
      "TOO_LARGE",
      "a key holds 8388608 at the most",
    ],
    [
      "a seen that is none",
      ({ kv }) => kv.set("tags").remove("a", 1, { seen: {} }),
      "INVALID_ARGUMENT",
      "seen is what a get",
    ],
    [
      "a misspelt option",
      ({ kv }) => kv.set("tags").add("a", 1, { W: 1 } as object),
      "INVALID_ARGUMENT",
      "W is no option of edit",
    ],
    ["no key", ({ kv }) => kv.set("tags").add("", 1), "INVALID_ARGUMENT", "a key is a text"],
  ])("refuses %s before anything is sent", async (_, call, code, sentence) => {
    const error: unknown = await call(sides.left).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code, outcome: "none", message: expect.stringContaining(sentence) as string });
    expect(sides.left.node.requests).toHaveLength(0);
  });

  it("refuses a seen of another key", async () => {
    const { left } = sides;
    const seen = await left.run(left.kv.set("tags").get("a"));
    await expect(left.run(left.kv.set("tags").remove("b", 1, { seen }))).rejects.toMatchObject({
      message: "seen is a read of another key than tags/b",
    });
  });

  it("refuses to win by anything else", () => {
    expect(() => set({ wins: "all" as never })).toThrow('of a set wins is add or remove, not "all"');
    expect(() => sides.left.kv.set("tags", { win: "add" } as object)).toThrow("win is no option of set");
  });
});

describe("a set in which removing wins", () => {
  const open = ({ kv }: Side) => kv.set<string>("tags", { wins: "remove" });

  it("loses what is added and removed side by side", async () => {
    const { left, right, heal } = sides;
    await left.run(open(left).addAll("post-1", ["red", "blue"]));
    heal();
    await right.run(open(right).add("post-1", "red"));
    await left.run(open(left).remove("post-1", "red"));
    heal();
    for (const side of [left, right]) expect([...(await side.run(open(side).get("post-1"))).value]).toEqual(["blue"]);
  });

  it("takes again what was removed, by somebody who has seen it", async () => {
    const { left } = sides;
    await left.run(open(left).add("post-1", "red"));
    await left.run(open(left).remove("post-1", "red"));
    await left.run(open(left).add("post-1", "red"));
    expect(kindsSent(left)).toEqual(["Get", "Put", "Put", "Get", "Put"]);
    expect([...(await left.run(open(left).get("post-1"))).value]).toEqual(["red"]);
  });

  it("that is deleted is not found", async () => {
    const { left } = sides;
    await left.run(open(left).add("post-1", "red"));
    await left.run(open(left).remove("post-1", "blue"));
    await left.run(open(left).delete("post-1"));
    expect(await left.run(open(left).get("post-1"))).toMatchObject({ found: false });
  });
});

describe("a set that only grows", () => {
  it("holds what both sides added, without reading", async () => {
    const { left, right, heal } = sides;
    await left.run(left.kv.growSet<string>("notes").add("a", "first"));
    await right.run(right.kv.growSet<string>("notes").addAll("a", ["first", "second"]));
    heal();
    const { value } = await left.run(left.kv.growSet<string>("notes").get("a"));
    expect([...value].sort()).toEqual(["first", "second"]);
    expect(kindsSent(left)).toEqual(["Put", "Get"]);
  });

  it("has nothing to remove with", () => {
    expect(sides.left.kv.growSet("notes")).not.toHaveProperty("remove");
  });
});
