/** Shopping carts as an application has them: what is in them, and two ways to merge two that were changed side by side. */

/** How many of each item. */
export type Cart = Readonly<Record<string, number>>;

export function add(cart: Cart = {}, item: string): Cart {
  return { ...cart, [item]: (cart[item] ?? 0) + 1 };
}

/**
 * Subtly wrong: what was put into either cart is in the merged one, so it looks right. But two siblings have most of their past in
 * common, and that is counted twice: merging a cart with itself doubles it.
 */
export function mergeBySum(a: Cart, b: Cart): Cart {
  const merged: Record<string, number> = { ...a };
  for (const [item, count] of Object.entries(b)) merged[item] = (merged[item] ?? 0) + count;
  return merged;
}

/** Each client counts for itself, and of its own count the highest is the latest: merging is joining. */
export type CountedCart = Readonly<Record<string, Readonly<Record<string, number>>>>;

export function addCounted(cart: CountedCart = {}, item: string, client: string): CountedCart {
  const counts = cart[item] ?? {};
  return { ...cart, [item]: { ...counts, [client]: (counts[client] ?? 0) + 1 } };
}

export function mergeByMaximum(a: CountedCart, b: CountedCart): CountedCart {
  const items = new Set([...Object.keys(a), ...Object.keys(b)]);
  return Object.fromEntries([...items].map((item) => [item, maximum(a[item] ?? {}, b[item] ?? {})]));
}

function maximum(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): Record<string, number> {
  const clients = new Set([...Object.keys(a), ...Object.keys(b)]);
  return Object.fromEntries([...clients].map((client) => [client, Math.max(a[client] ?? 0, b[client] ?? 0)]));
}
