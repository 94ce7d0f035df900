/**
 * Threads that play seeds, each one at a time.
 *
 *   idle ──task──▶ playing ──report──▶ idle
 *                     └──the thread dies──▶ a crash of its seed, and another thread in its place
 *
 * Seeds know nothing of each other, so it makes no difference which thread plays which.
 */
import { Worker } from "node:worker_threads";
import type { Crew, SeedReport } from "../../../sim/index.ts";

/** What a thread is sent. */
export interface Task {
  readonly seed: number;
  readonly isRepeated: boolean;
}

interface Waiting extends Task {
  readonly resolve: (report: SeedReport | undefined) => void;
}

/** Seeds per thread that are handed over at a time: reports are told in order, and one slow seed must not keep the others waiting. */
const ahead = 8;

const program = new URL("sim-worker.js", import.meta.url);

export class SimWorkers implements Crew {
  readonly size: number;
  readonly #waiting: Waiting[] = [];
  readonly #idle: Worker[] = [];
  readonly #playing = new Map<Worker, Waiting>();
  #isStopped = false;

  constructor(threads: number) {
    this.size = threads * ahead;
    for (let left = threads; left > 0; left--) this.#start();
  }

  play(seed: number, isRepeated: boolean): Promise<SeedReport | undefined> {
    if (this.#isStopped) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#waiting.push({ seed, isRepeated, resolve });
      this.#assign();
    });
  }

  /** At once: what is being played is given up. */
  stop(): void {
    this.#isStopped = true;
    for (const { resolve } of [...this.#playing.values(), ...this.#waiting.splice(0)]) resolve(undefined);
    for (const worker of [...this.#playing.keys(), ...this.#idle]) void worker.terminate();
  }

  #start(): void {
    const worker = new Worker(program);
    worker.on("message", (report: SeedReport) => {
      this.#ended(worker, report);
      this.#idle.push(worker);
      this.#assign();
    });
    worker.on("error", (error) => this.#died(worker, error));
    this.#idle.push(worker);
  }

  #assign(): void {
    while (this.#idle.length > 0 && this.#waiting.length > 0) {
      const [worker, task] = [this.#idle.shift()!, this.#waiting.shift()!];
      this.#playing.set(worker, task);
      worker.postMessage({ seed: task.seed, isRepeated: task.isRepeated } satisfies Task);
    }
  }

  #ended(worker: Worker, report: SeedReport): void {
    this.#playing.get(worker)?.resolve(report);
    this.#playing.delete(worker);
  }

  /** It has run out of memory, say. Every thread that dies takes a seed along, so they come to an end. */
  #died(worker: Worker, error: Error): void {
    const task = this.#playing.get(worker);
    if (task === undefined || this.#isStopped) return;
    this.#ended(worker, crashOf(task.seed, error));
    this.#start();
    this.#assign();
  }
}

function crashOf(seed: number, error: Error): SeedReport {
  return {
    seed,
    kind: "crash",
    hash: "",
    profile: "",
    violations: [],
    error: error.stack ?? error.message,
    simulatedMs: 0,
    events: 0,
    operations: { ok: 0, none: 0, unknown: 0 },
    coverage: {},
    script: { faults: [], calls: new Map() },
  };
}
