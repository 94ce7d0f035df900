/**
 * The operations that this client has begun, and which of them are settled: over, and tried once, so that no node needs to recognise
 * a retry of them any more. Every write says so of those before it, and a pause says it of the last.
 *
 *   open ──over, at most one try may have happened──▶ settled
 *     └──over, several may have──▶ doubtful: never vouched for, as it may stand under two dots
 *
 * Doubtful ones are listed with each word. With more than `doubtfulMax` it leaves out those that are `doubtMs` old: by then the nodes have
 * long exchanged them, unless they were parted for all that time. Of what is left it lists the oldest, and stops before the first that
 * finds no room.
 */
import { fromBinary } from "../src/bytes.ts";
import type { SettledBelow } from "../src/messages.ts";
import { makeOpId, type ClientId } from "../src/op-id.ts";

export interface Operation {
  readonly sequence: number;
  /** Sequence numbers that it takes: one for each element that it may add. */
  readonly count: number;
  /** When it began. */
  readonly beganAtMs: number;
  /** The same for all its tries. */
  readonly op: Uint8Array;
  /** Tries of which nobody knows whether they happened. */
  unknownTries: number;
}

interface Doubt {
  readonly sequence: number;
  readonly sinceMs: number;
}

const doubtMs = 3_600_000;
const doubtfulMax = 128;

export class Operations {
  readonly #client: ClientId;
  #next = 1;
  /** By sequence, in the order in which they began. */
  readonly #open = new Set<number>();
  #doubtful: Doubt[] = [];

  constructor(client: ClientId) {
    this.#client = client;
  }

  get isAnyOpen(): boolean {
    return this.#open.size > 0;
  }

  /** How many were ever begun. */
  get begun(): number {
    return this.#next - 1;
  }

  begin(nowMs: number, count: number = 1): Operation {
    const sequence = this.#next;
    this.#next += count;
    this.#open.add(sequence);
    return { sequence, count, beganAtMs: nowMs, op: this.#opOf(sequence), unknownTries: 0 };
  }

  /** It is over, and will not be tried again. */
  end({ sequence, count, unknownTries }: Operation, hasSucceeded: boolean, nowMs: number): void {
    this.#open.delete(sequence);
    if (unknownTries + (hasSucceeded ? 1 : 0) < 2) return;
    for (let at = 0; at < count; at++) this.#doubtful.push({ sequence: sequence + at, sinceMs: nowMs });
  }

  /** What a message with this operation id says of those before it. */
  settledBefore(sequence: number, nowMs: number): SettledBelow {
    const [oldest = sequence] = this.#open;
    if (this.#doubtful.length === 0) return [sequence - Math.min(oldest, sequence)];
    if (this.#doubtful.length > doubtfulMax)
      this.#doubtful = this.#doubtful.filter(({ sinceMs }) => nowMs - sinceMs < doubtMs);
    const unlisted = this.#doubtful.slice(doubtfulMax).map((doubt) => doubt.sequence);
    const below = Math.min(oldest, sequence, ...unlisted);
    const listed = this.#doubtful.slice(0, doubtfulMax).filter((doubt) => doubt.sequence < below);
    return [sequence - below, ...listed.map((doubt) => sequence - doubt.sequence)];
  }

  /** For a word without an operation: the id of the next, which is not begun. */
  nextOp(): { readonly sequence: number; readonly op: Uint8Array } {
    return { sequence: this.#next, op: this.#opOf(this.#next) };
  }

  #opOf(sequence: number): Uint8Array {
    return fromBinary(makeOpId(this.#client, sequence));
  }
}
