/**
 * Things under numbers that the table gives out, rising: for what comes and goes thousands of times a second.
 *
 * - The slot of a number is its last bits. A number whose slot is taken is passed over, so nothing is ever searched or moved about. At
 *   least half of the slots are free, so few are passed over.
 * - One table for good and no `Map`, which begins a new one every thousand things or so: those it has left are old and garbage, each
 *   keeps alive the next and all that stood in it at its end, and so the collector copies most of what comes and goes into old memory.
 */
const slotsAtFirst = 64;

export class SlotTable<Thing> {
  /** A power of two of them. */
  #things: (Thing | undefined)[] = emptySlots(slotsAtFirst);
  #ids = new Float64Array(slotsAtFirst);
  #size = 0;
  #nextId = 1;

  get size(): number {
    return this.#size;
  }

  /** @returns its number, from 1 */
  add(thing: Thing): number {
    if (2 * ++this.#size > this.#things.length) this.#grow();
    while (this.#things[this.#slotOf(this.#nextId)] !== undefined) this.#nextId++;
    const id = this.#nextId++;
    this.#put(id, thing);
    return id;
  }

  find(id: number): Thing | undefined {
    const slot = this.#slotOf(id);
    return this.#ids[slot] === id ? this.#things[slot] : undefined;
  }

  /** @returns what was there */
  remove(id: number): Thing | undefined {
    const thing = this.find(id);
    if (thing === undefined) return undefined;
    this.#things[this.#slotOf(id)] = undefined;
    this.#size--;
    return thing;
  }

  /** The numbers that are taken, as they are now, rising. */
  ids(): number[] {
    return [...this.#ids].filter((id) => this.find(id) !== undefined).sort((a, b) => a - b);
  }

  #slotOf(id: number): number {
    return id & (this.#things.length - 1);
  }

  #put(id: number, thing: Thing): void {
    const slot = this.#slotOf(id);
    this.#things[slot] = thing;
    this.#ids[slot] = id;
  }

  #grow(): void {
    const [things, ids] = [this.#things, this.#ids];
    this.#things = emptySlots(2 * things.length);
    this.#ids = new Float64Array(2 * things.length);
    for (const [slot, thing] of things.entries()) if (thing !== undefined) this.#put(ids[slot]!, thing);
  }
}

function emptySlots(count: number): undefined[] {
  return Array.from({ length: count }, () => undefined);
}
