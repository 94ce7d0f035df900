/**
 * How stale a read may be where r + w ≤ n, predicted: probabilistically bounded staleness, by Monte Carlo over the legs of a write and
 * of a read (WARS).
 *
 *   writer ──w──▶ replica ──a──▶ writer      committed at c, when the w-th acknowledgement is back
 *   reader ──r──▶ replica ──s──▶ reader      starts t after c; hears the first r replicas, whose r + s are smallest
 *
 * A read that starts at c + t is stale if each replica that it hears gets its question before it gets the write: w > c + t + r. So
 * every draw has one moment from which on the read is fresh, and the distribution of these is all that there is to know.
 *
 * Classic WARS asks all n replicas. A reader that asks fewer hears only those (`asks`).
 *
 * Source: Bailis et al.: Probabilistically Bounded Staleness for Practical Partial Quorums (2012).
 */
import type { Random } from "../src/random.ts";
import type { DelayLaw, LegLaws } from "./delay-laws.ts";
import { Distribution } from "./distribution.ts";

export interface QuorumSetting {
  /** Of each replica its own legs: one that writes or reads itself has some of length 0. */
  readonly replicas: readonly LegLaws[];
  readonly r: number;
  readonly w: number;
  /** Draws which replicas a read asks, by their places: at least r. Left out: all. */
  readonly asks?: Asks;
}

export type Asks = (random: Random) => readonly number[];

/** n replicas that differ in nothing. */
export function equalReplicas(n: number, legs: LegLaws): LegLaws[] {
  return Array.from({ length: n }, () => legs);
}

/** Any `size` of n replicas. */
export function anyOf(n: number, size: number): Asks {
  return (random) => drawQuorum(random, n, size);
}

/** When reads become fresh, measured from the write's commit; and how long the write and the read take. */
export class Visibility {
  /** Below 0 where a read may even begin before the commit. */
  readonly #freshFromMs: Distribution;
  readonly #writeMs: Distribution;
  readonly #readMs: Distribution;

  constructor(random: Random, setting: QuorumSetting, draws: number) {
    const [freshFromMs, writeMs, readMs] = [0, 0, 0].map(() => new Float64Array(draws)) as Columns;
    for (let draw = 0; draw < draws; draw++) {
      const write = drawWrite(random, setting);
      const read = drawRead(random, setting);
      freshFromMs[draw] = Math.min(...read.heard.map(({ at, readMs }) => write.visibleMs[at]! - readMs)) - write.tookMs;
      writeMs[draw] = write.tookMs;
      readMs[draw] = read.tookMs;
    }
    this.#freshFromMs = new Distribution(freshFromMs);
    this.#writeMs = new Distribution(writeMs);
    this.#readMs = new Distribution(readMs);
  }

  /** How probable it is that a read which starts so long after the commit sees the write. */
  freshAt(tMs: number): number {
    return this.#freshFromMs.shareUpTo(tMs);
  }

  /** How long after the commit a read must start to see the write with this probability. */
  tMsAt(probability: number): number {
    return Math.max(0, this.#freshFromMs.at(probability));
  }

  /** Within which time this share of the writes is acknowledged. */
  writeMsAt(share: number): number {
    return this.#writeMs.at(share);
  }

  /** Within which time this share of the reads has heard r replicas. */
  readMsAt(share: number): number {
    return this.#readMs.at(share);
  }
}

type Columns = [Float64Array, Float64Array, Float64Array];

/** Versions of one key, each written some time after the one before was acknowledged, and a read after the last of them. */
export interface Chain {
  readonly versions: number;
  /** From an acknowledgement to the next write. */
  readonly pause: DelayLaw;
  /** From the last acknowledgement to the read. */
  readonly readAfter: DelayLaw;
}

/** How probable it is that a read misses the latest version of a chain, the latest two, and so on. */
export function chainStaleness(random: Random, setting: QuorumSetting, chain: Chain, draws: number): number[] {
  const missed = Array.from({ length: chain.versions }, () => 0);
  for (let draw = 0; draw < draws; draw++) {
    const behind = drawBehind(random, setting, chain);
    for (let version = 0; version < behind; version++) missed[version]!++;
  }
  return missed.map((count) => count / draws);
}

/** Quorums of which each is any `w`, and any `r`, of n replicas. */
export interface RandomQuorums {
  readonly n: number;
  readonly r: number;
  readonly w: number;
}

/** How probable it is that a read sees none of the latest `versions` versions, if each was written to its quorum and to nobody else. */
export function kStaleness({ n, r, w }: RandomQuorums, versions: number): number {
  return (combinations(n - w, r) / combinations(n, r)) ** versions;
}

/** The same, measured. */
export function measuredKStaleness(
  random: Random,
  { n, r, w }: RandomQuorums,
  versions: number,
  draws: number,
): number {
  let stale = 0;
  for (let draw = 0; draw < draws; draw++) {
    const read = drawQuorum(random, n, r);
    const isMissed = (): boolean => !drawQuorum(random, n, w).some((replica) => read.includes(replica));
    let missed = 0;
    while (missed < versions && isMissed()) missed++;
    if (missed === versions) stale++;
  }
  return stale / draws;
}

interface DrawnWrite {
  /** From its start until each replica shows it. */
  readonly visibleMs: readonly number[];
  readonly tookMs: number;
}

function drawWrite(random: Random, { replicas, w }: QuorumSetting): DrawnWrite {
  const visibleMs = replicas.map((legs) => legs.w(random));
  const ackedMs = replicas.map((legs, at) => visibleMs[at]! + legs.a(random)).sort(ascending);
  return { visibleMs, tookMs: ackedMs[w - 1]! };
}

interface Heard {
  readonly at: number;
  readonly readMs: number;
  readonly answeredMs: number;
}

function drawRead(
  random: Random,
  { replicas, r, asks }: QuorumSetting,
): { readonly heard: readonly Heard[]; readonly tookMs: number } {
  const asked = asks?.(random) ?? replicas.keys();
  const answers = Array.from(asked, (at): Heard => {
    const legs = replicas[at]!;
    const readMs = legs.r(random);
    return { at, readMs, answeredMs: readMs + legs.s(random) };
  });
  const heard = answers.sort((a, b) => a.answeredMs - b.answeredMs).slice(0, r);
  return { heard, tookMs: heard.at(-1)!.answeredMs };
}

/** How many versions of a chain the read misses. */
function drawBehind(random: Random, setting: QuorumSetting, { versions, pause, readAfter }: Chain): number {
  const writes: { readonly startMs: number; readonly visibleMs: readonly number[] }[] = [];
  let nowMs = 0;
  for (let version = 0; version < versions; version++) {
    const { visibleMs, tookMs } = drawWrite(random, setting);
    writes.push({ startMs: nowMs, visibleMs });
    nowMs += tookMs + (version === versions - 1 ? readAfter(random) : pause(random));
  }
  const { heard } = drawRead(random, setting);
  const seen = writes.findLastIndex(({ startMs, visibleMs }) =>
    heard.some(({ at, readMs }) => startMs + visibleMs[at]! <= nowMs + readMs),
  );
  return versions - 1 - seen;
}

/** How many ways there are to choose `k` of `n`. */
function combinations(n: number, k: number): number {
  if (k > n) return 0;
  let ways = 1;
  for (let at = 1; at <= k; at++) ways = (ways * (n - k + at)) / at;
  return ways;
}

function drawQuorum(random: Random, n: number, size: number): number[] {
  const left = Array.from({ length: n }, (_, at) => at);
  return Array.from({ length: size }, () => left.splice(random.between(0, left.length - 1), 1)[0]!);
}

function ascending(a: number, b: number): number {
  return a - b;
}
