/**
 * What later strict reads owe to earlier calls. A call that n replicas were asked for, and w of them answered, is seen by every
 * read of r of the same n that starts after it returned, if r + w > n. Kept as one joined context per moment, so that a read
 * looks at few of them.
 */
import { emptyContext, joinContexts, type CausalContext } from "../../src/causal-context.ts";
import type { Operation } from "../history.ts";
import type { KeyName } from "../observation.ts";

interface Moment {
  readonly returnedAtMs: number;
  readonly context: CausalContext;
}

/** All calls of a key with the same n and w. */
interface Kind {
  readonly n: number;
  readonly w: number;
  readonly moments: Moment[];
}

export class Promises {
  readonly #kinds = new Map<KeyName, Kind[]>();

  /** @param operation has just returned */
  add({ key, asked: { n, w }, returnedAtMs }: Operation, context: CausalContext): void {
    const kinds = this.#kinds.get(key) ?? [];
    this.#kinds.set(key, kinds);
    let kind = kinds.find((one) => one.n === n && one.w === w);
    if (kind === undefined) kinds.push((kind = { n, w, moments: [] }));
    const last = kind.moments.at(-1)?.context ?? emptyContext;
    kind.moments.push({ returnedAtMs: returnedAtMs!, context: joinContexts(last, context) });
  }

  /** What a read must have seen. */
  owedTo({ key, asked: { n, r }, calledAtMs }: Operation): CausalContext {
    const kinds = (this.#kinds.get(key) ?? []).filter((kind) => kind.n === n && kind.w + r > n);
    return kinds.map((kind) => contextBefore(kind.moments, calledAtMs)).reduce(joinContexts, emptyContext);
  }
}

function contextBefore(moments: readonly Moment[], atMs: number): CausalContext {
  let low = 0;
  for (let high = moments.length; low < high;) {
    const middle = (low + high) >> 1;
    if (moments[middle]!.returnedAtMs < atMs) low = middle + 1;
    else high = middle;
  }
  return moments[low - 1]?.context ?? emptyContext;
}
