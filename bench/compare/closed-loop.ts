/**
 * A closed loop: as many requests as there are lanes wait for an answer at any time. It measures what a system can carry, not how it
 * behaves at a given arrival rate: a slow answer holds its successor back (coordinated omission; `open-loop.ts` has none).
 */
import { Driver, Lane, type DriverOptions } from "./driver.ts";
import { nowMs } from "./monotonic.ts";
import type { Outcome } from "./session.ts";

/** What fails at once must not be asked again at once: nothing else would get a turn of the event loop. */
const restMs = 10;

/** Resolves when the last request is answered; none begins from `endMs` on. */
export function runClosedLoop(options: DriverOptions, inFlight: number, endMs: number): Promise<void> {
  return new Promise((resolve) => new ClosedLoop(options, inFlight, endMs, resolve).start());
}

class ClosedLoop {
  readonly #driver: Driver;
  readonly #idle: Lane[];
  readonly #endMs: number;
  readonly #onEnd: () => void;
  readonly #resting: Lane[] = [];
  #lanes: number;
  #isDue = false;

  constructor(options: DriverOptions, inFlight: number, endMs: number, onEnd: () => void) {
    this.#driver = new Driver(options, (lane, outcome) => this.#onFree(lane, outcome));
    this.#idle = Array.from({ length: inFlight }, () => new Lane(this.#driver));
    this.#lanes = inFlight;
    this.#endMs = endMs;
    this.#onEnd = onEnd;
  }

  start(): void {
    this.#issue();
  }

  #onFree(lane: Lane, outcome: Outcome): void {
    if (outcome !== "ok") return this.#rest(lane);
    this.#idle.push(lane);
    this.#issueSoon();
  }

  #rest(lane: Lane): void {
    if (this.#resting.length === 0) setTimeout(this.#wake, restMs);
    this.#resting.push(lane);
  }

  readonly #wake = (): void => {
    this.#idle.push(...this.#resting.splice(0));
    this.#issueSoon();
  };

  #issueSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    process.nextTick(this.#issue);
  }

  readonly #issue = (): void => {
    this.#isDue = false;
    const idle = this.#idle;
    while (idle.length > 0) {
      const momentMs = nowMs();
      if (momentMs >= this.#endMs) return this.#retire();
      const lane = idle.pop()!;
      if (this.#driver.start(lane, momentMs, momentMs)) continue;
      idle.push(lane); // nearly every key is being written: until one of those writes is answered
      return;
    }
  };

  #retire(): void {
    this.#lanes -= this.#idle.length;
    this.#idle.length = 0;
    if (this.#lanes === 0) this.#onEnd();
  }
}
