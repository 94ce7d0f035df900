/**
 * What a client process asks of a system under measurement. Callbacks and not promises: the loop must not cost more than what it
 * measures, and a client that has promises of its own brings them along.
 */

/** What became of a request: of one that failed it is certain that nothing happened, of one that is unknown it is not. */
export type Outcome = "ok" | "failed" | "unknown";

/** Called once, never before the request has returned. */
export type OnWritten = (outcome: Outcome) => void;

/** @param values all that stands under the key: none, one, or siblings */
export type OnRead = (outcome: Outcome, values: readonly Uint8Array[]) => void;

/** One setting of one system, in a client process. Keys are texts of one length. */
export interface Session {
  get(key: string, done: OnRead): void;
  /** Replaces what this client has seen of the key. */
  put(key: string, value: Uint8Array, done: OnWritten): void;
  /** Replaces nothing. Only where values can stand side by side; elsewhere every `put` is one. */
  putBlind?(key: string, value: Uint8Array, done: OnWritten): void;
  /** From all replicas, for the count at the end. */
  getAll(key: string, done: OnRead): void;
  /** Only where the system has counters. @param by at least 1 */
  increment(key: string, by: number, done: OnWritten): void;
  /** The value of a counter. */
  count(key: string, done: (outcome: Outcome, value: number) => void): void;
}
