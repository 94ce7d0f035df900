/** Those that wait at a connection for answers, by the numbers of their requests, and when they are to be given up. */
import type { CoterieError } from "../src/errors.ts";
import type { Answer } from "../src/messages.ts";
import { SlotTable } from "../src/slot-table.ts";

/** Who waits for an answer: told once, either of it or of why there is none. It may ask elsewhere while it is told. */
export interface Waiting {
  readonly isWrite: boolean;
  /** The table's own notes, from `add` on: the number of the request, and when to give it up. */
  id: number;
  giveUpAtMs: number;
  answer(reply: Answer): void;
  fail(error: CoterieError): void;
}

export class WaitingTable {
  readonly #waiting = new SlotTable<Waiting>();
  /** Nobody has to be given up before. */
  #quietUntilMs = Infinity;

  get size(): number {
    return this.#waiting.size;
  }

  /** @returns the number for its request */
  add(waiting: Waiting, giveUpAtMs: number): number {
    waiting.id = this.#waiting.add(waiting);
    waiting.giveUpAtMs = giveUpAtMs;
    if (giveUpAtMs < this.#quietUntilMs) this.#quietUntilMs = giveUpAtMs;
    return waiting.id;
  }

  has(id: number): boolean {
    return this.#waiting.find(id) !== undefined;
  }

  /** Who waits for this answer, if somebody still does; no longer from now on. */
  take(id: number): Waiting | undefined {
    return this.#waiting.remove(id);
  }

  /** Those whose time is over, in the order in which they came. */
  takeDue(nowMs: number): Waiting[] {
    if (nowMs < this.#quietUntilMs) return [];
    this.#quietUntilMs = Infinity;
    const due: Waiting[] = [];
    for (const id of this.#waiting.ids()) {
      const waiting = this.#waiting.find(id)!;
      if (waiting.giveUpAtMs <= nowMs) due.push(this.#waiting.remove(id)!);
      else this.#quietUntilMs = Math.min(this.#quietUntilMs, waiting.giveUpAtMs);
    }
    return due;
  }
}
