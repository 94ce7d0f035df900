// How siblings become one value when they are read.
import { describe, expect, it } from "vitest";
import { merge, resolve } from "../../client/resolver.ts";

const sum = merge<number>((a, b) => a + b);

describe("resolve", () => {
  it.each([
    ["nothing is no value", sum, [], undefined],
    ["one value stands for itself", sum, [7], 7],
    ["several are merged, all of them", sum, [1, 2, 4], 7],
    ["without a resolver one value stands for itself", undefined, [7], 7],
    ["without a resolver nobody chooses", undefined, [1, 2], undefined],
    ["null is a value like any other", undefined, [null as never], null],
  ] as const)("%s", (_, resolver, siblings, value) => {
    expect(resolve(resolver, siblings)).toBe(value);
  });

  it("does not call the merge for a single value", () => {
    const never = merge<number>(() => {
      throw new Error("called");
    });
    expect(resolve(never, [1])).toBe(1);
  });

  it("lets an error of the merge through", () => {
    const broken = merge<number>(() => {
      throw new Error("no idea");
    });
    expect(() => resolve(broken, [1, 2])).toThrow("no idea");
  });
});
