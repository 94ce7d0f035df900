/**
 * The background's paces, drawn for one seed: from one tick to never. What keeps the nodes in order is raced against what disturbs
 * it, and against each other; that is where stores of this kind lose data.
 */
import { defaultTuning, type Tuning } from "../node/tuning.ts";
import type { Random } from "../src/random.ts";

/** Longer than any run. */
export const neverMs = 1e12;
/** What a call takes that chooses no timeout, as those do that ask in the end whether everybody is served. */
const callMsMax = 5000;

export interface Bounds {
  /** How old a message may become before somebody acts on it. `undefined`: as old as it likes, so no tombstone may be collected. */
  readonly messageAgeMsMax: number | undefined;
}

export function drawTuning(random: Random, { messageAgeMsMax }: Bounds): Tuning {
  const isCollecting = messageAgeMsMax !== undefined;
  const hintAgeMsMax = random.pick(isCollecting ? [200, 2000] : [200, 2000, 30_000, neverMs, neverMs]);
  const probeIntervalMs = random.pick([100, 300, 1000, 3000, neverMs]);
  return {
    ...defaultTuning,
    probeIntervalMs,
    probeTimeoutMs: probeIntervalMs === neverMs ? defaultTuning.probeTimeoutMs : probeIntervalMs * 0.3,
    hintAgeMsMax,
    hintBytesMax: random.pick([0, 500, 10_000, defaultTuning.hintBytesMax, defaultTuning.hintBytesMax]),
    antiEntropyIntervalMs: random.pick([1, 100, 500, 2000, 2000, 10_000, neverMs]),
    antiEntropyConfirmMs: random.pick([0, 10, 200, 1000]),
    scrubIntervalMs: random.pick([500, 5000, 60_000, neverMs]),
    tombstoneAgeMs: isCollecting ? hintAgeMsMax * random.pick([1.1, 2]) : neverMs,
    messageLifetimeMs: messageAgeMsMax ?? neverMs,
    // As short as it may be. Where messages may be of any age nothing is ever forgotten.
    retryWindowMs: messageAgeMsMax === undefined ? neverMs : Math.max(messageAgeMsMax, callMsMax),
    readRepairShare: random.pick([0, 0.1, 0.5, 1]),
    hedgeShare: random.pick([0, 0.05, 1]),
    backgroundBytesPerSecond: random.pick([100_000, 1_000_000, defaultTuning.backgroundBytesPerSecond]),
  };
}

export function describeTuning(tuning: Tuning): string {
  const ms = (value: number): string => (value === neverMs ? "never" : `${value} ms`);
  return [
    `probes ${ms(tuning.probeIntervalMs)}`,
    `hints up to ${ms(tuning.hintAgeMsMax)} and ${tuning.hintBytesMax} bytes`,
    `anti-entropy ${ms(tuning.antiEntropyIntervalMs)}, confirmed after ${ms(tuning.antiEntropyConfirmMs)}`,
    `scrub ${ms(tuning.scrubIntervalMs)}`,
    `tombstones ${ms(tuning.tombstoneAgeMs)}, messages live ${ms(tuning.messageLifetimeMs)}`,
    `operations tried again up to ${ms(tuning.retryWindowMs)}`,
    `read repair ${tuning.readRepairShare}, hedges ${tuning.hedgeShare}`,
    `background ${tuning.backgroundBytesPerSecond} bytes/s`,
  ].join(", ");
}
