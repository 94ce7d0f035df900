/** Items by what they have in common, each group in the order of the items: `Map.groupBy`, which Node 20 does not have. */
import type { KeyName } from "../observation.ts";

export function grouped<Item, Name>(items: readonly Item[], nameOf: (item: Item) => Name): Map<Name, Item[]> {
  const groups = new Map<Name, Item[]>();
  for (const item of items) {
    const name = nameOf(item);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [item]);
    else group.push(item);
  }
  return groups;
}

export function byKey<One extends { readonly key: KeyName }>(operations: readonly One[]): Map<KeyName, One[]> {
  return grouped(operations, ({ key }) => key);
}
