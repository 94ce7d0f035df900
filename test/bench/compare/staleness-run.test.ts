/**
 * Three node processes with delays on their links: what is measured is what happened. Quorums that meet are never stale, the node that
 * wrote never is, and others are. How well the prediction does is a benchmark, and no test.
 */
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { expect, onTestFinished, test, vi } from "vitest";
import { StalenessCluster } from "../../../dist/bench/compare/staleness-cluster.js";
import { StalenessLoad } from "../../../dist/bench/compare/staleness-load.js";
import { momentsFor } from "../../../dist/bench/compare/staleness-moments.js";
import { runStaleness } from "../../../dist/bench/compare/staleness-run.js";
import { defaultSetting } from "../../../bench/compare/setting.ts";
import { legsNamed } from "../../../sim/delay-laws.ts";
import { Random } from "../../../src/random.ts";
import { makeTempDirectory } from "../../temp-directory.ts";

const writes = 60;

test("reads are stale where they may be, and there alone", async () => {
  const random = new Random(1);
  const moments = momentsFor(random, legsNamed("EXP-50-10"));
  const cluster = await StalenessCluster.start("EXP-50-10", 1);
  try {
    const load = await StalenessLoad.open(cluster, moments, random);
    const strict = await load.run({ ...defaultSetting, readRepair: "off" }, writes, () => undefined);
    expect(strict.reads).toHaveLength((writes / 3) * moments.atMs.length);
    expect(strict.reads.filter(({ behind }) => behind !== 0)).toEqual([]);
    expect(strict.reads.every(({ asked, reader }) => asked[0] === reader && asked.length >= 2)).toBe(true);
    expect(strict.pausesMs).toHaveLength((writes / 3) * 2);
    const single = { ...defaultSetting, r: 1, w: 1, dw: 1, readRepair: "off" } as const;
    const { reads, legs } = await load.run(single, writes, () => undefined);
    load.close();
    const stale = reads.filter(({ behind }) => behind > 0);
    expect(stale.length).toBeGreaterThan(0);
    expect(stale.filter(({ reader }) => reader === 0)).toEqual([]);
    expect(reads.every(({ tMs }) => tMs > 0)).toBe(true);
    // The law's delays, and what the machine took besides.
    expect(Math.max(...legs.file.w.samples)).toBeGreaterThan(50);
    expect(Math.min(...legs.file.w.samples, ...legs.file.a.samples)).toBeGreaterThan(0);
    expect(legs.file.w.samples.length).toBe(2 * writes);
  } finally {
    await cluster.stop();
  }
});

test("a run has a curve for each setting, and says how far it is", async () => {
  const told: string[] = [];
  const settings = [{ ...defaultSetting, r: 1, w: 1, dw: 1 }, defaultSetting];
  const legs: unknown[] = [];
  const progress = (text: string): void => void told.push(text);
  const onLegs = (_: unknown, file: unknown): void => void legs.push(file);
  const curves = await runStaleness({ settings, injected: undefined, writes, seed: 1, progress, onLegs });
  expect(curves.map(({ setting }) => [setting.r, setting.w, setting.readRepair])).toEqual([
    [1, 1, "off"],
    [2, 2, "off"],
  ]);
  expect(curves[1]!.predicted.every((share) => share === 1)).toBe(true);
  expect(legs.map((file) => Object.keys(file as object))).toEqual([
    ["w", "a", "r", "s"],
    ["w", "a", "r", "s"],
  ]);
  expect(told.at(-1)).toMatch(/^n3 r2 w2 repair=off: \d+ of 60 writes$/);
});

test("it can be stopped in the middle, and leaves nothing behind", async () => {
  vi.stubEnv("TMPDIR", makeTempDirectory());
  onTestFinished(() => void vi.unstubAllEnvs());
  const end = new AbortController();
  const progress = (): void => end.abort();
  const options = { settings: [defaultSetting], injected: undefined, writes: 100_000, seed: 1, progress };
  await expect(runStaleness({ ...options, signal: end.signal })).rejects.toThrow("it was stopped");
  expect(readdirSync(tmpdir())).toEqual([]);
});

test("what cannot be measured is refused before anything starts", async () => {
  const options = { settings: [], injected: "LNKD", writes, seed: 1, progress: () => undefined };
  await expect(runStaleness(options)).rejects.toThrow("there is no profile LNKD");
  const five = { ...options, injected: undefined, settings: [{ ...defaultSetting, n: 5 }] };
  await expect(runStaleness(five)).rejects.toThrow("staleness is measured on 3 nodes: n cannot be 5");
});
