// What those are shown who have no schema: every type as its own letters say, whatever was put as it is, and disagreements side by side.
import { beforeEach, expect, it } from "vitest";
import { counter, growCounter } from "../../client/counters.ts";
import { flag } from "../../client/flags.ts";
import { map, of } from "../../client/maps.ts";
import { multiRegister, register } from "../../client/registers.ts";
import { growSet, set } from "../../client/sets.ts";
import { makeKey } from "../../src/key.ts";
import { encodeValue } from "../../src/value.ts";
import { twoSides, type TwoSides } from "./two-sides.ts";

let sides: TwoSides;

beforeEach(async () => {
  sides = await twoSides();
});

it("shows every type within a map, and leaves out what is empty", async () => {
  const { left } = sides;
  const all = {
    counter: counter(),
    growCounter: growCounter(),
    set: set<number>(),
    removeWins: set<number>({ wins: "remove" }),
    growSet: growSet<unknown>(),
    register: register<unknown>(),
    multiRegister: multiRegister<string>(),
    flag: flag(),
    disableWins: flag({ wins: "disable" }),
    fields: of(map({ inner: register<string>() })),
    empty: set(),
    reset: counter(),
  };
  const things = left.kv.map("things", all);
  await left.run(
    things.edit("a", (t) => {
      t.counter.decrement(2);
      t.growCounter.increment(3);
      t.set.addAll([1, 2]);
      t.removeWins.addAll([1, 2]);
      t.growSet.add({ b: 1, a: [null] });
      t.register.assign("text");
      t.multiRegister.assign("one");
      t.flag.enable();
      t.disableWins.enable();
      t.fields.field("x").inner.assign("y");
      t.reset.increment(7);
    }),
  );
  await left.run(things.edit("a", (t) => (t.removeWins.remove(2), t.reset.reset())));
  expect(await left.run(left.kv.inspect("things", "a"))).toMatchObject({ found: true, type: "map", siblings: [] });
  expect((await left.run(left.kv.inspect("things", "a"))).value).toEqual({
    counter: -2,
    growCounter: 3,
    set: [1, 2],
    removeWins: [1],
    growSet: [{ a: [null], b: 1 }],
    register: "text",
    multiRegister: ["one"],
    flag: true,
    disableWins: true,
    fields: { x: { inner: "y" } },
  });
});

it.each<[string, (kv: TwoSides["left"]["kv"]) => Promise<unknown>, object]>([
  ["a counter", (kv) => kv.counter("x").increment("a", 5), { type: "pnCounter", value: 5 }],
  ["a set", (kv) => kv.set("x").addAll("a", ["r", 1]), { type: "orSet", value: ["r", 1] }],
  ["a flag", (kv) => kv.flag("x").enable("a"), { type: "ewFlag", value: true }],
  ["several values", (kv) => kv.multiRegister("x").assign("a", 1), { type: "mvRegister", value: [1] }],
  ["a register", (kv) => kv.register("x").assign("a", 1), { type: "value", value: 1, siblings: [1] }],
  ["a value", (kv) => kv.bucket("x").put("a", 1), { type: "value", value: 1, siblings: [1] }],
])("shows a key that is %s", async (_, write, shown) => {
  const { left } = sides;
  await left.run(write(left.kv));
  expect(await left.run(left.kv.inspect("x", "a"))).toMatchObject({ found: true, ...shown });
});

it("finds nothing where nothing is, or where all was removed", async () => {
  const { left } = sides;
  expect(await left.run(left.kv.inspect("x", "a"))).toMatchObject({ found: false, type: "value", value: undefined });
  await left.run(left.kv.set("x").add("a", 1));
  await left.run(left.kv.set("x").delete("a"));
  expect(await left.run(left.kv.inspect("x", "a"))).toMatchObject({ found: false });
});

it("shows siblings that stand side by side", async () => {
  const { left } = sides;
  for (const value of ["one", "two"]) left.node.writeBlind(makeKey("x", "a"), encodeValue(value));
  expect(await left.run(left.kv.inspect("x", "a"))).toMatchObject({
    found: true,
    value: undefined,
    siblings: ["one", "two"],
  });
});

it("shows both where two sides made something else of a key, or of a field", async () => {
  const { left, right, heal } = sides;
  await left.run(left.kv.counter("x").increment("a", 5));
  await right.run(right.kv.set("x").add("a", "red"));
  await left.run(left.kv.map("x", { size: counter() }).edit("b", (t) => t.size.increment(4)));
  await right.run(right.kv.map("x", { size: register<string>() }).edit("b", (t) => t.size.assign("xl")));
  heal();
  const { type, value } = await left.run(left.kv.inspect("x", "a"));
  expect(type.split(" and ").sort()).toEqual(["orSet", "pnCounter"]);
  expect(value).toEqual({ orSet: ["red"], pnCounter: 5 });
  expect((await left.run(left.kv.inspect("x", "b"))).value).toEqual({
    "size (lwwRegister)": "xl",
    "size (pnCounter)": 4,
  });
});

it("refuses options that make no sense", async () => {
  await expect(sides.left.kv.inspect("x", "a", { R: 1 } as object)).rejects.toMatchObject({
    message: expect.stringContaining("R is no option") as string,
  });
});
