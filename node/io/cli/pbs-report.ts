/** What `coterie pbs` predicts of a setting, and how it shows it: to programs as an object, to people one setting or several side by side. */
import type { Random } from "../../../src/random.ts";
import type { LegLaws } from "../../../sim/delay-laws.ts";
import { anyOf, equalReplicas, kStaleness, Visibility } from "../../../sim/pbs.ts";
import { layOut } from "./table.ts";
import { showDuration } from "./units.ts";

export interface PredictedSetting {
  readonly n: number;
  readonly r: number;
  readonly w: number;
  /** How many replicas a read asks. */
  readonly fanout: "quorum" | "all";
}

/** What is asked of a prediction. */
export interface Questions {
  readonly tsMs: readonly number[];
  /** How many versions a read may be behind, at most. */
  readonly versions: number;
  readonly draws: number;
}

interface Percentiles {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
}

/** Shares from 0 to 1. */
export interface Prediction extends PredictedSetting {
  /** How many reads see a write that was acknowledged so long before they began. */
  readonly fresh: readonly { readonly tMs: number; readonly share: number }[];
  /** After which time so many reads see it. */
  readonly visibleAfter: readonly { readonly share: number; readonly tMs: number }[];
  /** How many reads miss the latest so many versions, if none of them spreads beyond its quorum: at most. */
  readonly misses: readonly { readonly versions: number; readonly share: number }[];
  readonly read: Percentiles;
  readonly write: Percentiles;
}

const visibleShares = [0.9, 0.99, 0.999, 0.9999] as const;

export function predict(random: Random, legs: LegLaws, setting: PredictedSetting, questions: Questions): Prediction {
  const { n, r, w, fanout } = setting;
  const asks = fanout === "all" ? {} : { asks: anyOf(n, r) };
  const visibility = new Visibility(random, { replicas: equalReplicas(n, legs), r, w, ...asks }, questions.draws);
  const versions = Array.from({ length: questions.versions }, (_, at) => at + 1);
  return {
    n,
    r,
    w,
    fanout,
    fresh: questions.tsMs.map((tMs) => ({ tMs, share: visibility.freshAt(tMs) })),
    visibleAfter: visibleShares.map((share) => ({ share, tMs: visibility.tMsAt(share) })),
    misses: versions.map((count) => ({ versions: count, share: kStaleness({ n, r, w }, count) })),
    read: percentiles((share) => visibility.readMsAt(share)),
    write: percentiles((share) => visibility.writeMsAt(share)),
  };
}

/** One setting: a table for each question. */
export function predictionLines({ fresh, visibleAfter, misses, read, write }: Prediction): readonly string[] {
  const tables = [
    [
      ["read begins", ...fresh.map(({ tMs }) => showMs(tMs))],
      ["and is fresh", ...fresh.map(({ share }) => showShare(share))],
    ],
    [
      ["fresh reads", ...visibleAfter.map(({ share }) => showShare(share))],
      ["from", ...visibleAfter.map(({ tMs }) => showMs(tMs))],
    ],
    [
      ["versions missed", ...misses.map(({ versions }) => `${versions} or more`)],
      ["reads, at most", ...misses.map(({ share }) => showShare(share))],
    ],
    [
      ["latency", "p50", "p99", "p99.9"],
      ["read", ...msOf(read)],
      ["write", ...msOf(write)],
    ],
  ];
  return tables.flatMap((rows, at) => (at === 0 ? layOut(rows) : ["", ...layOut(rows)]));
}

/** Two tables with a row for each setting: in one, they would be too wide for a terminal. */
export function gridLines(predictions: readonly Prediction[]): readonly string[] {
  const [{ fresh } = { fresh: [] }] = predictions;
  const moments = ["r", "w", ...fresh.map(({ tMs }) => showMs(tMs))];
  const times = ["r", "w", "99.9 % fresh from", "read p50", "p99", "write p50", "p99"];
  return [
    "Fresh reads, of those that begin so long after the write was acknowledged:",
    ...layOut([moments, ...predictions.map(freshRow)]),
    "",
    "How long that takes, and how long requests take:",
    ...layOut([times, ...predictions.map(timesRow)]),
  ];
}

function freshRow({ r, w, fresh }: Prediction): readonly string[] {
  return [`${r}`, `${w}`, ...fresh.map(({ share }) => showShare(share))];
}

function timesRow({ r, w, visibleAfter, read, write }: Prediction): readonly string[] {
  const from = visibleAfter.find(({ share }) => share === 0.999)!;
  const times = [from.tMs, read.p50Ms, read.p99Ms, write.p50Ms, write.p99Ms];
  return [`${r}`, `${w}`, ...times.map(showMs)];
}

function percentiles(at: (share: number) => number): Percentiles {
  return { p50Ms: at(0.5), p99Ms: at(0.99), p999Ms: at(0.999) };
}

function msOf({ p50Ms, p99Ms, p999Ms }: Percentiles): readonly string[] {
  return [p50Ms, p99Ms, p999Ms].map(showMs);
}

/** Below a millisecond with what matters there. */
function showMs(ms: number): string {
  return ms > 0 && ms < 1 ? `${Number(ms.toPrecision(2))} ms` : showDuration(ms);
}

/** 100 % only where nothing else was drawn. */
function showShare(share: number): string {
  const percent = share * 100;
  const digits = percent > 99 || percent < 1 ? 3 : 1;
  const text = percent.toFixed(digits).replace(/\.?0+$/, "");
  return `${text === "100" && share < 1 ? "99.999" : text} %`;
}
