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
  /** Those that are open and began just before and after it. */
  older: Operation | undefined;
  newer: Operation | undefined;
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
  /**
   * The ends of the list of those that are open, in the order in which they began. No `Set`: its first element, which each put asks for,
   * stands behind the places of all that were deleted before it.
   */
  #oldest: Operation | undefined;
  #newest: Operation | undefined;
  #doubtful: Doubt[] = [];

  constructor(client: ClientId) {
    this.#client = client;
  }

  get isAnyOpen(): boolean {
    return this.#oldest !== undefined;
  }

  /** How many were ever begun. */
  get begun(): number {
    return this.#next - 1;
  }

  begin(nowMs: number, count: number = 1): Operation {
    const sequence = this.#next;
    this.#next += count;
    const op = this.#opOf(sequence);
    const older = this.#newest;
    const operation = { sequence, count, beganAtMs: nowMs, op, unknownTries: 0, older, newer: undefined };
    if (older === undefined) this.#oldest = operation;
    else older.newer = operation;
    this.#newest = operation;
    return operation;
  }

  /** It is over, and will not be tried again. */
  end(operation: Operation, hasSucceeded: boolean, nowMs: number): void {
    this.#unlink(operation);
    const { sequence, count, unknownTries } = operation;
    if (unknownTries + (hasSucceeded ? 1 : 0) < 2) return;
    for (let at = 0; at < count; at++) this.#doubtful.push({ sequence: sequence + at, sinceMs: nowMs });
  }

  /** What a message with this operation id says of those before it. */
  settledBefore(sequence: number, nowMs: number): SettledBelow {
    const oldest = this.#oldest?.sequence ?? sequence;
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

  #unlink(operation: Operation): void {
    const { older, newer } = operation;
    if (operation === this.#oldest) this.#oldest = newer;
    if (operation === this.#newest) this.#newest = older;
    if (older !== undefined) older.newer = newer;
    if (newer !== undefined) newer.older = older;
    // One that is old and over would keep alive all that began after it.
    operation.older = undefined;
    operation.newer = undefined;
  }

  #opOf(sequence: number): Uint8Array {
    return fromBinary(makeOpId(this.#client, sequence));
  }
}
