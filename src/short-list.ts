/**
 * Lists that mostly have one element, on the path of every request: an array that grows takes room for seventeen with its first `push`.
 */

/** @returns the list with the item, which is another one while it is short */
export function appended<Item>(list: Item[], item: Item): Item[] {
  if (list.length === 0) return [item];
  list.push(item);
  return list;
}
