/**
 * What is going to happen, soonest first: a binary heap ordered by (time, tie, sequence). The tie is drawn from the seed, so
 * that things which happen at the same moment happen in every order, in one run or another.
 */
export interface Event {
  readonly atUs: number;
  readonly tie: number;
  readonly sequence: number;
  readonly kind: EventKind;
  readonly run: () => void;
  isCancelled: boolean;
}

export type EventKind = (typeof eventKinds)[number];
/** By place in this list they enter the hash. */
export const eventKinds = ["arrival", "sync", "tick", "timer", "dial", "fault", "silence", "probe"] as const;

export class EventQueue {
  readonly #heap: Event[] = [];

  get next(): Event | undefined {
    return this.#heap[0];
  }

  push(event: Event): void {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!isBefore(event, heap[above]!)) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = event;
  }

  pop(): Event | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (last !== undefined && last !== top) this.#sink(last);
    return top;
  }

  /** Puts `event` where the top was, and lets it down to its place. */
  #sink(event: Event): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below++;
      if (!isBefore(heap[below]!, event)) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = event;
  }
}

function isBefore(a: Event, b: Event): boolean {
  if (a.atUs !== b.atUs) return a.atUs < b.atUs;
  return a.tie === b.tie ? a.sequence < b.sequence : a.tie < b.tie;
}
