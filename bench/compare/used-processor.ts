/** What this process uses of the processor between two moments. */
import { nowMs } from "./monotonic.ts";

export class UsedProcessor {
  readonly #timers: readonly NodeJS.Timeout[];
  #from: NodeJS.CpuUsage = process.cpuUsage();
  #used: NodeJS.CpuUsage | undefined;

  /** On the clock of `monotonic.ts`; each is taken at the first turn of the event loop after it. */
  constructor(fromMs: number, toMs: number) {
    const untilMs = nowMs();
    this.#timers = [
      setTimeout(() => (this.#from = process.cpuUsage()), fromMs - untilMs),
      setTimeout(() => (this.#used = process.cpuUsage(this.#from)), toMs - untilMs),
    ];
  }

  /** Ends it, if the second moment has not come yet. */
  takeSeconds(): number {
    for (const timer of this.#timers) clearTimeout(timer);
    const { user, system } = this.#used ?? process.cpuUsage(this.#from);
    return (user + system) / 1e6;
  }
}
