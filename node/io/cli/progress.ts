/** How far something long has come, on one line of a terminal, for whoever sits in front of it. */
import { showDuration } from "./units.ts";

export interface Done {
  /** At least one. */
  readonly done: number;
  readonly count: number;
  readonly failed: number;
  readonly elapsedMs: number;
}

/** `412 of 2000 seeds, 5.1/s, 5.2 min left, 0 failed` */
export function progressLine({ done, count, failed, elapsedMs }: Done): string {
  const eachMs = elapsedMs / done;
  const left = showDuration((count - done) * eachMs);
  return `${done} of ${count} seeds, ${(1000 / eachMs).toFixed(1)}/s, ${left} left, ${failed} failed`;
}

/** On standard error, and only on a terminal: what is redirected stays clean. */
export class Progress {
  #isShown = false;

  show(done: Done): void {
    this.line(progressLine(done));
  }

  line(text: string): void {
    if (!process.stderr.isTTY) return;
    process.stderr.write(`\r${text}\u001b[K`);
    this.#isShown = true;
  }

  /** Before anything else is written. */
  clear(): void {
    if (this.#isShown) process.stderr.write("\r\u001b[K");
    this.#isShown = false;
  }
}
