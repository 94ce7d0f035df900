/** Calls back at a moment, nearer than the whole milliseconds of a timer and without keeping the processor busy: `alarm-thread.ts` waits. */
import { Worker } from "node:worker_threads";

/** Counts the moments that were set. */
export function countOf(memory: SharedArrayBuffer): Int32Array {
  return new Int32Array(memory, 0, 1);
}

/** The moment, on the clock of `nowMs`. */
export function momentOf(memory: SharedArrayBuffer): Float64Array {
  return new Float64Array(memory, 8, 1);
}

export class Alarm {
  readonly #count: Int32Array;
  readonly #moment: Float64Array;

  /** @param ring is called at each moment that was set and not replaced; perhaps once too often: what it is for must be looked at */
  constructor(ring: () => void) {
    const memory = new SharedArrayBuffer(16);
    this.#count = countOf(memory);
    this.#moment = momentOf(memory);
    const thread = new Worker(new URL("./alarm-thread.js", import.meta.url), { workerData: memory });
    thread.on("message", ring);
    thread.unref();
  }

  /** Replaces the moment that was set before. */
  set(atMs: number): void {
    this.#moment[0] = atMs;
    Atomics.add(this.#count, 0, 1);
    Atomics.notify(this.#count, 0);
  }
}
