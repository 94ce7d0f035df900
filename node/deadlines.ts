/**
 * A timing wheel: deadlines are data that a tick looks at, never one timer per request. Adding is one array push; a request
 * that ended stays in its slot as a number that nobody answers to.
 * Source: Varghese, Lauck: Hashed and Hierarchical Timing Wheels (1987), scheme 6.
 */
const slotMs = 10;
const slots = 1024;

interface Entry {
  readonly atMs: number;
  readonly id: number;
}

export class Deadlines {
  readonly #wheel: Entry[][] = Array.from({ length: slots }, () => []);
  #turnedTo: number;

  constructor(nowMs: number) {
    this.#turnedTo = Math.floor(nowMs / slotMs);
  }

  /** Fires at the first tick at or after `atMs`. */
  add(atMs: number, id: number): void {
    const slot = Math.max(Math.ceil(atMs / slotMs), this.#turnedTo + 1);
    this.#wheel[slot % slots]!.push({ atMs: slot * slotMs, id });
  }

  /** The ids that are due, in the order of their slots. */
  due(nowMs: number): number[] {
    const now = Math.floor(nowMs / slotMs);
    const due: number[] = [];
    const from = Math.max(this.#turnedTo + 1, now - slots + 1);
    for (let slot = from; slot <= now; slot++) this.#empty(slot % slots, nowMs, due);
    this.#turnedTo = Math.max(this.#turnedTo, now);
    return due;
  }

  #empty(slot: number, nowMs: number, due: number[]): void {
    const entries = this.#wheel[slot]!;
    if (entries.length === 0) return;
    const later = entries.filter((entry) => entry.atMs > nowMs);
    for (const entry of entries) if (entry.atMs <= nowMs) due.push(entry.id);
    this.#wheel[slot] = later;
  }
}
