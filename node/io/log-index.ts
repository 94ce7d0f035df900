/**
 * Where a segment of the log has the last entry of each key of one table, to be found by name and walked in order.
 *
 * Names are grouped by their first two bytes, which for an object are its partition, and a group is put in order when somebody walks
 * it: most are walked once, when they are moved into the table. An order that has got a few names more is soon restored (the sort of V8
 * finds the run that is there).
 */

interface Group {
  readonly names: string[];
  isOrdered: boolean;
}

export class LogIndex {
  readonly #positions = new Map<string, number>();
  readonly #groups = new Map<number, Group>();

  get size(): number {
    return this.#positions.size;
  }

  /** @returns 0 if there is none */
  find(name: string): number {
    return this.#positions.get(name) ?? 0;
  }

  /** @returns where the entry before was, or 0 */
  replace(name: string, position: number): number {
    const previous = this.find(name);
    if (previous === 0) this.#group(name);
    this.#positions.set(name, position);
    return previous;
  }

  /** In order, and as they are now: `from` ≤ name < `to`. */
  names(from: string, to: string): string[] {
    if (this.#positions.size === 0 || from >= to) return [];
    const groups = this.#groupsFrom(groupOf(from), groupOf(to));
    return groups.flatMap((group) => {
      const names = orderedIn(group);
      return names.slice(countBefore(from, names), countBefore(to, names));
    });
  }

  /** All of them. No group is put in order before its turn, since that takes a while for many names. */
  *inOrder(): Generator<string> {
    for (const group of this.#groupsFrom(0, Infinity)) yield* orderedIn(group);
  }

  #groupsFrom(first: number, last: number): Group[] {
    const keys = [...this.#groups.keys()].filter((key) => key >= first && key <= last).sort((a, b) => a - b);
    return keys.map((key) => this.#groups.get(key)!);
  }

  #group(name: string): void {
    const key = groupOf(name);
    const group = this.#groups.get(key);
    if (group === undefined) return void this.#groups.set(key, { names: [name], isOrdered: true });
    group.names.push(name);
    group.isOrdered = false;
  }
}

/** A name of one byte comes before all that begin with it, so it may stand with those that go on with a zero. */
function groupOf(name: string): number {
  return ((name.charCodeAt(0) || 0) << 8) | (name.charCodeAt(1) || 0);
}

function orderedIn(group: Group): readonly string[] {
  if (!group.isOrdered) group.names.sort();
  group.isOrdered = true;
  return group.names;
}

/** How many of the names, which are in order, come before this one. */
function countBefore(name: string, names: readonly string[]): number {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (names[middle]! < name) low = middle + 1;
    else high = middle;
  }
  return low;
}
