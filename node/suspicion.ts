/**
 * How long a suspect has to refute before it is taken for dead. Nobody else suspects it: long, for then it may be we who are ill. Each
 * further member that says so from its own experience shortens it, from `mostMs` down to `leastMs` (Lifeguard, Dadgar et al. 2018,
 * section IV-B):
 *
 *   mostMs − (mostMs − leastMs) · log(confirmations + 1) / log(expected + 1)
 *
 * - Confirmations are counted as members, not as messages: what one says many times is said once.
 * - That it is dead, said by another, is one confirmation and no more. Taken for a fact, the memories of a node that was cut off from
 *   everybody would take all the others down when it returns.
 */
import type { NodeId } from "../src/ring.ts";

export interface SuspicionTimes {
  readonly leastMs: number;
  readonly mostMs: number;
  /** Confirmations with which it is as short as it gets; 0 if there is nobody to give any. */
  readonly expected: number;
}

/** The shortest suspicion, in probe intervals of a cluster of up to ten; it grows with the digits of the cluster's size. */
const leastIntervals = 3;
const mostToLeast = 6;
const expectedMax = 2;

export function suspicionTimes(members: number, probeIntervalMs: number): SuspicionTimes {
  const leastMs = leastIntervals * Math.max(1, Math.log10(members)) * probeIntervalMs;
  // Neither this node nor the suspect can confirm.
  return { leastMs, mostMs: mostToLeast * leastMs, expected: Math.max(0, Math.min(expectedMax, members - 2)) };
}

export class Suspicion {
  readonly #times: SuspicionTimes;
  readonly #voices: Set<NodeId>;
  #sinceMs: number;
  #graceUntilMs = 0;

  /** @param by who suspects it first */
  constructor(times: SuspicionTimes, nowMs: number, by: NodeId) {
    this.#times = times;
    this.#sinceMs = nowMs;
    this.#voices = new Set([by]);
  }

  /** Everybody who suspects it, the first one first. */
  get voices(): readonly NodeId[] {
    return [...this.#voices];
  }

  get deadlineMs(): number {
    const { leastMs, mostMs, expected } = this.#times;
    const confirmations = Math.min(this.#voices.size - 1, expected);
    const share = expected === 0 ? 1 : Math.log(confirmations + 1) / Math.log(expected + 1);
    return Math.max(this.#sinceMs + mostMs - (mostMs - leastMs) * share, this.#graceUntilMs);
  }

  /** @returns whether that member had not said so before */
  confirm(by: NodeId): boolean {
    if (this.#voices.has(by)) return false;
    this.#voices.add(by);
    return true;
  }

  /** Not before then: something speaks for it, and the proof is on its way. */
  grant(untilMs: number): void {
    this.#graceUntilMs = Math.max(this.#graceUntilMs, untilMs);
  }

  /** The time until now does not count: this node was not there to hear a refutation. */
  restart(nowMs: number): void {
    this.#sinceMs = nowMs;
  }
}
