/**
 * The contexts of the keys that this client has read or written, least recently used out: what it puts without naming a
 * context replaces what *it* has seen, never what it has not.
 */
import { RecentMap } from "../src/recent-map.ts";
import type { Context } from "./context.ts";

/**
 * About 300 bytes each, and twice as many keys at the most. A key that has fallen out is written blind: a sibling, never a
 * loss. So a program that writes more keys than this over and over without reading them piles siblings up.
 */
const keysPerGeneration = 50_000;

export class SeenContexts {
  readonly #contexts = new RecentMap<string, Context>(keysPerGeneration);

  get(key: string): Context | undefined {
    return this.#contexts.get(key);
  }

  /** Joined with what was seen before: a read at a replica that lags must not make the client forget. */
  add(key: string, context: Context): void {
    const before = this.get(key);
    this.#contexts.set(key, before === undefined ? context : before.join(context));
  }

  /** For a write's answer, which covers the context that was sent with it: if that was all, no join is needed. */
  advance(key: string, from: Context | undefined, to: Context): void {
    if (this.get(key) === from) this.#contexts.set(key, to);
    else this.add(key, to);
  }
}
