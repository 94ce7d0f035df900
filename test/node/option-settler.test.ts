/** node/option-settler.ts: what a request goes by (design §6.1), settled once for all that choose the same. */
import { expect, test } from "vitest";
import { OptionSettler } from "../../node/option-settler.ts";
import { decodeEffective } from "../../src/option-codec.ts";
import { keyOf } from "./cluster.ts";

const options = { defaults: { n: 3 }, buckets: { views: { r: 1 } } } as const;

test("the same choices are settled once, apart by kind and by configured bucket", () => {
  // Every request asks: what settling costs must not be paid per request.
  const settler = new OptionSettler(options);
  const chosen = { pr: 1 };
  const first = settler.settle({ kind: "Get", key: keyOf("carts/alice"), options: chosen });
  expect(first).toMatchObject({ n: 3, r: 2, pr: 1 });
  expect(settler.settle({ kind: "Get", key: keyOf("lists/bob"), options: chosen })).toBe(first);
  expect(settler.settle({ kind: "Put", key: keyOf("carts/alice"), options: chosen })).not.toBe(first);
  expect(settler.settle({ kind: "Get", key: keyOf("views/home"), options: chosen })).toMatchObject({ r: 1, pr: 1 });
});

test("the echo says the same", () => {
  const settled = new OptionSettler(options).settle({ kind: "Get", key: keyOf("views/home"), options: undefined });
  const { echo, ...effective } = settled;
  expect(decodeEffective(echo)).toEqual(effective);
  expect(effective.from).toMatchObject({ r: "bucket" });
});

test("choices that do not fit are refused, each time", () => {
  const settler = new OptionSettler(options);
  const key = keyOf("carts/alice");
  for (const _ of [1, 2])
    expect(() => settler.settle({ kind: "Get", key, options: { r: 4 } })).toThrow("r is 4, more than n, which is 3");
});
