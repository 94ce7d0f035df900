/**
 * The contexts of the keys that this client has read or written, least recently used out: what it puts without naming a
 * context replaces what *it* has seen, never what it has not.
 *
 * Two generations instead of a list in order of use: a key that is used moves to the young one, and when that is full the old
 * one is forgotten. So a use costs one map entry.
 */
import type { Context } from "./context.ts";

/**
 * About 300 bytes each, and twice as many keys at the most. A key that has fallen out is written blind: a sibling, never a
 * loss. So a program that writes more keys than this over and over without reading them piles siblings up.
 */
const keysPerGeneration = 50_000;

export class SeenContexts {
  #young = new Map<string, Context>();
  #old = new Map<string, Context>();

  get(key: string): Context | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }

  /** Joined with what was seen before: a read at a replica that lags must not make the client forget. */
  add(key: string, context: Context): void {
    const before = this.get(key);
    this.#keep(key, before === undefined ? context : before.join(context));
  }

  /** For a write's answer, which covers the context that was sent with it: if that was all, no join is needed. */
  advance(key: string, from: Context | undefined, to: Context): void {
    if (this.get(key) === from) this.#keep(key, to);
    else this.add(key, to);
  }

  #keep(key: string, context: Context): void {
    if (this.#young.size >= keysPerGeneration && !this.#young.has(key)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, context);
  }
}
