/**
 * The application's own merges on the node: one value made of siblings, for readers that have no function of their own.
 *
 * - Only a reply is made here. What is stored keeps its siblings until a write with their context replaces them.
 * - A merge is foreign code. Whatever it does wrong leaves the siblings in place, with a sentence, a counter and a rare warning.
 * - It runs inside the node's step, and nothing else does meanwhile: it must be quick, and one that never returns stops the node.
 * - Siblings come in the order of their dots, so that every node that holds the same makes the same calls.
 */
import { bucketOf, formatKey } from "../src/key.ts";
import { limits } from "../src/limits.ts";
import type { GetReply } from "../src/messages.ts";
import { type Sibling, type StoredObject } from "../src/object.ts";
import { visibleSiblings } from "../src/shown.ts";
import { decodeValue, encodeValue } from "../src/value.ts";
import type { Place, Self } from "./self.ts";

/**
 * Makes one value of two siblings. Commutative, associative, idempotent, deterministic, total and synchronous; see `merge` of the client.
 * `never`: the application says what its values are, and nobody checks them for it.
 */
export type Merge = (a: never, b: never) => unknown;

/** By bucket. */
export type Merges = Readonly<Record<string, Merge>>;

/** What a reply says of it: nothing at all where there was nothing to merge. */
export type MergeOutcome = Pick<GetReply, "merged" | "mergeProblem">;

const problemLettersMax = 200;

export class NodeMerges {
  readonly #self: Self;
  readonly #merges: Merges;

  constructor(self: Self, merges: Merges = {}) {
    this.#self = self;
    this.#merges = merges;
  }

  /** @param object the join of what the replicas answered */
  of({ key }: Place, object: StoredObject | undefined): MergeOutcome {
    const bucket = bucketOf(key);
    const merge = Object.hasOwn(this.#merges, bucket) ? this.#merges[bucket] : undefined;
    const siblings = merge === undefined || object === undefined ? [] : visibleSiblings(object);
    if (merge === undefined || siblings.length < 2) return {};
    this.#self.counters.merges++;
    const outcome = mergeAll(merge, siblings);
    if (outcome.mergeProblem !== undefined) this.#report(key, outcome.mergeProblem);
    return outcome;
  }

  #report(key: Uint8Array, problem: string): void {
    this.#self.counters.mergeFailures++;
    this.#self.warnRarely("merge failed", { key: formatKey(key), problem });
  }
}

function mergeAll(merge: Merge, siblings: readonly Sibling[]): MergeOutcome {
  if (siblings.length > limits.siblingsMax)
    return { mergeProblem: `there are ${siblings.length} siblings, and at most ${limits.siblingsMax} are merged` };
  try {
    const [first, ...others] = siblings.map(({ value }) => decodeValue(value));
    return { merged: encodeValue(others.reduce((a, b) => called(merge, a, b), first)) };
  } catch (thrown) {
    return { mergeProblem: wordsOf(thrown) };
  }
}

function called(merge: Merge, a: unknown, b: unknown): unknown {
  const value = (merge as (a: unknown, b: unknown) => unknown)(a, b);
  if (value === undefined) throw new Error("the merge returned nothing");
  if (!isPromise(value)) return value;
  // Nobody waits for it, and one that is rejected with nobody there would end the process.
  value.then(undefined, () => {});
  throw new Error("the merge returned a promise: it must be synchronous");
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/** Of whatever was thrown, which need not be an error; cut, because it goes to every reader. */
function wordsOf(thrown: unknown): string {
  const said: unknown = thrown instanceof Error ? thrown.message : undefined;
  const words = typeof said === "string" ? said : `the merge threw ${typeof thrown}`;
  return words.length > problemLettersMax
    ? `${words.slice(0, problemLettersMax)}…`
    : words || "the merge threw an error";
}
