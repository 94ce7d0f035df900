/**
 * What a client process counts of a run. Rates are of what was answered in the measured time; latencies and outcomes are of what was due
 * in it, whenever it was answered: otherwise a system that falls behind would be judged by what it had time for.
 */
import { Distribution } from "./histogram.ts";
import { Notebook, type Observations, type Shown, type Times } from "./observations.ts";
import type { Outcome } from "./session.ts";

export const pieceMs = 250;

/** Of one process, as it tells its parent. */
export interface Tally {
  /** Answered in the measured time. */
  readonly answered: number;
  /** Of those, what succeeded. */
  readonly succeeded: number;
  readonly failed: number;
  readonly unknown: number;
  /** Arrivals of an open load that were not sent, by the piece of the timeline in which they were due. They have failed. */
  readonly unsent: Uint32Array;
  readonly readHistogram: string;
  readonly writeHistogram: string;
  readonly observations: Observations;
}

/** The measured time. */
export interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}

export class Recorder {
  readonly #window: Window;
  readonly #notebook: Notebook | undefined;
  readonly #reads: Distribution = Distribution.empty();
  readonly #writes: Distribution = Distribution.empty();
  readonly #unsent: Uint32Array;
  #answered = 0;
  #succeeded = 0;
  #failed = 0;
  #unknown = 0;

  /** @param notebook left out where a read does not show what it has read */
  constructor(window: Window, notebook: Notebook | undefined) {
    this.#window = window;
    this.#notebook = notebook;
    this.#unsent = new Uint32Array(piecesIn(window));
  }

  read(key: number, times: Times, outcome: Outcome, isWhole: boolean, shown: Shown): void {
    if (outcome === "ok" && this.#isMeasured(times.dueMs)) this.#reads.add((times.endMs - times.dueMs) * 1000);
    if (isWhole) this.#count(times, outcome);
    this.#notebook?.reads.note(key, times, outcome, isWhole, shown);
  }

  /** @param fromMs when this part of the request was due */
  write(key: number, times: Times, outcome: Outcome, sequence: number, fromMs: number): void {
    if (outcome === "ok" && this.#isMeasured(times.dueMs)) this.#writes.add((times.endMs - fromMs) * 1000);
    this.#count(times, outcome);
    this.#notebook?.writes.note(key, times, outcome, sequence, fromMs);
  }

  unsent(dueMs: number): void {
    if (!this.#isMeasured(dueMs)) return;
    this.#failed++;
    this.#unsent[Math.floor((dueMs - this.#window.fromMs) / pieceMs)]!++;
  }

  tally(): Tally {
    return {
      answered: this.#answered,
      succeeded: this.#succeeded,
      failed: this.#failed,
      unknown: this.#unknown,
      unsent: this.#unsent,
      readHistogram: this.#reads.encode(),
      writeHistogram: this.#writes.encode(),
      observations: (this.#notebook ?? new Notebook(1, 0)).take(),
    };
  }

  #count({ dueMs, endMs }: Times, outcome: Outcome): void {
    if (this.#isMeasured(endMs)) {
      this.#answered++;
      if (outcome === "ok") this.#succeeded++;
    }
    if (outcome === "ok" || !this.#isMeasured(dueMs)) return;
    if (outcome === "failed") this.#failed++;
    else this.#unknown++;
  }

  #isMeasured(momentMs: number): boolean {
    return momentMs >= this.#window.fromMs && momentMs < this.#window.toMs;
  }
}

export function piecesIn({ fromMs, toMs }: Window): number {
  return Math.ceil((toMs - fromMs) / pieceMs);
}
