/**
 * What a segment of the log has in memory: the bytes of its file, and where in them the last entry of each key is, to be found and to be
 * walked in order. The keys themselves are nowhere but in the image.
 *
 * Keys are grouped by their table and first two bytes, which for an object are its partition; hints and conflicts have few groups, and
 * large ones. A group is put in order when somebody walks it: most are walked once, when they are moved into the table. In an order that has
 * got a few keys more only those are sorted: whoever drains hints walks a few of many, again and again, and removes them in between.
 * Whatever keys clients choose, and in whatever order, it takes n log n comparisons.
 */
import { compareBytes } from "../../src/bytes.ts";
import { tables, type Table } from "../store.ts";
import { hashOf } from "./key-hash.ts";
import { KeyIndex, type Entries } from "./key-index.ts";
import { compareKeysAt, hasKeyAt, keyAt, tableAt } from "./log-frame.ts";

/** Positions of the first entry of each key. */
interface Group {
  /** Another array whenever keys are added: walks hold on to theirs. */
  ordered: Int32Array;
  /** Those that came since it was put in order. */
  added: number[];
}

const none = new Int32Array(0);

export class LogIndex implements Entries {
  /** May be replaced by a longer one that begins with the same. */
  image: Buffer;
  readonly #places = new KeyIndex(this);
  /** By their numbers, which are in the order of their keys. */
  readonly #groups = new Map<number, Group>();

  constructor(image: Buffer) {
    this.image = image;
  }

  /** Different keys. */
  get size(): number {
    return this.#places.size;
  }

  /** @returns where the last entry of the key is, or 0 */
  find(table: Table, key: Uint8Array, hash: number): number {
    return this.#places.find(table, key, hash);
  }

  /** @param position of an entry of the key, which may be written right afterwards @returns where the entry before is, or 0 */
  replace(table: Table, key: Uint8Array, hash: number, position: number): number {
    const previous = this.#places.replace(table, key, hash, position);
    if (previous === 0) this.#addToGroup(groupOf(table, key), position);
    return previous;
  }

  /** Where the last entry is of the key of the entry there. */
  lastOf(position: number): number {
    const key = keyAt(this.image, position);
    return this.find(tableAt(this.image, position)!, key, hashOf(key));
  }

  isOf(position: number, table: Table, key: Uint8Array): boolean {
    return hasKeyAt(this.image, position, table, key);
  }

  /** Of each key `from` ≤ key < `to` an entry, in order, and as they are now: one list after the other. */
  between(table: Table, from: Uint8Array, to: Uint8Array): readonly Int32Array[] {
    if (this.size === 0 || compareBytes(from, to) >= 0) return [];
    return this.#groupsFrom(groupOf(table, from), groupOf(table, to)).map((group) => {
      const positions = this.#orderedIn(group);
      return positions.subarray(this.#countBefore(from, positions), this.#countBefore(to, positions));
    });
  }

  /**
   * Of each key the last entry, in order, table by table. No group is put in order before its turn: that takes a while for many keys.
   * Nothing may be added meanwhile.
   */
  *inOrder(): Generator<number> {
    for (const group of this.#groupsFrom(0, Infinity))
      for (const position of this.#orderedIn(group)) yield this.lastOf(position);
  }

  #groupsFrom(first: number, last: number): Group[] {
    const numbers = [...this.#groups.keys()].filter((number) => number >= first && number <= last);
    return numbers.sort((a, b) => a - b).map((number) => this.#groups.get(number)!);
  }

  #addToGroup(number: number, position: number): void {
    const group = this.#groups.get(number);
    if (group === undefined) this.#groups.set(number, { ordered: none, added: [position] });
    else group.added.push(position);
  }

  #orderedIn(group: Group): Int32Array {
    if (group.added.length === 0) return group.ordered;
    group.added.sort((a, b) => compareKeysAt(this.image, a, b));
    group.ordered = this.#merged(group.ordered, group.added);
    group.added = [];
    return group.ordered;
  }

  #merged(many: Int32Array, few: readonly number[]): Int32Array {
    const merged = new Int32Array(many.length + few.length);
    let taken = 0;
    for (const [at, position] of few.entries()) {
      const before = this.#countBefore(keyAt(this.image, position), many);
      if (before > taken) merged.set(many.subarray(taken, before), taken + at);
      merged[before + at] = position;
      taken = before;
    }
    merged.set(many.subarray(taken), taken + few.length);
    return merged;
  }

  /** How many of the keys there, which are in order, come before this one. */
  #countBefore(key: Uint8Array, positions: Int32Array): number {
    let low = 0;
    let high = positions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareBytes(keyAt(this.image, positions[middle]!), key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** By number. A key of one byte comes before all that begin with it, so it may stand with those that go on with a zero. */
function groupOf(table: Table, key: Uint8Array): number {
  return (tables.indexOf(table) << 16) | ((key[0] ?? 0) << 8) | (key[1] ?? 0);
}
