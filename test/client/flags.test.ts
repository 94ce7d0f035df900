// Flags as their users hold them: what holds of enabling and disabling side by side is what the flag says wins.
import { beforeEach, describe, expect, it } from "vitest";
import { flag } from "../../client/flags.ts";
import { twoSides, type Side, type TwoSides } from "./two-sides.ts";

let sides: TwoSides;

beforeEach(async () => {
  sides = await twoSides();
});

describe.each([
  { wins: "enable", concurrent: true },
  { wins: "disable", concurrent: false },
] as const)("a flag in which $wins wins", ({ wins, concurrent }) => {
  const open = ({ kv }: Side) => kv.flag("features", { wins });

  it("is off at first, and goes on and off", async () => {
    const { left } = sides;
    expect(await left.run(open(left).get("dark"))).toMatchObject({ found: false, value: false });
    for (const value of [true, false, true]) {
      await left.run(value ? open(left).enable("dark") : open(left).disable("dark"));
      expect((await left.run(open(left).get("dark"))).value).toBe(value);
    }
    await left.run(open(left).delete("dark"));
    expect(await left.run(open(left).get("dark"))).toMatchObject({ found: false, value: false });
  });

  it(`enabled on one side and disabled on the other is ${concurrent ? "on" : "off"}`, async () => {
    const { left, right, heal } = sides;
    await left.run(open(left).enable("dark"));
    heal();
    await left.run(open(left).enable("dark"));
    await right.run(open(right).disable("dark"));
    heal();
    for (const side of [left, right]) expect((await side.run(open(side).get("dark"))).value).toBe(concurrent);
  });

  it("of several steps in one edit the last holds", async () => {
    const { left } = sides;
    await left.run(
      open(left).edit("dark", (one) => {
        one.disable();
        one.enable();
        one.disable();
      }),
    );
    expect((await left.run(open(left).get("dark"))).value).toBe(false);
    await left.run(
      open(left).edit("dark", (one) => {
        one.disable();
        one.enable();
      }),
    );
    expect((await left.run(open(left).get("dark"))).value).toBe(true);
  });
});

it("reads only where what is seen is to go", async () => {
  const { left } = sides;
  const calls = [
    ["enable", "enable", ["Put"]],
    ["enable", "disable", ["Get", "Put"]],
    ["disable", "enable", ["Get", "Put"]],
    ["disable", "disable", ["Put"]],
  ] as const;
  for (const [wins, call, kinds] of calls) {
    const before = left.node.requests.length;
    await left.run(left.kv.flag(`f-${wins}`, { wins })[call]("dark"));
    expect(left.node.requests.slice(before).map(({ kind }) => kind)).toEqual(kinds);
  }
});

it("refuses to win by anything else", () => {
  expect(() => flag({ wins: "on" as never })).toThrow('of a flag wins is enable or disable, not "on"');
});
