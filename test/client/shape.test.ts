// Places within a map: their paths, their names for people, and the parts of an object that belong to each field.
import { expect, it } from "vitest";
import { counter } from "../../client/counters.ts";
import { isShape, partsOf, pathOfField, placeName } from "../../client/shape.ts";
import { makeActor } from "../../src/dot.ts";
import { emptyObject, type Sibling } from "../../src/object.ts";

it("names a place by its fields", () => {
  const owner = pathOfField("m", "owner", "map");
  expect(placeName(pathOfField(owner, "name", "lwwRegister"))).toBe("owner.name");
  expect(placeName("p")).toBe("");
});

it("sorts what is live and what is spent by field, and leaves out what is elsewhere", () => {
  const [inA, inMap, elsewhere] = ["m1:as", "m1:bm1:cw", "s"].map(element);
  const parts = partsOf({ ...emptyObject, siblings: [inA!, elsewhere!], spent: [inMap!] }, "m");
  expect([...parts.keys()]).toEqual(["m1:as", "m1:bm"]);
  expect(parts.get("m1:as")).toMatchObject({ name: "a", object: { siblings: [inA], spent: [] } });
  expect(parts.get("m1:bm")).toMatchObject({ name: "b", object: { siblings: [], spent: [inMap] } });
});

it("knows a shape from a schema that has fields of such names", () => {
  expect(isShape(counter())).toBe(true);
  for (const other of [null, "counter", {}, { type: counter(), read: counter(), edit: counter() }])
    expect(isShape(other)).toBe(false);
});

function element(path: string, at: number): Sibling {
  const dot = { actor: makeActor("replica1", 1), counter: at + 1 };
  return { dot, path, value: Uint8Array.of(1), timestamp: { ms: 1, counter: 0 }, op: `op${at}` };
}
