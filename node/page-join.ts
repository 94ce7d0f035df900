/**
 * Finds the keys that two replicas hold in different states, from two lists that come in pages of any length: what both sides have
 * told of is compared, and the side that is behind is asked for its next page.
 */
import { compareBytes, equalBytes } from "../src/bytes.ts";
import type { KeyState } from "../src/messages.ts";
import type { LeafPage } from "./leaf-page.ts";

export interface Difference {
  readonly key: Uint8Array;
  /** The digest of what the other side has; `undefined`: nothing that can be read. */
  readonly theirs: Uint8Array | undefined;
}

export class PageJoin {
  readonly mine: PagedSide = new PagedSide();
  readonly theirs: PagedSide = new PagedSide();

  get isOver(): boolean {
    return this.mine.isOver && this.theirs.isOver;
  }

  /** What differs up to where both sides have told of, and was not found before. */
  take(): Difference[] {
    if (this.mine.isAwaited || this.theirs.isAwaited) return [];
    const limit = leastOf(this.mine.end, this.theirs.end);
    const [mine, theirs] = [this.mine.takeUpTo(limit), this.theirs.takeUpTo(limit)];
    return differences(mine, theirs);
  }
}

/** One of the two lists: what of it is here and has not been compared yet. */
export class PagedSide {
  #states: readonly KeyState[] = [];
  /** How far the pages have come that are here: `undefined` after the last one. */
  end: Uint8Array | undefined = undefined;
  /** The next page is needed before anything else can be compared. */
  isAwaited = true;

  get isOver(): boolean {
    return !this.isAwaited && this.end === undefined && this.#states.length === 0;
  }

  /** @returns whether it goes on behind the page before: a list that does not would never end */
  add({ states, end }: LeafPage): boolean {
    if (end !== undefined && this.end !== undefined && compareBytes(end, this.end) <= 0) return false;
    this.#states = states;
    this.end = end;
    this.isAwaited = false;
    return true;
  }

  takeUpTo(limit: Uint8Array | undefined): readonly KeyState[] {
    const count = this.#states.findIndex(({ key }) => limit !== undefined && compareBytes(key, limit) > 0);
    const taken = count < 0 ? this.#states : this.#states.slice(0, count);
    this.#states = this.#states.slice(taken.length);
    this.isAwaited = this.end !== undefined && limit !== undefined && equalBytes(this.end, limit);
    return taken;
  }
}

function leastOf(a: Uint8Array | undefined, b: Uint8Array | undefined): Uint8Array | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return compareBytes(a, b) < 0 ? a : b;
}

function differences(mine: readonly KeyState[], theirs: readonly KeyState[]): Difference[] {
  const found: Difference[] = [];
  for (let at = 0, other = 0; at < mine.length || other < theirs.length;) {
    const order = compareHeads(mine[at], theirs[other]);
    if (order < 0) found.push({ key: mine[at]!.key, theirs: undefined });
    else if (order > 0 || !equalBytes(mine[at]!.digest, theirs[other]!.digest))
      found.push({ key: theirs[other]!.key, theirs: theirs[other]!.digest });
    if (order <= 0) at++;
    if (order >= 0) other++;
  }
  return found;
}

function compareHeads(mine: KeyState | undefined, theirs: KeyState | undefined): number {
  if (mine === undefined) return 1;
  return theirs === undefined ? -1 : compareBytes(mine.key, theirs.key);
}
