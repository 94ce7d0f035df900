/**
 * A timing wheel: deadlines are data that a tick looks at, never one timer per request. Adding is one number in one array, which
 * the garbage collector need not look into; a request that ended stays in its slot as a number that nobody answers to.
 * What lies beyond one turn of the wheel comes up early, and whoever it is for adds it again.
 * Source: Varghese, Lauck: Hashed and Hierarchical Timing Wheels (1987), scheme 5.
 */
const slotMs = 10;
const slots = 1024;

export class Deadlines {
  readonly #wheel: number[][] = Array.from({ length: slots }, () => []);
  #turnedTo: number;

  constructor(nowMs: number) {
    this.#turnedTo = Math.floor(nowMs / slotMs);
  }

  /** Comes up at the first tick at or after `atMs`, or a whole turn of the wheel from now if that is earlier. */
  add(atMs: number, id: number): void {
    const slot = Math.min(Math.max(Math.ceil(atMs / slotMs), this.#turnedTo + 1), this.#turnedTo + slots - 1);
    this.#wheel[slot % slots]!.push(id);
  }

  /** The ids that have come up, in the order of their slots. */
  due(nowMs: number): number[] {
    const now = Math.floor(nowMs / slotMs);
    const due: number[] = [];
    const from = Math.max(this.#turnedTo + 1, now - slots + 1);
    for (let slot = from; slot <= now; slot++) {
      const ids = this.#wheel[slot % slots]!;
      if (ids.length === 0) continue;
      for (const id of ids) due.push(id);
      this.#wheel[slot % slots] = [];
    }
    this.#turnedTo = Math.max(this.#turnedTo, now);
    return due;
  }
}
