// bench/compare/comparison.ts: everybody is measured as often as everybody else, in turns, under the same loads; shares are those of a round.
import { expect, test } from "vitest";
import type { Measured, Run } from "../../../bench/compare/clients.ts";
import { Comparison, type ComparisonPlan, type Drivers } from "../../../bench/compare/comparison.ts";
import { contendersOf } from "../../../bench/compare/contender.ts";
import { Distribution } from "../../../bench/compare/histogram.ts";
import { nameOf, parseSetting } from "../../../bench/compare/setting.ts";
import type { System, SystemName } from "../../../bench/compare/system.ts";

const plan: ComparisonPlan = {
  records: 100,
  valueBytes: 50,
  warmUpMs: 10,
  durationMs: 100,
  workloads: ["A", "B"],
  loads: [{ kind: "closed", inFlight: 8 }],
  alsoHalfOfPeak: true,
  rehearsalMs: 0,
  rounds: 4,
  seed: 1,
};
const settings = ["r1 w1", "r2 w2"].map(parseSetting);

test("a cell for everybody under each workload and load, of all rounds", async () => {
  const { cells } = await compare({});
  expect(cells.map(describe)).toEqual(
    ["A", "B"].flatMap((workload) =>
      ["closed 8", "open 500"].flatMap((load) =>
        ["coterie n3 r1 w1", "coterie n3 r2 w2", "floor n3 r1 w1", "floor n3 r2 w2"].map(
          (who) => `${workload} ${load} ${who}`,
        ),
      ),
    ),
  );
  expect(cells.map(({ rounds }) => rounds.length)).toEqual(cells.map(() => plan.rounds));
});

test("turns are mixed, and nobody is measured twice in a round", async () => {
  const { runs } = await compare({ rounds: 8 });
  const firstGroup = runs.slice(0, 4 * 8).map(who);
  const orders = Array.from({ length: 8 }, (_, round) => firstGroup.slice(round * 4, round * 4 + 4));
  for (const order of orders) expect(new Set(order).size).toBe(4);
  expect(new Set(orders.map(String)).size).toBeGreaterThan(2);
});

test("the same seed measures in the same order, with the same seeds", async () => {
  const [one, same, other] = [await compare({}), await compare({}), await compare({ seed: 2 })];
  expect(one.runs).toEqual(same.runs);
  expect(one.runs).not.toEqual(other.runs);
});

test("a share is that of the floor with the same r and w, round by round, and only where the rate is not given", async () => {
  // The machine gets faster all the time; whoever is compared by medians of different rounds would be told wrong.
  const { cells } = await compare({}, (run, at) => (run.system === "floor" ? 4000 : 1000) * 2 ** Math.floor(at / 4));
  for (const { system, load, ofFloor } of cells)
    expect(ofFloor).toBe(load.kind === "open" ? undefined : system === "floor" ? 1 : 0.25);
});

test("where the machine had no time for the floor, there is no share of it", async () => {
  // Infinity is null in JSON.
  const { cells: never } = await compare({ alsoHalfOfPeak: false }, ({ system: name }) =>
    name === "floor" ? 0 : 1000,
  );
  expect(never.map(({ ofFloor }) => ofFloor)).toEqual(never.map(() => undefined));
  const { cells } = await compare({ alsoHalfOfPeak: false, rounds: 3 }, ({ system: name }, at) =>
    name === "coterie" ? 1000 : at % 12 < 4 ? 0 : 4000,
  );
  const own = cells.filter((cell) => cell.system === "coterie");
  expect(own.map(({ ofFloor }) => ofFloor)).toEqual(own.map(() => 0.25));
});

test("records are put once for all workloads that can share them", async () => {
  const { filled } = await compare({ workloads: ["A", "B", "put"] });
  expect(filled.length).toBe(4);
  const { filled: apart } = await compare({ workloads: ["A", "siblings"] });
  // Others than Coterie have no siblings.
  expect(apart.length).toBe(4 + 2);
});

test("each system rehearses a workload once before anybody is measured under it", async () => {
  const { runs, cells } = await compare({ rehearsalMs: 500, rounds: 1, alsoHalfOfPeak: false });
  const [first, second] = [runs.slice(0, 6), runs.slice(6)];
  for (const group of [first, second]) {
    expect(group.map(({ durationMs }) => durationMs)).toEqual([500, 500, 100, 100, 100, 100]);
    expect(group.slice(0, 2).map(({ system }) => system)).toEqual(["coterie", "floor"]);
  }
  expect(cells.length).toBe(8);
});

test("the steps together take what was expected", async () => {
  for (const rehearsalMs of [0, 500]) {
    const { stepsMs, expectedMs } = await compare({ rehearsalMs });
    expect(stepsMs).toBeCloseTo(expectedMs);
  }
});

interface Compared {
  readonly cells: Awaited<ReturnType<Comparison["run"]>>;
  readonly runs: readonly Run[];
  readonly filled: readonly Run[];
  readonly stepsMs: number;
  readonly expectedMs: number;
}

/** With clients that only say what they were told. @param rateOf of the run with this number */
async function compare(
  changes: Partial<ComparisonPlan>,
  rateOf: (run: Run, at: number) => number = () => 1000,
): Promise<Compared> {
  const runs: Run[] = [];
  const filled: Run[] = [];
  const drivers: Drivers = {
    fill: (run) => Promise.resolve(void filled.push(run)),
    measure: (run) => Promise.resolve(measured(rateOf(run, runs.push(run) - 1))),
  };
  let stepsMs = 0;
  const contenders = contendersOf([system("coterie"), system("floor")], settings, "t");
  const comparison = new Comparison(contenders, drivers, { ...plan, ...changes }, (_, ms) => (stepsMs += ms));
  const { expectedMs } = comparison;
  return { cells: await comparison.run(), runs, filled, stepsMs, expectedMs };
}

function system(name: SystemName): System {
  return {
    name,
    guaranteeOf: nameOf,
    start: () => Promise.resolve({ system: name, nodes: [] }),
    usage: () => Promise.resolve(undefined),
    stop: () => Promise.resolve(),
  };
}

function measured(perSecond: number): Measured {
  const none = Distribution.empty();
  const empty = none.encode();
  const consistency = { reads: 0, stale: 0, staleShare: 0, versionsBehind: undefined, msBehind: undefined } as const;
  const siblings = { lostUpdates: 0, siblingsPerRead: 0, siblingsMax: 0 };
  return {
    figures: {
      perSecond,
      reads: none.latency(),
      writes: none.latency(),
      consistency: { ...consistency, ...siblings },
      failed: 0,
      unknown: 0,
    },
    requests: 0,
    unsent: 0,
    readHistogram: empty,
    writeHistogram: empty,
    versionsHistogram: empty,
    behindHistogram: empty,
    timeline: [],
    cpuSeconds: 0,
    ofStretch: undefined,
  };
}

function who({ system: name, setting }: Pick<Run, "system" | "setting">): string {
  return `${name} ${nameOf(setting)}`;
}

function describe(run: Pick<Run, "system" | "setting" | "workload" | "load">): string {
  const { workload, load } = run;
  return `${workload} ${load.kind} ${load.kind === "closed" ? load.inFlight : load.perSecond} ${who(run)}`;
}
