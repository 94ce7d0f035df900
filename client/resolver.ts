/**
 * How a bucket settles siblings when it is read. The store keeps them all until a write with the context replaces them.
 */

export interface Resolver<T> {
  readonly kind: "merge";
  readonly merge: (a: T, b: T) => T;
}

/**
 * The application's own merge. It must be commutative, associative, idempotent, deterministic and total: it is called with any
 * two siblings in any order, and every reader must come to the same value.
 */
export function merge<T>(join: (a: T, b: T) => T): Resolver<T> {
  return { kind: "merge", merge: join };
}

/** The value of a key: that of its only sibling, or what the resolver makes of several; `undefined` where neither is to be had. */
export function resolve<T>(resolver: Resolver<T> | undefined, siblings: readonly T[]): T | undefined {
  const [first, ...others] = siblings;
  if (first === undefined || others.length === 0) return first;
  return resolver === undefined ? undefined : others.reduce((value, sibling) => resolver.merge(value, sibling), first);
}
