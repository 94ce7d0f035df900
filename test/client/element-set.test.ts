// A set of what was stored: elements are the same if their bytes are, and it is a Set to everybody who takes one.
import { expect, it } from "vitest";
import { ElementSet } from "../../client/element-set.ts";
import { encodeElement } from "../../src/value.ts";

const values = ["tea", 1, { b: [1], a: null }, "jam"];
const elements = new ElementSet<unknown>([...values, "tea"].map((value) => encodeElement(value, "")));

it("holds each element once, in the order given", () => {
  expect([...elements]).toEqual(values);
  expect(elements.size).toBe(4);
});

it("finds objects by what they are", () => {
  expect(elements.has({ a: null, b: [1] })).toBe(true);
  expect(elements.has({ a: null, b: [2] })).toBe(false);
  expect(elements.has("1")).toBe(false);
  expect(() => elements.has(undefined)).toThrow("this value cannot be stored");
});

it("finds what is larger than a call has room for arguments", () => {
  const large = "x".repeat(500_000);
  expect(new ElementSet([encodeElement(large, "")]).has(large)).toBe(true);
});

it("is a Set", () => {
  expect(elements).toBeInstanceOf(Set);
  expect(new Set(elements).size).toBe(4);
});
