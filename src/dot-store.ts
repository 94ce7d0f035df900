/**
 * The one core that everything replicated is made of: a dot store under a causal context.
 *
 * - A store holds what is live; the context says what was ever seen. Seen and not live means overwritten or removed.
 * - `join` is commutative, associative, idempotent and only grows: replicas may join in any order, any number of times.
 * - It never rewrites a value and never chooses between two: that is what resolvers do, on reading.
 *
 * A plain key is a `DotFun` whose values are its siblings (a multi-value register) and needs `joinDotted` alone; sets and maps are the
 * stores of replicated data types, under the same join.
 *
 * Source: Almeida, Shoker, Baquero: Delta State Replicated Data Types (2018), figure 8.
 */
import { contains, joinContexts, type CausalContext } from "./causal-context.ts";
import { compareDots, type Dot } from "./dot.ts";
import { appended } from "./short-list.ts";

/** Anything that carries its dot. A list of these is always sorted by dot, without repetition. */
export interface Dotted {
  readonly dot: Dot;
}

export interface DotSet {
  readonly type: "set";
  readonly entries: readonly Dotted[];
}

export interface DotFun<V> {
  readonly type: "fun";
  readonly entries: readonly (Dotted & { readonly value: V })[];
}

export interface DotMap<V> {
  readonly type: "map";
  /** Sorted by name; no child is empty. */
  readonly children: readonly (readonly [name: string, child: DotStore<V>])[];
}

export type DotStore<V> = DotSet | DotFun<V> | DotMap<V>;

export interface Causal<V> {
  readonly store: DotStore<V>;
  readonly context: CausalContext;
}

/** @throws Error if the two sides keep stores of different types under one name. */
export function join<V>(a: Causal<V>, b: Causal<V>): Causal<V> {
  return {
    store: joinStores(a.store, a.context, b.store, b.context),
    context: joinContexts(a.context, b.context),
  };
}

export function isEmpty<V>(store: DotStore<V>): boolean {
  return store.type === "map" ? store.children.length === 0 : store.entries.length === 0;
}

function joinStores<V>(a: DotStore<V>, seenByA: CausalContext, b: DotStore<V>, seenByB: CausalContext): DotStore<V> {
  if (a.type === "set" && b.type === "set")
    return { type: "set", entries: joinDotted(a.entries, seenByA, b.entries, seenByB) };
  if (a.type === "fun" && b.type === "fun")
    return { type: "fun", entries: joinDotted(a.entries, seenByA, b.entries, seenByB) };
  if (a.type === "map" && b.type === "map") return joinMaps(a, seenByA, b, seenByB);
  throw new Error(`a ${a.type} and a ${b.type} under one name do not join`);
}

/**
 * The kernel: an entry stays if both sides have it, or if the side that lacks it has never seen its dot. One that a side has
 * seen and does not have was overwritten there. Gives back `a` itself where nothing of it changes.
 */
export function joinDotted<D extends Dotted>(
  a: readonly D[],
  seenByA: CausalContext,
  b: readonly D[],
  seenByB: CausalContext,
): readonly D[] {
  let joined: D[] = [];
  let inA = 0;
  let inB = 0;
  while (inA < a.length || inB < b.length) {
    const order = inA === a.length ? 1 : inB === b.length ? -1 : compareDots(a[inA]!.dot, b[inB]!.dot);
    if (order === 0) {
      joined = appended(joined, a[inA++]!);
      inB++;
    } else if (order < 0) {
      const entry = a[inA++]!;
      if (!contains(seenByB, entry.dot)) joined = appended(joined, entry);
    } else {
      const entry = b[inB++]!;
      if (!contains(seenByA, entry.dot)) joined = appended(joined, entry);
    }
  }
  return joined.length === a.length && joined.every((entry, at) => entry === a[at]) ? a : joined;
}

function joinMaps<V>(a: DotMap<V>, seenByA: CausalContext, b: DotMap<V>, seenByB: CausalContext): DotMap<V> {
  const children: (readonly [string, DotStore<V>])[] = [];
  const others = new Map(b.children);
  for (const [name, mine] of a.children) {
    const joined = joinStores(mine, seenByA, others.get(name) ?? emptyLike(mine), seenByB);
    if (!isEmpty(joined)) children.push([name, joined]);
  }
  const mine = new Set(a.children.map(([name]) => name));
  for (const [name, other] of b.children) {
    if (mine.has(name)) continue;
    const joined = joinStores(emptyLike(other), seenByA, other, seenByB);
    if (!isEmpty(joined)) children.push([name, joined]);
  }
  return { type: "map", children: children.sort(([x], [y]) => (x < y ? -1 : 1)) };
}

function emptyLike<V>(store: DotStore<V>): DotStore<V> {
  return store.type === "map" ? { type: "map", children: [] } : { type: store.type, entries: [] };
}
