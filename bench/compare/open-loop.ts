/**
 * An open loop: requests arrive at a rate, whether or not earlier ones are answered, as those of many independent users do (a Poisson
 * process). Each has the moment at which it is due, from which its latency counts: what waits because the system, or this process, is
 * behind is not overlooked (coordinated omission).
 */
import { Driver, Lane, type DriverOptions } from "./driver.ts";
import { nowMs } from "./monotonic.ts";

/** Requests without an answer in one process. What arrives above that fails unsent: a system so far behind will not catch up. */
export const outstandingMax = 20_000;

/** Then answers must be heard first, however many requests are due. */
const issuedPerTurnMax = 500;
const tickMs = 1;

/** Resolves when the last request is answered; none is due from `endMs` on. */
export function runOpenLoop(options: DriverOptions, perSecond: number, endMs: number): Promise<void> {
  return new Promise((resolve) => new OpenLoop(options, perSecond, endMs, resolve).start());
}

class OpenLoop {
  readonly #driver: Driver;
  readonly #options: DriverOptions;
  readonly #gapMs: number;
  readonly #endMs: number;
  readonly #onEnd: () => void;
  readonly #idle: Lane[] = [];
  #outstanding = 0;
  #nextDueMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #isDue = false;

  constructor(options: DriverOptions, perSecond: number, endMs: number, onEnd: () => void) {
    this.#driver = new Driver(options, (lane) => this.#onFree(lane));
    this.#options = options;
    this.#gapMs = 1000 / perSecond;
    this.#endMs = endMs;
    this.#onEnd = onEnd;
  }

  start(): void {
    this.#nextDueMs = nowMs() + this.#drawGapMs();
    this.#timer = setInterval(this.#issue, tickMs);
  }

  /** Arrivals that became due meanwhile need not wait for the timer. */
  #onFree(lane: Lane): void {
    this.#outstanding--;
    this.#idle.push(lane);
    if (this.#isDue) return;
    this.#isDue = true;
    process.nextTick(this.#issue);
  }

  readonly #issue = (): void => {
    this.#isDue = false;
    const untilMs = Math.min(nowMs(), this.#endMs);
    for (let issued = 0; issued < issuedPerTurnMax && this.#nextDueMs < untilMs; this.#nextDueMs += this.#drawGapMs())
      if (this.#outstanding >= outstandingMax) this.#options.recorder.unsent(this.#nextDueMs);
      else {
        this.#send(this.#nextDueMs);
        issued++;
      }
    if (this.#nextDueMs >= this.#endMs) this.#end();
  };

  #send(dueMs: number): void {
    const lane = this.#idle.pop() ?? new Lane(this.#driver);
    if (this.#driver.start(lane, dueMs, nowMs())) {
      this.#outstanding++;
      return;
    }
    this.#idle.push(lane);
    this.#options.recorder.unsent(dueMs);
  }

  #end(): void {
    clearInterval(this.#timer);
    if (this.#outstanding === 0) this.#onEnd();
  }

  #drawGapMs(): number {
    return this.#options.random.exponential(this.#gapMs);
  }
}
