// How siblings become one value when they are read (design §8): all of them, the latest, or what the application's merge makes of them.
import { describe, expect, expectTypeOf, it } from "vitest";
import { addDot, emptyContext } from "../../src/causal-context.ts";
import { makeActor } from "../../src/dot.ts";
import type { StoredObject } from "../../src/object.ts";
import {
  checkResolver,
  isFound,
  lww,
  merge,
  resolve,
  siblings,
  valuesOf,
  type Resolver,
} from "../../client/resolver.ts";
import { encodeValue } from "../../src/value.ts";

const sum = merge<number>((a, b) => a + b);

/** What stands side by side, each by a replica of its own: a value or `undefined` for a delete, and when. */
function objectOf(...writes: readonly (readonly [value: unknown, ms?: number, op?: string])[]): StoredObject {
  const all = writes.map(([value, ms = 1, op], at) => ({
    dot: { actor: makeActor("replica1", at + 1), counter: 1 },
    path: "",
    value: value === undefined ? undefined : encodeValue(value),
    timestamp: { ms, counter: 0 },
    op: op ?? `operation ${at}`,
  }));
  return { siblings: all, spent: [], context: all.reduce((context, { dot }) => addDot(context, dot), emptyContext) };
}

describe("resolve", () => {
  it.each<[string, Resolver<number>, StoredObject, number | undefined, boolean]>([
    ["nothing is no value", sum, objectOf(), undefined, false],
    ["one value stands for itself", sum, objectOf([7]), 7, true],
    ["several are merged, all of them", sum, objectOf([1], [2], [4]), 7, true],
    ["a tombstone is none of them", sum, objectOf([1], [undefined], [4]), 5, true],
    ["with siblings one value stands for itself", siblings, objectOf([7]), 7, true],
    ["with siblings nobody chooses", siblings, objectOf([1], [2]), undefined, true],
    ["with lww nothing is no value", lww, objectOf(), undefined, false],
    ["with lww the latest wins", lww, objectOf([1, 5], [2, 9], [3, 7]), 2, true],
    ["with lww the greater dot wins a tie", lww, objectOf([1, 5], [2, 5]), 2, true],
    ["with lww a delete wins if it is the latest", lww, objectOf([1, 5], [undefined, 6]), undefined, false],
    ["with lww a delete loses if it is not", lww, objectOf([1, 7], [undefined, 6]), 1, true],
    ["with lww an operation stored twice is one", lww, objectOf([1, 5, "op"], [1, 6, "op"]), 1, true],
    ["null is a value like any other", merge<number>(Math.max), objectOf([null]), null as never, true],
  ])("%s", (_, resolver, object, value, found) => {
    expect(resolve(resolver, object)).toMatchObject({ value, found, siblings: valuesOf(object) });
    expect(isFound(resolver, object)).toBe(found);
  });

  it("does not call the merge for a single value", () => {
    const never = merge<number>(() => {
      throw new Error("called");
    });
    expect(resolve(never, objectOf([1], [undefined]))).toMatchObject({ value: 1 });
  });

  it("has the type of one value, whatever stands side by side", () => {
    interface Cart {
      readonly items: readonly string[];
    }
    const carts = merge<Cart>((a, b) => ({ items: [...a.items, ...b.items] }));
    expectTypeOf(resolve(carts, objectOf()).value).toEqualTypeOf<Cart | undefined>();
    expectTypeOf(lww).toExtend<Resolver<Cart>>();
    expectTypeOf(sum).not.toExtend<Resolver<Cart>>();
  });
});

describe("a merge that fails", () => {
  it.each<[string, () => unknown, string]>([
    ["throws", () => JSON.parse("{"), "the merge threw SyntaxError: "],
    ["returns nothing", () => undefined, "the merge returned undefined: two values are there"],
    ["returns a promise", () => Promise.resolve(1), "the merge returned a promise: it cannot be async"],
    ["returns one that is rejected", () => Promise.reject(new Error("late")), "the merge returned a promise"],
  ])("leaves the siblings, and says so: one that %s", (_, join, sentence) => {
    const { found, value, siblings: values, unresolved } = resolve(merge(join), objectOf([1], [2]));
    expect({ found, value, values }).toEqual({ found: true, value: undefined, values: [1, 2] });
    expect(unresolved).toMatchObject({ code: "MERGE_FAILED", outcome: "none", retryable: false });
    expect(unresolved!.message).toContain(sentence);
    expect(unresolved!.message).toContain("the 2 siblings stay as they are");
  });

  it("has what it threw as the cause", () => {
    const cause = new Error("no idea");
    const broken = merge<number>(() => {
      throw cause;
    });
    expect(resolve(broken, objectOf([1], [2])).unresolved!.cause).toBe(cause);
  });
});

describe("a merge", () => {
  it("cannot damage what is shown: it is given copies", () => {
    const pushing = merge<string[]>((a, b) => {
      a.push(...b.splice(0));
      return a;
    });
    const { value, siblings: values } = resolve(pushing, objectOf([["a"]], [["b"]], [["c"]]));
    expect(value).toEqual(["a", "b", "c"]);
    expect(values).toEqual([["a"], ["b"], ["c"]]);
    value!.push("d");
    expect(values).toEqual([["a"], ["b"], ["c"]]);
  });

  it.each<[string, unknown, string]>([
    ["nothing", undefined, "a merge is a function of two values, (a, b) => …, not undefined"],
    ["a resolver", sum, "a merge is a function of two values"],
    ["an async function", async () => 1, "a merge cannot be async"],
    [
      "a generator",
      function* () {
        yield 1;
      },
      "a merge cannot be a generator",
    ],
  ])("is refused at once: %s", (_, join, sentence) => {
    expect(() => merge(join as never)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringContaining(sentence) }),
    );
  });
});

describe("a resolver", () => {
  it.each<[unknown, string]>([
    [() => 1, "wrap the function, merge(fn)"],
    ["lww", 'imported from coterie/client, not "lww"'],
    [null, "not null"],
    [{ kind: "mine" }, 'not { kind: "mine" }'],
  ])("is none of: %o", (given, sentence) => {
    expect(() => checkResolver(given)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringContaining(sentence) }),
    );
  });
});
