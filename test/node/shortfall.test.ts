import { expect, test } from "vitest";
import { sentenceOf, shortfallOf } from "../../node/shortfall.ts";
import { Tally } from "../../src/quorum.ts";

const primaries = ["n1", "n2", "n3"].map((node) => ({ node, role: "primary" as const }));

test("says how many answered of how many needed, by the option that needs them, and who", () => {
  // Issue: too few replicas: the error says how many answered of how many needed.
  const tally = new Tally(primaries, { answers: 2, primaries: 0, durable: 2 });
  tally.answer("n2", true);
  const shortfall = shortfallOf(tally, { answers: "w", durable: "dw" });
  expect(shortfall).toEqual({ need: 2, got: 1, of: "w", answered: ["n2"] });
  expect(sentenceOf(shortfall, 3, 3, [])).toBe("w needs 2 of the 3 replicas, 1 answered");
});

test("names the disk where answers are enough and durable ones are not", () => {
  const tally = new Tally(primaries, { answers: 2, primaries: 0, durable: 2 });
  tally.answer("n1", true);
  tally.answer("n2", false);
  expect(shortfallOf(tally, { answers: "w", durable: "dw" })).toMatchObject({ of: "dw", need: 2, got: 1 });
});

test("repeats why replicas refused", () => {
  const tally = new Tally(primaries, { answers: 3, primaries: 0, durable: 0 });
  const sentence = sentenceOf(shortfallOf(tally, { answers: "r" }), 3, 3, ["n2: its clock is off"]);
  expect(sentence).toBe("r needs 3 of the 3 replicas, 0 answered; n2: its clock is off");
});

test("of a met tally there is none to ask for", () => {
  const tally = new Tally(primaries, { answers: 0, primaries: 0, durable: 0 });
  expect(() => shortfallOf(tally, {})).toThrow("met");
});

test("says when the cluster itself is too small", () => {
  // A node alone, with the default n of 3: nothing is down, and it never will be enough.
  const tally = new Tally(primaries.slice(0, 1), { answers: 2, primaries: 0, durable: 0 });
  const shortfall = shortfallOf(tally, { answers: "r" });
  expect(sentenceOf(shortfall, 3, 1, [])).toBe(
    "r needs 2 of the 3 replicas, 0 answered; the cluster has no more than one node",
  );
  expect(sentenceOf(shortfall, 3, 2, [])).toContain("no more than 2 nodes");
});
