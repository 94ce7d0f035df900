// Registers as their users hold them: the last assignment wins, or those that knew nothing of each other stand side by side.
import { beforeEach, describe, expect, expectTypeOf, it } from "vitest";
import { encodeValue } from "../../src/value.ts";
import { makeKey } from "../../src/key.ts";
import { twoSides, type TwoSides } from "./two-sides.ts";

let sides: TwoSides;

beforeEach(async () => {
  sides = await twoSides();
});

describe("a register", () => {
  it("is undefined at first, and holds what was assigned last, without reading", async () => {
    const { left } = sides;
    const names = left.kv.register<string>("names");
    expect(await left.run(names.get("a"))).toMatchObject({ found: false, value: undefined });
    await left.run(names.assign("a", "Ann"));
    await left.run(names.assign("a", "Anna"));
    const read = await left.run(names.get("a"));
    expect(read).toMatchObject({ found: true, value: "Anna" });
    expectTypeOf(read.value).toEqualTypeOf<string | undefined>();
    expect(left.node.requests.map(({ kind }) => kind)).toEqual(["Get", "Put", "Put", "Get"]);
  });

  it("shows one value of two that were assigned side by side, the same one everywhere", async () => {
    const { left, right, heal } = sides;
    await left.run(left.kv.register("names").assign("a", "left"));
    await right.run(right.kv.register("names").assign("b", "moves its clock on"));
    await right.run(right.kv.register("names").assign("a", "right"));
    heal();
    for (const { kv, run } of [left, right]) expect((await run(kv.register("names").get("a"))).value).toBe("right");
  });

  it("that was read is later in whoever read it, at whatever node he assigns", async () => {
    // Otherwise a node whose clock is behind would let what he has read win over what he wrote.
    const { left, right, heal } = sides;
    for (const name of ["one", "two", "three"]) await left.run(left.kv.register("names").assign("a", name));
    heal();
    await left.run(left.kv.register("names").get("a"));
    await left.run(left.kv.register("names").assign("a", "four"));
    const put = left.node.requests.at(-1)!;
    right.node.forget();
    right.node.replay(put);
    heal();
    expect((await right.run(right.kv.register("names").get("a"))).value).toBe("four");
  });

  it("is emptied by delete and by clear, but for what is assigned meanwhile", async () => {
    const { left, right, heal } = sides;
    const names = left.kv.register("names");
    for (const empty of [() => names.delete("a"), () => names.edit("a", (one) => one.clear())]) {
      await left.run(names.assign("a", "Ann"));
      await left.run(empty());
      expect(await left.run(names.get("a"))).toMatchObject({ found: false, value: undefined });
    }
    await right.run(right.kv.register("names").assign("a", "Bob"));
    heal();
    expect((await left.run(names.get("a"))).value).toBe("Bob");
  });

  it("shows what was put there plainly until it is assigned", async () => {
    const { left } = sides;
    left.node.writeBlind(makeKey("names", "a"), encodeValue("plain"));
    expect((await left.run(left.kv.register("names").get("a"))).value).toBe("plain");
    await left.run(left.kv.register("names").assign("a", "assigned"));
    expect((await left.run(left.kv.register("names").get("a"))).value).toBe("assigned");
  });

  it("is emptied of what was put there plainly, too", async () => {
    // What a delete left would be shown again, or still.
    const { left } = sides;
    const names = left.kv.register("names");
    for (const assign of [async () => {}, async () => void (await left.run(names.assign("a", "assigned")))]) {
      left.node.writeBlind(makeKey("names", "a"), encodeValue("plain"));
      await assign();
      await left.run(names.delete("a"));
      expect(await left.run(names.get("a"))).toMatchObject({ found: false, value: undefined });
    }
  });

  it("refuses what cannot be stored", async () => {
    await expect(sides.left.kv.register("names").assign("a", undefined)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: "this value cannot be stored: it is undefined: leave it out, or store null",
    });
  });
});

describe("a register of several values", () => {
  it("holds what was assigned side by side, until somebody who has read it assigns", async () => {
    const { left, right, heal } = sides;
    await left.run(left.kv.multiRegister<string>("names").assign("a", "left"));
    await right.run(right.kv.multiRegister<string>("names").assign("a", "right"));
    heal();
    const read = await left.run(left.kv.multiRegister<string>("names").get("a"));
    expect([...read.values].sort()).toEqual(["left", "right"]);
    expect(read.value).toBe(read.values);
    await left.run(left.kv.multiRegister<string>("names").assign("a", "both", { seen: read }));
    expect((await left.run(left.kv.multiRegister<string>("names").get("a"))).values).toEqual(["both"]);
  });

  it("reads before it assigns, and keeps what it has not seen", async () => {
    const { left, right, heal } = sides;
    await right.run(right.kv.multiRegister<string>("names").assign("a", "unseen"));
    await left.run(left.kv.multiRegister<string>("names").assign("a", "first"));
    await left.run(left.kv.multiRegister<string>("names").assign("a", "second"));
    expect(left.node.requests.map(({ kind }) => kind)).toEqual(["Get", "Put", "Get", "Put"]);
    heal();
    const { values } = await left.run(left.kv.multiRegister<string>("names").get("a"));
    expect([...values].sort()).toEqual(["second", "unseen"]);
  });

  it("assigned twice in one edit holds the last", async () => {
    const { left } = sides;
    const names = left.kv.multiRegister<string>("names");
    await left.run(names.edit("a", (one) => ["x", "y"].forEach((name) => one.assign(name))));
    expect((await left.run(names.get("a"))).values).toEqual(["y"]);
  });
});
