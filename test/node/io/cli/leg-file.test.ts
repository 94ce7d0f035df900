// Claim: a file of delays says what the laws in code say, and whatever is wrong with it is said with its place in the file.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadLegs } from "../../../../node/io/cli/leg-file.ts";
import { Random } from "../../../../src/random.ts";
import { exponential, pareto, type DelayLaw } from "../../../../sim/delay-laws.ts";
import { makeTempDirectory } from "../../../temp-directory.ts";

const rest = { a: { exponential: 1 }, r: { exponential: 1 }, s: { exponential: 1 } };

function load(content: unknown): ReturnType<typeof loadLegs> {
  const path = join(makeTempDirectory(), "legs.json");
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return loadLegs(path);
}

function drawn(law: DelayLaw): number[] {
  const random = new Random(1);
  return Array.from({ length: 10_000 }, () => law(random));
}

describe("a law", () => {
  it("is exponential, or one of Pareto's", () => {
    expect(drawn(load({ ...rest, w: { exponential: 5 } }).w)).toEqual(drawn(exponential(5)));
    expect(drawn(load({ ...rest, w: { pareto: { leastMs: 2, alpha: 3 } } }).w)).toEqual(drawn(pareto(2, 3)));
  });

  it("is what was measured", () => {
    expect(new Set(drawn(load({ ...rest, w: { samples: [3, 0, 7] } }).w))).toEqual(new Set([0, 3, 7]));
  });

  it("is a mixture of others, each with its share", () => {
    const part = (share: number, delayMs: number): object => ({ share, law: { samples: [delayMs] } });
    const delaysMs = drawn(load({ ...rest, w: { mixture: [part(0.5, 1), part(0.3, 2), part(0, 3), part(0.2, 4)] } }).w);
    const shares = [1, 2, 3, 4].map((ms) => delaysMs.filter((one) => one === ms).length / delaysMs.length);
    expect(shares[0]).toBeCloseTo(0.5, 1);
    expect(shares[1]).toBeCloseTo(0.3, 1);
    expect(shares[2]).toBe(0);
    expect(shares[3]).toBeCloseTo(0.2, 1);
  });
});

describe("is refused", () => {
  it.each<[string, unknown, string]>([
    ["that is no JSON", "{w", "JSON"],
    ["that is no object", [1], "the file is an array: it must be an object"],
    ["that lacks a leg", { w: { exponential: 1 } }, "the file must have the fields w, a, r, s: a is missing"],
    ["with a leg too many", { ...rest, w: { exponential: 1 }, x: 1 }, "x is none of them"],
    ["with a number for a law", { ...rest, w: 5 }, "w is a number: it must be an object"],
    ["with an unknown law", { ...rest, w: { normal: 5 } }, "w must have one of the fields exponential, pareto"],
    ["with two laws in one", { ...rest, w: { exponential: 5, samples: [1] } }, "w must have one of the fields"],
    ["with a text for a delay", { ...rest, w: { exponential: "5" } }, "w.exponential is a string"],
    ["with a delay below 0", { ...rest, w: { samples: [1, -2] } }, "w.samples.1 is -2: it must be a number from 0 on"],
    ["without samples", { ...rest, w: { samples: [] } }, "w.samples is empty: it must be an array"],
    [
      "with a Pareto law that has no shape",
      { ...rest, w: { pareto: { leastMs: 1, alpha: 0 } } },
      "w.pareto.alpha is 0",
    ],
    [
      "with shares that are not all",
      { ...rest, w: { mixture: [{ share: 0.5, law: { exponential: 1 } }] } },
      "the shares of w.mixture add up to 0.5: it must be 1",
    ],
    [
      "with a mistake deep inside",
      { ...rest, w: { mixture: [{ share: 1, law: { pareto: { leastMs: 1 } } }] } },
      "w.mixture.0.law.pareto must have the fields leastMs, alpha: alpha is missing",
    ],
  ])("a file %s", (_, content, problem) => {
    expect(() => load(content)).toThrow(problem);
    expect(() => load(content)).toThrow("legs.json");
  });

  it("a file that is not there", () => {
    expect(() => loadLegs("no-such-file.json")).toThrow("there is no file no-such-file.json");
  });
});
