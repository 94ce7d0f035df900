/** How long something will still take whose steps are known: their expected times, stretched by what the steps so far took. */

/** The first steps say little about the others: it counts as if so much had taken as long as expected. */
const trustMs = 3000;

export class Pace {
  readonly #expectedMs: number;
  readonly #startedAtMs: number;
  #doneMs = 0;
  #stepMs = 0;
  #stepBeganAtMs: number;
  #stretch = 1;

  /** @param expectedMs of all steps together, roughly */
  constructor(expectedMs: number, nowMs: number) {
    this.#expectedMs = expectedMs;
    this.#startedAtMs = nowMs;
    this.#stepBeganAtMs = nowMs;
  }

  /** The step before it is over. @param expectedMs of this step */
  begin(expectedMs: number, nowMs: number): void {
    this.#doneMs += this.#stepMs;
    this.#stepMs = expectedMs;
    this.#stepBeganAtMs = nowMs;
    this.#stretch = (nowMs - this.#startedAtMs + trustMs) / (this.#doneMs + trustMs);
  }

  leftMs(nowMs: number): number {
    const ofStepMs = this.#stepMs * this.#stretch - (nowMs - this.#stepBeganAtMs);
    const afterStepMs = (this.#expectedMs - this.#doneMs - this.#stepMs) * this.#stretch;
    return Math.max(0, ofStepMs) + Math.max(0, afterStepMs);
  }
}
