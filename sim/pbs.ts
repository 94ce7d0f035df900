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
 * Source: Bailis et al.: Probabilistically Bounded Staleness for Practical Partial Quorums (2012).
 */
import type { Random } from "../src/random.ts";
import type { LegLaws } from "./delay-laws.ts";

export interface QuorumSetting {
  /** Of each replica its own legs: one that writes or reads itself has some of length 0. */
  readonly replicas: readonly LegLaws[];
  readonly r: number;
  readonly w: number;
}

/** n replicas that differ in nothing. */
export function equalReplicas(n: number, legs: LegLaws): LegLaws[] {
  return Array.from({ length: n }, () => legs);
}

/** When reads become fresh, measured from the write's commit. */
export class Visibility {
  /** In ascending order; below 0 where a read may even begin before the commit. */
  readonly #freshFromMs: Float64Array;

  constructor(random: Random, setting: QuorumSetting, draws: number) {
    this.#freshFromMs = Float64Array.from({ length: draws }, () => drawFreshFromMs(random, setting)).sort();
  }

  /** How probable it is that a read which starts so long after the commit sees the write. */
  freshAt(tMs: number): number {
    let low = 0;
    for (let high = this.#freshFromMs.length; low < high;) {
      const middle = (low + high) >> 1;
      if (this.#freshFromMs[middle]! <= tMs) low = middle + 1;
      else high = middle;
    }
    return low / this.#freshFromMs.length;
  }

  /** How long after the commit a read must start to see the write with this probability. */
  tMsAt(probability: number): number {
    const at = Math.ceil(probability * this.#freshFromMs.length) - 1;
    return Math.max(0, this.#freshFromMs[Math.max(0, at)]!);
  }
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

function drawFreshFromMs(random: Random, { replicas, r, w }: QuorumSetting): number {
  const drawn = replicas.map((legs) => {
    const [writeMs, readMs] = [legs.w(random), legs.r(random)];
    return { writeMs, ackedMs: writeMs + legs.a(random), readMs, answeredMs: readMs + legs.s(random) };
  });
  const commitMs = drawn.map(({ ackedMs }) => ackedMs).sort(ascending)[w - 1]!;
  const heard = drawn.sort((a, b) => a.answeredMs - b.answeredMs).slice(0, r);
  return Math.min(...heard.map(({ writeMs, readMs }) => writeMs - readMs)) - commitMs;
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
