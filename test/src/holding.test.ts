// What a key holds, in a sentence from which its reader can copy the right call.
import { expect, it } from "vitest";
import { holdingsOf } from "../../src/holding.ts";

it.each([
  [["pnCounter"], 'a counter, for which there is counter("b")'],
  [["rwSet"], 'a set in which removing wins, for which there is set("b", { wins: "remove" })'],
  [["map"], 'a map, for which there is map("b", { … })'],
  [
    ["value", "dwFlag"],
    'a value, for which there is bucket("b"), and a flag in which disabling wins, for which there is flag("b", { wins: "disable" })',
  ],
] as const)("%s", (types, words) => {
  expect(holdingsOf(types, "b")).toBe(words);
});
