/**
 * Whether this node has more to do than it gets done. While it has, it refuses clients' new requests before any work is put into
 * them, so that those it has taken are finished in time: refusing some is what keeps the others from timing out.
 *
 *   calm ──a signal is over its bound──▶ overloaded ──all are below half of theirs──▶ calm
 *
 * Three signals, because work waits in three places:
 * - in front of the event loop: how late its ticks come. Smoothed, and each one counted for no more than twice the bound, so that one
 *   long pause, in which the whole process stood still, is no overload;
 * - in the sockets and in front of the disk: bytes;
 * - at other nodes and at the disk: open requests. By Little's law (1961) so many requests as are finished within a second wait for
 *   a second each; more than that is a queue. Below `alwaysAllowed` there is no telling a queue from a burst.
 */
import { limits } from "../src/limits.ts";
import type { Tuning } from "./tuning.ts";

export interface Load {
  /** How much later than due this tick came. */
  readonly lagMs: number;
  readonly queuedBytes: number;
  readonly openRequests: number;
  /** Since the start. */
  readonly finishedRequests: number;
}

/** What one client may have open, so that one that asks for much at once is not refused for having been quiet before. */
const alwaysAllowed = limits.requestsPerConnectionMax;
/** Of each tick's lag in the smoothed one. */
const lagWeight = 1 / 4;
/** Over which time finished requests are averaged, and how long a request may wait. */
const spanMs = 1000;
/** What a tick can stand for at most: in a pause nothing was finished, and that means nothing. */
const tickMsMax = 100;

export class Overload {
  readonly #tuning: Pick<Tuning, "lagMsMax" | "queuedBytesMax">;
  #isOverloaded = false;
  #lagMs = 0;
  #finishedPerMs = 0;
  #finished = 0;
  #tickedAtMs: number;

  constructor(tuning: Pick<Tuning, "lagMsMax" | "queuedBytesMax">, nowMs: number) {
    this.#tuning = tuning;
    this.#tickedAtMs = nowMs;
  }

  /** @returns whether the node is overloaded from now on */
  tick(nowMs: number, load: Load): boolean {
    const { lagMsMax, queuedBytesMax } = this.#tuning;
    this.#lagMs += (Math.min(load.lagMs, 2 * lagMsMax) - this.#lagMs) * lagWeight;
    this.#average(nowMs, load.finishedRequests);
    const openMax = Math.max(alwaysAllowed, this.#finishedPerMs * spanMs);
    const strain = Math.max(this.#lagMs / lagMsMax, load.queuedBytes / queuedBytesMax, load.openRequests / openMax);
    this.#isOverloaded = strain > (this.#isOverloaded ? 0.5 : 1);
    return this.#isOverloaded;
  }

  /** Not `Math.exp`, whose last digit differs between machines. */
  #average(nowMs: number, finished: number): void {
    const elapsedMs = Math.min(nowMs - this.#tickedAtMs, tickMsMax);
    const perMs = elapsedMs > 0 ? (finished - this.#finished) / elapsedMs : this.#finishedPerMs;
    this.#finishedPerMs += (perMs - this.#finishedPerMs) * (elapsedMs / (elapsedMs + spanMs));
    this.#finished = finished;
    this.#tickedAtMs = nowMs;
  }
}
