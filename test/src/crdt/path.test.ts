/** src/crdt/path.ts: where in a replicated data type an element belongs. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  checkPath,
  fieldPath,
  fieldWithin,
  isWithin,
  leafTypes,
  rootPath,
  rootTypeOf,
  typeAt,
  type DataType,
} from "../../../src/crdt/path.ts";
import { limits } from "../../../src/limits.ts";

const types = [...(Object.keys(leafTypes) as DataType[]), "map" as const];
const names = fc.string({ maxLength: 12, unit: "grapheme" });
const nestings = fc.tuple(fc.array(names, { maxLength: 4 }), names, fc.constantFrom(...types));

/** The path of a field in maps in maps. */
function nested([maps, name, type]: readonly [readonly string[], string, DataType]): string {
  const map = maps.reduce((path, field) => fieldPath(path, field, "map"), rootPath("map"));
  return fieldPath(map, name, type);
}

describe("a path", () => {
  test("of a whole key is the letter of its type", () => {
    // One letter per type, for ever: they are on disks.
    expect(types.map(rootPath).join("")).toBe("pcgsrwvedm");
    for (const type of types) expect([typeAt(rootPath(type)), rootTypeOf(rootPath(type))]).toEqual([type, type]);
  });

  test("leads through maps to a field, whatever the names are", () => {
    // Names may hold digits, colons and letters of types: their length says where they end.
    fc.assert(
      fc.property(nestings, (nesting) => {
        const path = nested(nesting);
        checkPath(path);
        expect([typeAt(path), rootTypeOf(path)]).toEqual([nesting[2], "map"]);
        const first = nesting[0][0] ?? nesting[1];
        expect(fieldWithin(path, "m")!.name).toBe(first);
        expect(isWithin(path, fieldWithin(path, "m")!.path)).toBe(true);
      }),
    );
  });

  test("of one place is never that of another, nor within it", () => {
    // Dropping a field must not touch its neighbour, whatever the two are called.
    fc.assert(
      fc.property(nestings, nestings, (one, other) => {
        const [path, at] = [nested(one), nested(other)];
        const isPrefix =
          other[2] === "map" && [...other[0], other[1]].every((name, depth) => [...one[0], one[1]][depth] === name);
        const isLonger = one[0].length > other[0].length;
        const isSame = JSON.stringify(one) === JSON.stringify(other);
        expect(isWithin(path, at)).toBe(isSame || (isPrefix && isLonger));
      }),
      { numRuns: 1000 },
    );
  });

  test("of a map itself has no field", () => {
    // `undefined` for the map itself.
    expect(fieldWithin("m", "m")).toBeUndefined();
  });
});

describe("checkPath refuses", () => {
  test.each([
    ["no path at all", ""],
    ["a letter of no type", "x"],
    ["more behind a leaf", "ss"],
    ["a field of something that is no map", "s1:ap"],
    ["a field without a type", "m1:a"],
    ["a name that is longer than it says", "m1:abp"],
    ["a name that is shorter than it says", "m3:ap"],
    ["a length in another form", "m01:ap"],
    ["a length that is no number", "m-1:ap"],
    ["a field without a length", "m:ap"],
    ["half a surrogate pair", "m1:\ud800p"],
    ["maps that are nested too deep", `${"m1:a".repeat(limits.mapDepthMax + 1)}p`],
    ["a path that is too long", `m${limits.pathLengthMax}:${"a".repeat(limits.pathLengthMax)}p`],
  ])("%s", (_, path) => {
    // Paths come from outside: each place has one path, and no other text is one.
    expect(() => checkPath(path)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  });

  test("not what is as deep and as long as may be", () => {
    // The limits themselves are within the limits.
    checkPath(`${"m1:a".repeat(limits.mapDepthMax)}p`);
    const name = "a".repeat(limits.pathLengthMax - "m1018:p".length);
    checkPath(fieldPath("m", name, "pnCounter"));
  });
});
