/**
 * What the writers of a run were told, and what must therefore be found in the end. Every value is written once, so that a value names
 * its write.
 *
 * - An acknowledged write is there, or something that had read it is: one that may have happened, and is itself there or replaced so.
 * - What an acknowledged write had read is gone for good; so is, from the beginning, a value whose write certainly did not happen. Read
 *   means this very dot: a write that its client had to send twice can have two, and a reader may have seen but one.
 */
import { contains, type CausalContext } from "../../src/causal-context.ts";
import type { Dot } from "../../src/dot.ts";

export interface Write {
  readonly key: string;
  /** `undefined`: a delete. */
  readonly value: string | undefined;
  readonly seen: Seen;
  outcome: "acknowledged" | "unknown" | "none";
}

/** What a write's context covers, as values and as dots. */
export interface Seen {
  readonly values: readonly string[];
  readonly context: CausalContext;
}

/** One value of a key, as a node holds it. */
export interface Found<T = string> {
  readonly value: T;
  readonly dot: Dot;
}

export class Ledger {
  readonly #writesOf = new Map<string, Write[]>();
  acknowledged = 0;

  get keys(): string[] {
    return [...this.#writesOf.keys()];
  }

  /** Before it is sent: until it is told otherwise, it may have happened. */
  begin(key: string, value: string | undefined, seen: Seen): Write {
    const write: Write = { key, value, seen, outcome: "unknown" };
    const writes = this.#writesOf.get(key);
    if (writes === undefined) this.#writesOf.set(key, [write]);
    else writes.push(write);
    return write;
  }

  acknowledge(write: Write): void {
    write.outcome = "acknowledged";
    this.acknowledged++;
  }

  /** What is wrong with these values as the whole of a key, in words. */
  problems(key: string, found: readonly Found[]): string[] {
    const writes = (this.#writesOf.get(key) ?? []).filter(({ outcome }) => outcome !== "none");
    const written = new Map(writes.map((write) => [write.value, write]));
    const readers = readersOf(writes);
    const isExplained = explainer(new Set(found.map(({ value }) => value)), readers);
    // From the newest on: what a value is explained by is then known already.
    const lost = writes
      .toReversed()
      .filter(({ outcome, value }) => outcome === "acknowledged" && value !== undefined && !isExplained(value));
    const invented = found.filter(({ value }) => !written.has(value));
    const replacing = writes.filter(({ outcome }) => outcome === "acknowledged");
    const resurrected = found.filter(({ dot }) => replacing.some(({ seen }) => contains(seen.context, dot)));
    return [
      ...lost.map(({ value }) => `${key}: ${value} was acknowledged, and is lost`),
      ...invented.map(({ value }) => `${key}: ${value} was never written, or certainly not`),
      ...resurrected.map(({ value }) => `${key}: ${value} was replaced, and is back`),
    ];
  }
}

function readersOf(writes: readonly Write[]): ReadonlyMap<string, readonly Write[]> {
  const readers = new Map<string, Write[]>();
  for (const write of writes)
    for (const value of write.seen.values) readers.set(value, [...(readers.get(value) ?? []), write]);
  return readers;
}

/** Whether a value is there, or was read by a write that is so explained itself. A write never reads its own value, so this ends. */
function explainer(
  found: ReadonlySet<string>,
  readers: ReadonlyMap<string, readonly Write[]>,
): (value: string) => boolean {
  const known = new Map<string, boolean>();
  const isExplained = (value: string): boolean => {
    const answer = known.get(value);
    if (answer !== undefined) return answer;
    known.set(value, false);
    const isFine =
      found.has(value) ||
      (readers.get(value) ?? []).some((reader) => reader.value === undefined || isExplained(reader.value));
    known.set(value, isFine);
    return isFine;
  };
  return isExplained;
}
