/** Says when a write has been under way for too long. It counts ticks, not the clock: a process that was stopped for a while must not blame the disk. */
export class Watchdog {
  readonly #ticksMax: number;
  isUnderWay = false;
  #ticks = 0;

  constructor(ticksMax: number) {
    this.#ticksMax = ticksMax;
  }

  start(): void {
    this.isUnderWay = true;
    this.#ticks = 0;
  }

  stop(): void {
    this.isUnderWay = false;
  }

  /** @returns whether it has been under way for too long */
  tick(): boolean {
    return this.isUnderWay && ++this.#ticks > this.#ticksMax;
  }
}
