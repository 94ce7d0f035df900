/**
 * Those that wait at a connection for answers, by the numbers of their requests, which it gives out.
 *
 * - The slot of a number is its last bits. A number whose slot is taken is passed over, so nothing is ever searched or moved about. At
 *   least half of the slots are free, so few are passed over.
 * - One table for good and no `Map`, which begins a new one every thousand requests or so: those it has left are old and garbage, each
 *   keeps alive the next and all that stood in it at its end, and so the collector copies most requests into old memory.
 */
import type { CoterieError } from "../src/errors.ts";
import type { Answer } from "../src/messages.ts";

/** Who waits for an answer: told once, either of it or of why there is none. It may ask elsewhere while it is told. */
export interface Waiting {
  readonly isWrite: boolean;
  /** The table's own notes, from `add` on: the number of the request, and when to give it up. */
  id: number;
  giveUpAtMs: number;
  answer(reply: Answer): void;
  fail(error: CoterieError): void;
}

const slotsAtFirst = 64;

export class WaitingTable {
  /** A power of two of them. */
  #slots: (Waiting | undefined)[] = emptySlots(slotsAtFirst);
  #size = 0;
  #nextId = 1;
  /** Nobody has to be given up before. */
  #quietUntilMs = Infinity;

  get size(): number {
    return this.#size;
  }

  /** @returns the number for its request */
  add(waiting: Waiting, giveUpAtMs: number): number {
    if (2 * ++this.#size > this.#slots.length) this.#grow();
    while (this.#slots[this.#slotOf(this.#nextId)] !== undefined) this.#nextId++;
    const id = this.#nextId++;
    waiting.id = id;
    waiting.giveUpAtMs = giveUpAtMs;
    this.#slots[this.#slotOf(id)] = waiting;
    if (giveUpAtMs < this.#quietUntilMs) this.#quietUntilMs = giveUpAtMs;
    return id;
  }

  has(id: number): boolean {
    return this.#slots[this.#slotOf(id)]?.id === id;
  }

  /** Who waits for this answer, if somebody still does; no longer from now on. */
  take(id: number): Waiting | undefined {
    const slot = this.#slotOf(id);
    const waiting = this.#slots[slot];
    if (waiting?.id !== id) return undefined;
    this.#slots[slot] = undefined;
    this.#size--;
    return waiting;
  }

  /** Those whose time is over, in the order in which they came. */
  takeDue(nowMs: number): Waiting[] {
    if (nowMs < this.#quietUntilMs) return [];
    this.#quietUntilMs = Infinity;
    const due: Waiting[] = [];
    for (const waiting of this.#slots) {
      if (waiting === undefined) continue;
      if (waiting.giveUpAtMs <= nowMs) due.push(waiting);
      else this.#quietUntilMs = Math.min(this.#quietUntilMs, waiting.giveUpAtMs);
    }
    for (const { id } of due) this.take(id);
    return due.sort((a, b) => a.id - b.id);
  }

  #slotOf(id: number): number {
    return id & (this.#slots.length - 1);
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = emptySlots(2 * before.length);
    for (const waiting of before) if (waiting !== undefined) this.#slots[this.#slotOf(waiting.id)] = waiting;
  }
}

function emptySlots(count: number): undefined[] {
  return Array.from({ length: count }, () => undefined);
}
