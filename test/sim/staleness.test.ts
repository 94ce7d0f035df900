/**
 * I18, the statistical oracle. Claim: the store's reads are exactly as stale as its quorums explain. If what is measured were off by more
 * than 3 σ, the code would not wait for whom we think it waits for, or would count something else.
 */
import { describe, expect, test } from "vitest";
import type { Input } from "../../node/effects.ts";
import { Replica } from "../../node/replica.ts";
import { Random } from "../../src/random.ts";
import { exponential, type LegLaws } from "../../sim/delay-laws.ts";
import { Visibility } from "../../sim/pbs.ts";
import { Simulator } from "../../sim/simulator.ts";
import type { CreateMachine } from "../../sim/world.ts";
import { nameOf, playStaleness, settingOf, type Tally } from "./staleness-play.ts";

const legs: LegLaws = { w: exponential(5), a: exponential(1), r: exponential(1), s: exponential(1) };
const rs = [1, 2];
const tsMs = [0, 1, 2, 5];
const draws = 100_000;
const sigmasMax = 3;

/** One whose moments are not rounded: delays of 1 ms would not be what their laws say. */
const seed = [1, 2, 3, 4, 5, 6, 7, 8, 9].find((one) => new Simulator(one).granularityUs === 1)!;

interface Deviation {
  readonly of: string;
  readonly predicted: number;
  readonly measured: number;
  readonly sigmas: number;
}

function deviationsFrom(tallies: ReadonlyMap<string, Tally>, w: number): Deviation[] {
  return rs.flatMap((r) => {
    const visibility = new Visibility(new Random(1), settingOf(legs, { r, w }), draws);
    return tsMs.map((tMs) => {
      const of = nameOf({ isAtWriter: false, r, tMs });
      const { reads, stale } = tallies.get(of)!;
      const [predicted, measured] = [1 - visibility.freshAt(tMs), stale / reads];
      const sigma = Math.sqrt(predicted * (1 - predicted) * (1 / reads + 1 / draws));
      const off = Math.abs(measured - predicted);
      return { of, predicted, measured, sigmas: off === 0 ? 0 : off / sigma };
    });
  });
}

function isOff({ sigmas }: Deviation): boolean {
  return sigmas > sigmasMax;
}

describe("of three nodes", () => {
  test.each([1, 2])("reads are as stale as predicted after writes with w = %i", async (w) => {
    const tallies = await playStaleness(seed, { legs, w, rs, tsMs, versions: 1500 });
    const deviations = deviationsFrom(tallies, w);
    expect(deviations.filter(isOff)).toEqual([]);
    // With 2 + 2 > 3 nothing can be, and all else is: of nothing that never happens anything could be predicted.
    for (const { of, measured } of deviations) expect(measured > 0).toBe(w === 1 || of.includes("r 1"));
  });

  test("a read at the node that coordinated the write is never stale", async () => {
    const tallies = await playStaleness(seed, { legs, w: 1, rs, tsMs, versions: 300 });
    const looks = rs.flatMap((r) => tsMs.map((tMs) => tallies.get(nameOf({ isAtWriter: true, r, tMs }))!));
    expect(looks.map(({ stale }) => stale)).toEqual(looks.map(() => 0));
    expect(Math.min(...looks.map(({ reads }) => reads))).toBeGreaterThan(50);
  });
});

/** The shipped node that hears another request than was made. */
function mishears(hear: (input: Input) => Input): CreateMachine {
  return (config, store, now) => {
    const replica = new Replica(config, store, now);
    return { step: (now, input) => replica.step(now, hear(input)) };
  };
}

const waitsForAll = mishears((input) =>
  input.kind === "client" && input.message.kind === "Put"
    ? { ...input, message: { ...input.message, options: { ...input.message.options, w: "all" } } }
    : input,
);

const answersAlone = mishears((input) =>
  input.kind === "client" && input.message.kind === "Get"
    ? { ...input, message: { ...input.message, options: { ...input.message.options, r: 1 } } }
    : input,
);

/** Its own acknowledgement counts for another replica too. */
const countsItselfTwice: CreateMachine = (config, store, now) => {
  const replica = new Replica(config, store, now);
  return {
    step: (now, input) => {
      const effects = replica.step(now, input);
      if (input.kind !== "peer" || input.node !== config.id || input.message.kind !== "ReplicaPutReply") return effects;
      const other = config.ring.table.members.find(({ id }) => id !== config.id)!;
      return [...effects, ...replica.step(now, { ...input, node: other.id })];
    },
  };
};

/** Sends its copies when its own disk has the write, and not before. */
const writesOneAfterTheOther: CreateMachine = (config, store, now) => {
  const replica = new Replica(config, store, now);
  return {
    step: (now, input) => {
      const effects = replica.step(now, input);
      const copies = effects.filter((effect) => effect.kind === "send" && effect.message.kind === "ReplicaPut");
      return effects
        .filter((effect) => !copies.includes(effect))
        .map((effect) => (effect.kind === "persist" ? { ...effect, then: [...copies, ...effect.then] } : effect));
    },
  };
};

describe("a broken node is found", () => {
  test.each<[string, number, CreateMachine]>([
    ["waits for all where one would do", 1, waitsForAll],
    ["answers a get alone", 1, answersAlone],
    ["counts itself twice", 2, countsItselfTwice],
    ["writes one after the other", 1, writesOneAfterTheOther],
  ])("that %s", async (_, w, createMachine) => {
    const tallies = await playStaleness(seed, { legs, w, rs, tsMs, versions: 300, createMachine });
    expect(deviationsFrom(tallies, w).filter(isOff)).not.toEqual([]);
  });
});
