// Maps as their users hold them: fields of any type, typed by their schema, one edit in one operation.
import { beforeEach, describe, expect, expectTypeOf, it } from "vitest";
import { counter } from "../../client/counters.ts";
import { flag } from "../../client/flags.ts";
import { map, of } from "../../client/maps.ts";
import { multiRegister, register } from "../../client/registers.ts";
import { growSet, set } from "../../client/sets.ts";
import { twoSides, type Side, type TwoSides } from "./two-sides.ts";

const task = {
  status: register<"open" | "done">(),
  notes: growSet<string>(),
  blockers: set<string>(),
  timeSpent: counter(),
  isUrgent: flag(),
  reviewers: multiRegister<string>(),
  owner: map({ name: register<string>(), teams: set<string>({ wins: "remove" }) }),
  labels: of(register<string>()),
};

let sides: TwoSides;

beforeEach(async () => {
  sides = await twoSides();
});

const open = ({ kv }: Side) => kv.map("tasks", task);

describe("a map with a schema", () => {
  it("has its fields empty at first", async () => {
    const { left } = sides;
    const { found, value } = await left.run(open(left).get("t1"));
    expect(found).toBe(false);
    expect(value).toMatchObject({
      status: undefined,
      timeSpent: 0,
      isUrgent: false,
      reviewers: [],
      owner: { name: undefined },
    });
    expect([value.notes.size, value.blockers.size, value.owner.teams.size, value.labels.size]).toEqual([0, 0, 0, 0]);
  });

  it("is typed by its schema", async () => {
    const { left } = sides;
    const { value } = await left.run(open(left).get("t1"));
    expectTypeOf(value.status).toEqualTypeOf<"open" | "done" | undefined>();
    expectTypeOf(value.notes).toEqualTypeOf<ReadonlySet<string>>();
    expectTypeOf(value.timeSpent).toEqualTypeOf<number>();
    expectTypeOf(value.isUrgent).toEqualTypeOf<boolean>();
    expectTypeOf(value.reviewers).toEqualTypeOf<readonly string[]>();
    expectTypeOf(value.owner.name).toEqualTypeOf<string | undefined>();
    expectTypeOf(value.labels).toEqualTypeOf<ReadonlyMap<string, string>>();
    await left.run(
      open(left).edit("t1", (t) => {
        expectTypeOf<Parameters<typeof t.status.assign>>().toEqualTypeOf<[value: "open" | "done"]>();
        expectTypeOf<Parameters<typeof t.owner.teams.add>>().toEqualTypeOf<[element: string]>();
        expectTypeOf(t.notes).not.toHaveProperty("remove");
        expectTypeOf(t).not.toHaveProperty("nonsense");
      }),
    );
    expect(left.node.requests).toHaveLength(1);
  });

  it("takes one edit as one operation, without reading where nothing is taken away", async () => {
    const { left } = sides;
    const edited = await left.run(
      open(left).edit(
        "t1",
        (t) => {
          t.status.assign("open");
          t.notes.add("call back");
          t.blockers.addAll(["paint", "wood"]);
          t.timeSpent.increment(5);
          t.isUrgent.enable();
          t.owner.name.assign("Ann");
          t.labels.field("colour").assign("red");
        },
        { returnValue: true },
      ),
    );
    expect(left.node.requests.map(({ kind }) => kind)).toEqual(["Put"]);
    expect(edited).toMatchObject({ changed: true, effective: { w: 2 } });
    const { value } = edited;
    expect(value).toMatchObject({ status: "open", timeSpent: 5, isUrgent: true, owner: { name: "Ann" } });
    expect([[...value!.notes], [...value!.blockers], [...value!.labels]]).toEqual([
      ["call back"],
      ["paint", "wood"],
      [["colour", "red"]],
    ]);
  });

  it("reads first where something is taken away, once for all of the edit", async () => {
    const { left, right, heal } = sides;
    await left.run(open(left).edit("t1", (t) => t.blockers.addAll(["paint", "wood"])));
    heal();
    await right.run(open(right).edit("t1", (t) => t.blockers.add("glue")));
    const before = left.node.requests.length;
    await left.run(
      open(left).edit("t1", (t) => {
        t.blockers.remove("paint");
        t.reviewers.assign("Bob");
        t.owner.teams.add("red");
        t.timeSpent.reset();
      }),
    );
    expect(left.node.requests.slice(before).map(({ kind }) => kind)).toEqual(["Get", "Put"]);
    heal();
    const { value } = await left.run(open(left).get("t1"));
    expect([...value.blockers].sort()).toEqual(["glue", "wood"]);
    expect(value.reviewers).toEqual(["Bob"]);
    expect([...value.owner.teams]).toEqual(["red"]);
  });

  it("merges what two sides did, field by field", async () => {
    const { left, right, heal } = sides;
    await left.run(
      open(left).edit("t1", (t) => (t.notes.add("l"), t.timeSpent.increment(2), t.owner.name.assign("Ann"))),
    );
    await right.run(open(right).edit("t1", (t) => (t.notes.add("r"), t.timeSpent.increment(3), t.isUrgent.enable())));
    heal();
    for (const side of [left, right]) {
      const { value } = await side.run(open(side).get("t1"));
      expect(value).toMatchObject({ timeSpent: 5, isUrgent: true, owner: { name: "Ann" } });
      expect([...value.notes].sort()).toEqual(["l", "r"]);
    }
  });

  it("is deleted whole, counters and all, but for what is written meanwhile", async () => {
    const { left, right, heal } = sides;
    await left.run(
      open(left).edit("t1", (t) => (t.notes.add("l"), t.timeSpent.increment(2), t.owner.name.assign("Ann"))),
    );
    heal();
    await right.run(open(right).edit("t1", (t) => t.timeSpent.increment(3)));
    await left.run(open(left).delete("t1"));
    expect(await left.run(open(left).get("t1"))).toMatchObject({ found: false, value: { timeSpent: 0 } });
    heal();
    const { found, value } = await right.run(open(right).get("t1"));
    expect(found).toBe(true);
    expect(value).toMatchObject({ timeSpent: 3, owner: { name: undefined } });
    expect(value.notes.size).toBe(0);
  });

  it("keeps two types under one name apart", async () => {
    const { left, right, heal } = sides;
    await left.run(left.kv.map("tasks", { size: register<number>() }).edit("t1", (t) => t.size.assign(3)));
    await right.run(right.kv.map("tasks", { size: counter() }).edit("t1", (t) => t.size.increment(4)));
    heal();
    expect((await left.run(left.kv.map("tasks", { size: register<number>() }).get("t1"))).value).toEqual({ size: 3 });
    expect((await left.run(left.kv.map("tasks", { size: counter() }).get("t1"))).value).toEqual({ size: 4 });
  });

  it("sends nothing of an edit that throws, or that asks for nothing", async () => {
    const { left } = sides;
    const thrown = open(left).edit("t1", (t) => {
      t.notes.add("never");
      throw new Error("changed my mind");
    });
    await expect(thrown).rejects.toThrow("changed my mind");
    expect(await left.run(open(left).edit("t1", () => undefined))).toMatchObject({ changed: false });
    expect(left.node.requests).toHaveLength(0);
  });

  it("says which field a value cannot be stored in", async () => {
    const { left } = sides;
    const edit = open(left).edit("t1", (t) => t.owner.name.assign(undefined as never));
    await expect(edit).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: "this value cannot be stored: owner.name is undefined: leave it out, or store null",
    });
  });

  it("refuses an edit that goes on after its function, and tells it once", async () => {
    // What the function comes to afterwards would be a rejection that nobody can catch: it ends the process of whoever caught the first.
    const { left } = sides;
    const later = async (t: { readonly notes: { add(note: string): void } }): Promise<void> => {
      await Promise.resolve();
      t.notes.add("late");
    };
    await expect(open(left).edit("t1", later)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  it("refuses an edit that goes on after its function", async () => {
    const { left } = sides;
    await expect(open(left).edit("t1", async (t) => t.notes.add("late") as never)).rejects.toMatchObject({
      message: expect.stringContaining("an edit's function is over when it returns") as string,
    });
    let kept: { add(note: string): void } | undefined;
    await left.run(open(left).edit("t1", (t) => void (kept = t.notes)));
    expect(() => kept!.add("late")).toThrow("this edit is over");
  });

  it.each<[string, (side: Side) => unknown, string]>([
    ["no schema", ({ kv }) => kv.map("tasks", null as never), "a map's schema is an object of shapes"],
    [
      "what is no shape",
      ({ kv }) => kv.map("tasks", { status: String as never }),
      "the shape of field status is register()",
    ],
    ["a shape of another type", ({ kv }) => kv.map("tasks", counter()), "not of a pnCounter"],
    [
      "a name that is empty",
      ({ kv }) => kv.map("tasks", { "": counter() }),
      "a field's name is a text of at least one",
    ],
    ["half a character", ({ kv }) => kv.map("tasks", { "\ud800": counter() }), "half a surrogate pair"],
    ["a long name", ({ kv }) => kv.map("tasks", { ["x".repeat(1100)]: counter() }), "is too long"],
    ["a map too deep", ({ kv }) => kv.map("tasks", nested(17)), "goes deeper than 16 maps"],
    ["a misspelt option", ({ kv }) => kv.map("tasks", task, { W: 2 } as object), "W is no option of data"],
  ])("refuses %s at once", (_, call, sentence) => {
    expect(() => call(sides.left)).toThrow(sentence);
  });

  it("goes sixteen maps deep", async () => {
    const { left } = sides;
    const deep = left.kv.map("deep", nested(16));
    await left.run(deep.edit("a", (t) => bottom(t).increment(1)));
    expect(JSON.stringify((await left.run(deep.get("a"))).value)).toBe(`${'{"in":'.repeat(16)}1${"}".repeat(16)}`);
  });
});

describe("a map of any fields", () => {
  it("shows the fields that were written, by name", async () => {
    const { left, right, heal } = sides;
    const settings = ({ kv }: Side) => kv.map("settings", of(register<string>()));
    await left.run(settings(left).edit("ann", (s) => s.field("theme").assign("dark")));
    await right.run(settings(right).edit("ann", (s) => s.field("language").assign("en")));
    heal();
    const { value } = await left.run(settings(left).get("ann"));
    expectTypeOf(value).toEqualTypeOf<ReadonlyMap<string, string>>();
    expect([...value]).toEqual([
      ["language", "en"],
      ["theme", "dark"],
    ]);
  });

  it("deletes a field with all that was seen in it, and keeps what is written there meanwhile", async () => {
    const { left, right, heal } = sides;
    const carts = ({ kv }: Side) => kv.map("carts", of(map({ count: counter(), colours: set<string>() })));
    await left.run(
      carts(left).edit("ann", (c) => (c.field("tea").count.increment(2), c.field("tea").colours.add("green"))),
    );
    await left.run(carts(left).edit("ann", (c) => c.field("jam").count.increment(1)));
    heal();
    await right.run(carts(right).edit("ann", (c) => c.field("tea").count.increment(5)));
    await left.run(carts(left).edit("ann", (c) => c.delete("tea")));
    expect([...(await left.run(carts(left).get("ann"))).value.keys()]).toEqual(["jam"]);
    heal();
    const { value } = await left.run(carts(left).get("ann"));
    expect(value.get("tea")).toMatchObject({ count: 5 });
    expect(value.get("tea")!.colours.size).toBe(0);
  });

  it("is cleared, and holds what one edit writes after that", async () => {
    const { left } = sides;
    const settings = left.kv.map("settings", of(counter()));
    await left.run(settings.edit("ann", (s) => ["a", "b"].forEach((name) => s.field(name).increment(7))));
    await left.run(settings.edit("ann", (s) => (s.field("c").increment(1), s.clear(), s.field("b").increment(2))));
    expect([...(await left.run(settings.get("ann"))).value]).toEqual([["b", 2]]);
  });

  it("takes names that are no names elsewhere", async () => {
    const { left } = sides;
    const settings = left.kv.map("settings", of(register<number>()));
    const names = ["__proto__", "constructor", "5:x", "ü🫖", "a b", "m1:aw"];
    await left.run(settings.edit("ann", (s) => names.forEach((name, at) => s.field(name).assign(at))));
    const { value } = await left.run(settings.get("ann"));
    for (const [at, name] of names.entries()) expect(value.get(name)).toBe(at);
  });

  it("refuses names that are none", async () => {
    const { left } = sides;
    for (const name of ["", 7, undefined])
      await expect(
        left.kv.map("settings", of(counter())).edit("ann", (s) => s.field(name as string).increment()),
      ).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(() => of({} as never)).toThrow("of takes a shape");
  });

  it("of many fields is read in one go", async () => {
    // Were each field looked for among all elements, this would be a hundred million steps, and a test that does not end.
    const { left } = sides;
    const settings = left.kv.map("settings", of(counter()));
    for (let page = 0; page < 10; page++)
      await left.run(
        settings.edit("ann", (s) => {
          for (let at = 0; at < 1000; at++) s.field(`f${page}-${at}`).increment(at);
        }),
      );
    expect((await left.run(settings.get("ann"))).value.size).toBe(10_000);
  });
});

interface Nested {
  readonly in: Nested & { increment(amount: number): void };
}

function nested(levels: number): ReturnType<typeof map<{}>> {
  const inner = levels === 1 ? counter() : nested(levels - 1);
  return map({ in: inner as never });
}

function bottom(editor: object): { increment(amount: number): void } {
  let at = editor as Nested["in"];
  while (!("increment" in at)) at = (at as Nested).in;
  return at;
}
