/** A node's wall clock: off by so much, too fast or too slow, or standing still. */

/** Where the virtual wall clocks start: some day in 2023. */
const epochMs = 1_700_000_000_000;

export class WallClock {
  /** What it is ahead of the true time, beside its drift. */
  offsetMs = 0;
  #partsPerMillion = 0;
  /** Since when it drifts so. */
  #sinceMs = 0;
  #frozenAtMs: number | undefined;
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  get ms(): number {
    return this.#frozenAtMs ?? this.#runningMs;
  }

  /** What is wrong with it, in words; `undefined`: nothing. */
  get fault(): string | undefined {
    const offsetMs = Math.round(this.offsetMs);
    const faults = [
      this.#frozenAtMs === undefined ? "" : "stands still",
      this.#partsPerMillion === 0 ? "" : `drifts ${this.#partsPerMillion} ppm`,
      offsetMs === 0 ? "" : `${Math.abs(offsetMs)} ms ${offsetMs > 0 ? "ahead" : "behind"}`,
    ].filter((fault) => fault !== "");
    return faults.length === 0 ? undefined : `clock ${faults.join(", ")}`;
  }

  /** From now on; what it has gathered so far stays. */
  drift(partsPerMillion: number): void {
    this.offsetMs += this.#driftedMs;
    this.#sinceMs = this.#nowMs();
    this.#partsPerMillion = partsPerMillion;
  }

  freeze(): void {
    this.#frozenAtMs ??= this.#runningMs;
  }

  thaw(): void {
    this.#frozenAtMs = undefined;
  }

  setRight(): void {
    this.drift(0);
    this.thaw();
    this.offsetMs = 0;
  }

  get #driftedMs(): number {
    return ((this.#nowMs() - this.#sinceMs) * this.#partsPerMillion) / 1_000_000;
  }

  get #runningMs(): number {
    return epochMs + Math.floor(this.#nowMs() + this.offsetMs + this.#driftedMs);
  }
}
