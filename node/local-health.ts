/**
 * How far this node trusts its own eyes (Lifeguard, Dadgar et al. 2018, section IV-A). What speaks against it, raises the score:
 * a probe that fails and whose helpers do not answer either, having to refute, a tick that comes late. A probe that succeeds lowers it.
 * At a score of s every probe takes, and is given, s + 1 times as long: a node that is slow itself is slow to suspect others.
 */
const scoreMax = 8;

export class LocalHealth {
  #score = 0;

  /** 1 for a healthy node, up to 9. */
  get multiplier(): number {
    return this.#score + 1;
  }

  worsen(by: number): void {
    this.#score = Math.min(scoreMax, this.#score + by);
  }

  improve(): void {
    this.#score = Math.max(0, this.#score - 1);
  }
}
