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
  readonly #keys = new RecentMap<string, SeenKey>(keysPerGeneration);

  /** What is remembered of a key. A request looks once, and holds on to it: each look costs a cache miss. */
  find(key: string): SeenKey | undefined {
    return this.#keys.use(key);
  }

  /** The same; if there is nothing, it is remembered from now on. */
  of(key: string): SeenKey {
    const known = this.find(key);
    if (known !== undefined) return known;
    const seen = new SeenKey();
    this.#keys.set(key, seen);
    return seen;
  }
}

export class SeenKey {
  #context: Context | undefined;

  get context(): Context | undefined {
    return this.#context;
  }

  /** Joined with what was seen before: a read at a replica that lags must not make the client forget. */
  add(context: Context): void {
    this.#context = this.#context?.join(context) ?? context;
  }

  /** For a write's answer, which covers the context that was sent with it: if that was all, no join is needed. */
  advance(from: Context | undefined, to: Context): void {
    if (this.#context === from) this.#context = to;
    else this.add(to);
  }
}
