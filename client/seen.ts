/**
 * The contexts of the keys that this client has read or written, least recently used out: what it puts without naming a
 * context replaces what *it* has seen, never what it has not.
 */
import { digestHigh, digestLow } from "../src/record.ts";
import { RecentMap } from "../src/recent-map.ts";
import type { Context } from "./context.ts";

/**
 * About 250 bytes each, and twice as many keys at the most. A key that has fallen out is written blind: a sibling, never a
 * loss. So a program that writes more keys than this over and over without reading them piles siblings up.
 */
const keysPerGeneration = 50_000;

export class SeenContexts {
  readonly #byKey = new RecentMap<string, SeenContext>(keysPerGeneration);

  /**
   * What was seen of a key. Kept for a whole request: in a map of many keys each look is a cache miss. If the key falls out meanwhile,
   * what it is told is forgotten: a sibling, never a loss.
   */
  find(key: string): SeenContext | undefined {
    return this.#byKey.use(key);
  }

  /** The same, begun if there is nothing yet. */
  of(key: string): SeenContext {
    const known = this.find(key);
    if (known !== undefined) return known;
    const seen = new SeenContext();
    this.#byKey.set(key, seen);
    return seen;
  }
}

export class SeenContext {
  #context: Context | undefined;
  /** The digest of the record that was read last, in two halves: of no meaning before the first. */
  #digestHigh = 0;
  #digestLow = 0;

  get context(): Context | undefined {
    return this.#context;
  }

  /** Joined with what was seen before: a read at a replica that lags must not make the client forget. */
  add(context: Context): void {
    this.#context = this.#joined(context);
  }

  /**
   * What a read has shown, and the record that it was read from. If that is of the state that was read last, nothing is joined: a context
   * only grows.
   * @throws BAD_CONTEXT, TOO_LARGE if what a write brought back cannot be read
   */
  addRead(record: Uint8Array, context: Context): void {
    const high = digestHigh(record);
    const low = digestLow(record);
    if (this.#context !== undefined && high === this.#digestHigh && low === this.#digestLow) return;
    this.#context = this.#packed(context);
    this.#digestHigh = high;
    this.#digestLow = low;
  }

  /**
   * For a write's answer, which covers what was sent with it: if that was all that was known, no join is needed.
   * @param from what was sent: the context itself, or else it is not recognised
   * @throws as `addRead`
   */
  advance(from: Context | string | null | undefined, to: Context): void {
    this.#context = this.#context === from ? to : this.#packed(to);
  }

  /** Joined, and packed: objects that stay would make V8 put all others of their kinds into old memory, too. */
  #packed(context: Context): Context {
    return this.#joined(context).packed();
  }

  #joined(context: Context): Context {
    return this.#context?.join(context) ?? context;
  }
}
