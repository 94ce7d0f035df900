/**
 * A store of one process's memory as a loop's session, which answers some steps later, as a client of promises does, and watches what the
 * loop does: how many requests are under way, and whether two writes to a key are.
 */
import type { OnRead, OnWritten, Outcome, Session } from "../../../bench/compare/session.ts";
import { joinStamp } from "../../../bench/compare/stamp.ts";

export class FakeSession implements Session {
  readonly processes: number;
  readonly #values = new Map<string, Uint8Array>();
  /** What this client has seen of a key: noted before its caller hears of it. */
  readonly #seen = new Map<string, Uint32Array>();
  readonly #writing = new Set<string>();
  requests = 0;
  underWay = 0;
  underWayMax = 0;
  /** Writes that began while another of the same key was under way. */
  overlapping = 0;
  /** Writes whose stamp lacks what the client had seen, and would replace. */
  unaware = 0;
  outcome: Outcome = "ok";
  /** When answers come; told which request of all it is. */
  answer: (answer: () => void, request: number) => void = (answer) => queueMicrotask(answer);

  constructor(processes: number = 1) {
    this.processes = processes;
  }

  /** As if another process had put it. */
  putByAnother(key: string, value: Uint8Array): void {
    this.#values.set(key, value);
  }

  get(key: string, done: OnRead): void {
    this.#begin(() => {
      const value = this.#values.get(key);
      if (value !== undefined) joinStamp(value, this.processes, this.#seenOf(key), 0);
      void afterSteps(this.requests % 4).then(() => done(this.outcome, value === undefined ? [] : [value]));
    });
  }

  put(key: string, value: Uint8Array, done: OnWritten): void {
    const vector = new Uint32Array(this.processes);
    joinStamp(value, this.processes, vector, 0);
    if (this.#seenOf(key).some((seen, process) => seen > vector[process]!)) this.unaware++;
    if (this.#writing.has(key)) this.overlapping++;
    this.#writing.add(key);
    this.#begin(() => {
      this.#writing.delete(key);
      this.#values.set(key, value);
      joinStamp(value, this.processes, this.#seenOf(key), 0);
      void afterSteps(this.requests % 3).then(() => done(this.outcome));
    });
  }

  getAll(key: string, done: OnRead): void {
    this.get(key, done);
  }

  increment(_key: string, _by: number, done: OnWritten): void {
    this.#begin(() => done(this.outcome));
  }

  count(_key: string, done: (outcome: Outcome, value: number) => void): void {
    this.#begin(() => done(this.outcome, 0));
  }

  #begin(end: () => void): void {
    this.requests++;
    this.underWayMax = Math.max(this.underWayMax, ++this.underWay);
    this.answer(() => {
      this.underWay--;
      end();
    }, this.requests);
  }

  #seenOf(key: string): Uint32Array {
    const seen = this.#seen.get(key) ?? new Uint32Array(this.processes);
    this.#seen.set(key, seen);
    return seen;
  }
}

async function afterSteps(count: number): Promise<void> {
  for (let step = 0; step < count; step++) await Promise.resolve();
}
