/**
 * The contexts of the keys that this client has read or written, least recently used out: what it puts without naming a
 * context replaces what *it* has seen, never what it has not.
 */
import type { Context } from "./context.ts";

/** About 100 bytes each. A key that falls out is read again or written blind: siblings, never a loss. */
const keysMax = 10_000;

export class SeenContexts {
  readonly #contexts = new Map<string, Context>();

  get(key: string): Context | undefined {
    return this.#contexts.get(key);
  }

  /** Joined with what was seen before: a read at a replica that lags must not make the client forget. */
  add(key: string, context: Context): void {
    const before = this.#contexts.get(key);
    this.#keep(key, before === undefined ? context : before.join(context));
  }

  /** For a write's answer, which covers the context that was sent with it: if that was all, no join is needed. */
  advance(key: string, from: Context | undefined, to: Context): void {
    if (this.#contexts.get(key) === from) this.#keep(key, to);
    else this.add(key, to);
  }

  #keep(key: string, context: Context): void {
    this.#contexts.delete(key);
    this.#contexts.set(key, context);
    if (this.#contexts.size > keysMax) this.#contexts.delete(this.#contexts.keys().next().value!);
  }
}
