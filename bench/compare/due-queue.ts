/**
 * Runs things when they are due, nearer than the whole milliseconds of a timer: a delay of 1 ms that takes 2 would not be the one that
 * was drawn, and things that a timer ends together would depend on each other.
 */
import { Alarm } from "./alarm.ts";
import { nowMs } from "./monotonic.ts";

interface Due {
  readonly atMs: number;
  readonly run: () => void;
}

export class DueQueue {
  /** The soonest last: few, so that a place is found and made quickly. */
  readonly #dues: Due[] = [];
  readonly #alarm: Pick<Alarm, "set">;

  /** @param alarmOf makes what calls back when something is due */
  constructor(alarmOf: (ring: () => void) => Pick<Alarm, "set"> = (ring) => new Alarm(ring)) {
    this.#alarm = alarmOf(() => this.#ring());
  }

  /** @param atMs on the clock of `nowMs` */
  add(atMs: number, run: () => void): void {
    let low = 0;
    for (let high = this.#dues.length; low < high;) {
      const middle = (low + high) >> 1;
      if (this.#dues[middle]!.atMs > atMs) low = middle + 1;
      else high = middle;
    }
    this.#dues.splice(low, 0, { atMs, run });
    if (low === this.#dues.length - 1) this.#alarm.set(atMs);
  }

  /** Runs what is due: for whoever has the processor anyway, where the alarm may have to wait for it. */
  look(): void {
    const now = nowMs();
    while (this.#dues.length > 0 && this.#dues.at(-1)!.atMs <= now) this.#dues.pop()!.run();
  }

  #ring(): void {
    this.look();
    const next = this.#dues.at(-1);
    if (next !== undefined) this.#alarm.set(next.atMs);
  }
}
