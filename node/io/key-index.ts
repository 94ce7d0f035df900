/**
 * Which entry has a key: a hash table without an object for each key, because there are many, and the garbage collector would visit
 * them all. It knows entries by their positions, and asks their owner what stands there.
 *
 * - Open addressing: a slot is two numbers, a hash and a position. A key is in the slot that its hash names, or in one of those that
 *   follow without a gap; nothing is ever taken out.
 * - At most half of the slots are taken. Their number is a power of two, and doubles.
 * - Equal hashes are rare, so the owner is hardly ever asked about another key than the one that is looked for.
 */
import type { Table } from "../store.ts";

/** The owner. */
export interface Entries {
  /** Whether the entry there has this key. */
  isOf(position: number, table: Table, key: Uint8Array): boolean;
}

/** Enough for most commit groups. */
const slotsMin = 64;

export class KeyIndex {
  readonly #entries: Entries;
  #slots = new Int32Array(2 * slotsMin);
  #size = 0;

  constructor(entries: Entries) {
    this.#entries = entries;
  }

  get size(): number {
    return this.#size;
  }

  /** @param hash the same for the same key (key-hash.ts) @returns the position, or 0 if there is none */
  find(table: Table, key: Uint8Array, hash: number): number {
    return this.#slots[this.#slotOf(table, key, hash) + 1]!;
  }

  /** @param position above 0, and below 2^31 @returns the position before, or 0 */
  replace(table: Table, key: Uint8Array, hash: number, position: number): number {
    const slot = this.#slotOf(table, key, hash);
    const previous = this.#slots[slot + 1]!;
    this.#slots[slot] = hash;
    this.#slots[slot + 1] = position;
    if (previous === 0 && ++this.#size * 4 > this.#slots.length) this.#grow();
    return previous;
  }

  /** Where the key is, or would be. */
  #slotOf(table: Table, key: Uint8Array, hash: number): number {
    const slots = this.#slots;
    for (let slot = firstSlot(slots, hash); ; slot = nextSlot(slots, slot)) {
      const position = slots[slot + 1]!;
      if (position === 0 || (slots[slot] === hash && this.#entries.isOf(position, table, key))) return slot;
    }
  }

  #grow(): void {
    const before = this.#slots;
    const slots = new Int32Array(2 * before.length);
    for (let from = 0; from < before.length; from += 2) {
      if (before[from + 1] === 0) continue;
      let slot = firstSlot(slots, before[from]!);
      while (slots[slot + 1] !== 0) slot = nextSlot(slots, slot);
      slots[slot] = before[from]!;
      slots[slot + 1] = before[from + 1]!;
    }
    this.#slots = slots;
  }
}

function firstSlot(slots: Int32Array, hash: number): number {
  return (hash << 1) & (slots.length - 1);
}

function nextSlot(slots: Int32Array, slot: number): number {
  return (slot + 2) & (slots.length - 1);
}
