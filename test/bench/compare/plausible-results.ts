/** Results as a machine might have found them, without one: equal every time, and shaped like the real ones. */
import type {
  Cell,
  Consistency,
  FaultRun,
  Figures,
  Instant,
  Latency,
  LoadKind,
  Results,
  StalenessCurve,
  WorkloadName,
} from "../../../bench/compare/results.ts";
import { defaultSetting, type Setting } from "../../../bench/compare/setting.ts";
import type { SystemName } from "../../../bench/compare/system.ts";
import { Random } from "../../../src/random.ts";

export const closed: LoadKind = { kind: "closed", inFlight: 256 };
export const open: LoadKind = { kind: "open", perSecond: 20_000 };

export const plausibleSettings: readonly Setting[] = [
  settingOf({}),
  settingOf({ r: 1, w: 1, dw: 1 }),
  settingOf({ r: 1 }),
  settingOf({ w: 1, dw: 1 }),
  settingOf({ r: 3, w: 3, dw: 3 }),
  settingOf({ r: 1, w: 2, dw: 1, sloppy: false, fanout: "all", readRepair: "off", resolver: "lww" }),
];

export function plausibleResults(changes: Partial<Results> = {}): Results {
  const random = new Random(7);
  const loads: readonly [WorkloadName, LoadKind][] = [
    ["A", closed],
    ["A", open],
    ["C", closed],
    ["put", closed],
  ];
  return {
    format: 1,
    startedAt: "2026-11-21T13:27:05.000Z",
    tookMs: 642_000,
    machine: {
      processor: "AMD EPYC 9B14",
      cores: 2,
      memoryBytes: 8_335_785_984,
      system: "Linux 6.1",
      node: "v20.20.2",
      coterie: "0.1.0",
    },
    plan: { clients: 2, records: 10_000, valueBytes: 100, rounds: 3, durationMs: 5000, injected: undefined },
    cells: loads.flatMap(([workload, load]) => plausibleCells(random, workload, load)),
    faults: [plausibleFault(random, "kill", settingOf({})), plausibleFault(random, "slow-link", settingOf({ r: 1 }))],
    staleness: plausibleSettings.slice(0, 4).map((setting) => plausibleCurve(random, setting)),
    advice: {
      maxStaleShare: 0.001,
      p99Ms: 10,
      setting: settingOf({ r: 1 }),
      sentence: "Take n3 r1 w2 dw2: it is the cheapest that keeps stale reads within 0.1 % and p99 within 10 ms.",
    },
    ...changes,
  };
}

/** As it arrives after a way through JSON, which leaves out what is undefined. */
export function throughJson(results: Results): Results {
  return JSON.parse(JSON.stringify(results)) as Results;
}

export function settingOf(changes: Partial<Setting>): Setting {
  return { ...defaultSetting, ...changes };
}

export function cellOf(changes: Partial<Cell> & { readonly figures: Figures }): Cell {
  return {
    system: "coterie",
    guarantee: "a write is on the disks of 2 of 3 replicas",
    setting: settingOf({}),
    workload: "A",
    load: closed,
    ofFloor: undefined,
    rounds: [changes.figures],
    ...changes,
  };
}

export function figuresOf(changes: Partial<Figures> = {}): Figures {
  return {
    perSecond: 50_000,
    reads: latencyOf(2),
    writes: latencyOf(4),
    consistency: consistencyOf(100_000, 0),
    failed: 0,
    unknown: 0,
    bytesPerRequest: 890,
    messagesPerRequest: 4.2,
    cpuSecondsPerMillion: 30,
    ...changes,
  };
}

/** @param p99Ms the others follow from it */
export function latencyOf(p99Ms: number, count = 100_000): Latency {
  return { count, p50Ms: p99Ms * 0.4, p95Ms: p99Ms * 0.7, p99Ms, p999Ms: p99Ms * 2.5, maxMs: p99Ms * 6 };
}

export function consistencyOf(reads: number, stale: number, changes: Partial<Consistency> = {}): Consistency {
  return {
    reads,
    stale,
    staleShare: reads === 0 ? 0 : stale / reads,
    versionsBehind: stale === 0 ? undefined : { p50: 1, p99: 3, max: 7 },
    msBehind: stale === 0 ? undefined : { p50: 0.62, p99: 4.1, max: 21.7 },
    lostUpdates: 0,
    siblingsPerRead: 1.02,
    siblingsMax: 4,
    ...changes,
  };
}

function plausibleCells(random: Random, workload: WorkloadName, load: LoadKind): Cell[] {
  const own = plausibleSettings.map((setting) => plausibleCell(random, "coterie", setting, workload, load));
  const others = (["floor", "redis", "etcd"] as const).map((system) =>
    plausibleCell(random, system, settingOf({}), workload, load),
  );
  return [...own, ...others];
}

const speeds: Readonly<Record<SystemName, number>> = { coterie: 60_000, floor: 95_000, redis: 180_000, etcd: 6000 };
const promises: Readonly<Record<Exclude<SystemName, "coterie">, string>> = {
  floor: "A write is on the disks of 2 of 3 nodes; a read compares 2. Nothing recovers.",
  redis: "One copy, on disk before it is acknowledged (appendfsync always); reads see every acknowledged write.",
  etcd: "Three copies by Raft, on 2 disks before a write is acknowledged; reads are linearizable.",
};

function plausibleCell(
  random: Random,
  system: SystemName,
  setting: Setting,
  workload: WorkloadName,
  load: LoadKind,
): Cell {
  const jitter = (): number => 0.9 + 0.2 * random.fraction();
  const work = system === "coterie" ? 0.5 + (setting.r + setting.w) / 8 : 1;
  const peak = (speeds[system] / work) * jitter();
  const perSecond = load.kind === "open" ? Math.min(load.perSecond, peak) : peak;
  const p99Ms = (load.kind === "open" ? 60_000 : 500_000) / peak;
  const reads = workload === "put" ? 0 : Math.round(perSecond * (workload === "A" ? 7.5 : 15));
  const canMiss = system === "coterie" && workload === "A" && setting.r + setting.w <= setting.n;
  const staleShare = canMiss ? 0.024 / (setting.r + setting.w - 1) ** 4 : 0;
  const figures: Figures = {
    perSecond,
    reads: latencyOf(p99Ms * (0.4 + setting.r / 4) * jitter(), reads),
    writes: latencyOf(p99Ms * (0.7 + setting.w / 4) * jitter(), workload === "C" ? 0 : 75_000),
    consistency: consistencyOf(reads, Math.round(reads * staleShare * jitter()), {
      lostUpdates: setting.resolver === "lww" && workload !== "C" ? 311 : 0,
    }),
    failed: 0,
    unknown: system === "etcd" ? 12 : 0,
    bytesPerRequest: system === "coterie" ? 820 * work * jitter() : undefined,
    messagesPerRequest: system === "coterie" ? 4.2 * work * jitter() : undefined,
    cpuSecondsPerMillion: (1_300_000 / peak) * jitter(),
  };
  return cellOf({
    system,
    setting,
    workload,
    load,
    figures,
    rounds: [1, 0.94, 1.07].map((share) => ({
      ...figures,
      perSecond: figures.perSecond * share,
      cpuSecondsPerMillion: figures.cpuSecondsPerMillion! / share,
    })),
    guarantee:
      system === "coterie"
        ? `A write is with ${setting.w} of ${setting.n} replicas, on ${setting.dw} disks; a read asks ${setting.r}${setting.r + setting.w > setting.n ? " and sees it, while no primary is replaced" : " and may miss it"}.`
        : promises[system],
    ofFloor: load.kind === "closed" ? peak / 95_000 : undefined,
  });
}

function plausibleFault(random: Random, fault: FaultRun["fault"], setting: Setting): FaultRun {
  const [faultFromMs, faultToMs] = [10_000, 20_000];
  const timeline = Array.from({ length: 60 }, (_, at): Instant => {
    const atMs = at * 500;
    const isDuring = atMs >= faultFromMs && atMs < faultToMs;
    const isFirst = atMs === faultFromMs;
    const p99Ms = (isFirst ? 180 : isDuring ? 14 : 5) * (0.8 + 0.4 * random.fraction());
    return {
      atMs,
      perSecond: isFirst ? 3900 : 5000 + random.between(-60, 60),
      p50Ms: p99Ms / (isFirst ? 60 : 4),
      p99Ms,
      failed: isFirst && fault === "kill" ? 212 : 0,
      unknown: isFirst && fault === "kill" ? 64 : 0,
      stale: isDuring ? random.between(0, 9) : 0,
    };
  });
  const whole = figuresOf({ perSecond: 4960, consistency: consistencyOf(75_000, 70) });
  const notDone = fault === "kill" ? { failed: 212, unknown: 64 } : {};
  const during = figuresOf({ perSecond: 4880, ...notDone, consistency: consistencyOf(25_000, 70) });
  return { fault, setting, workload: "A", perSecond: 5000, faultFromMs, faultToMs, whole, during, timeline };
}

function plausibleCurve(random: Random, setting: Setting): StalenessCurve {
  const atMs = [0, 0.25, 0.5, 1, 1.5, 2, 3, 4, 6, 8, 10, 15, 20, 30, 50];
  const isStrict = setting.r + setting.w > setting.n;
  const missed = isStrict ? 0 : 0.5 / (setting.r * setting.w);
  const sees = (ms: number): number => 1 - missed * Math.exp(-ms / (3 + setting.r - setting.w));
  const predicted = atMs.map(sees);
  const measured = predicted.map((share, at) =>
    at === atMs.length - 1 && !isStrict
      ? undefined
      : isStrict
        ? 1
        : Math.min(1, share + 0.004 * (random.fraction() - 0.5)),
  );
  return {
    setting,
    atMs,
    measured,
    predicted,
    rmsError: isStrict ? 0 : 0.0021,
    kStaleness: [1, 2, 3].map((k) => ({
      k,
      measured: isStrict ? 0 : 0.024 ** k,
      predicted: isStrict ? 0 : 0.025 ** k,
    })),
    visibleAfterMs: { measured: isStrict ? 0 : undefined, predicted: isStrict ? 0 : 24.8 },
  };
}
