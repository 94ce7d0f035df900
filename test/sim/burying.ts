/**
 * A run in which tombstones are collected: keys that are deleted and left alone, hardly any age, and a lifetime of messages that is
 * longer than whatever holds one up: faults are few and short. While anybody is away nothing is collected. Neither hints nor
 * anti-entropy mend what differs, so that a collector that is careless has something to be careless of.
 */
import { defaultTuning } from "../../node/tuning.ts";
import type { RunOptions } from "../../sim/index.ts";

export const buries: RunOptions["adjust"] = (profile) => ({
  ...profile,
  safetyMs: 40_000,
  shape: {
    ...profile.shape,
    nodes: 3,
    n: 3,
    options: { defaults: { n: 3 }, buckets: {} },
    tuning: {
      ...defaultTuning,
      tombstoneAgeMs: 50,
      messageLifetimeMs: 10_000,
      antiEntropyIntervalMs: 1e12,
      hintBytesMax: 0,
    },
  },
  work: {
    ...profile.work,
    buckets: [{ name: "b", n: 3 }],
    clients: 2,
    keys: 12,
    thinkMeanMs: 300,
    timeoutMs: 1000,
    r: [2],
    w: [2],
    dwMin: 2,
    puts: 0.4,
    deletes: 0.4,
    fresh: 0.7,
    stale: 0.1,
  },
  network: { ...profile.network, delayMeanMs: 100, loss: profile.network.loss / 10, duplication: 0.1, reorder: 0.2 },
  faults: { ...profile.faults, paceMs: 8000, lastsMs: 500, damagedNodesMax: 1 },
});
