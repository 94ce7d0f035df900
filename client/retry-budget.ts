/**
 * How often a client may try again what overloaded nodes have refused. A cluster that refuses a part of its load must not be sent
 * all of it again: what brings it down then is not the load but the retries, and those do not go when the load does.
 *
 * So retries are paid for by successes: at most half a try each, and a few to begin with. All tries together stay below twice the
 * requests (I15), and when nothing succeeds nothing is retried.
 */
const perSuccess = 0.5;
const savedMax = 64;

export class RetryBudget {
  #tries = savedMax;

  succeeded(): void {
    this.#tries = Math.min(this.#tries + perSuccess, savedMax);
  }

  /** @returns whether one more try may be sent */
  take(): boolean {
    if (this.#tries < 1) return false;
    this.#tries--;
    return true;
  }
}
