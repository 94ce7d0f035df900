/**
 * Copies of bytes that are only lent: by LMDB until its next read, by the log in a view that keeps the memory of a whole segment alive.
 *
 * Small ones are cut from one slab: an ArrayBuffer for each costs more than the read itself (1.5 µs against 0.9 µs for 100
 * bytes). A value that is kept keeps its slab alive, therefore the slab is small.
 */
const slabBytes = 8192;
const ownBufferBytesMin = slabBytes / 4;

export class ValueSlab {
  #slab = new Uint8Array(slabBytes);
  #used = 0;

  copy(lent: Uint8Array): Uint8Array {
    const { length } = lent;
    if (length >= ownBufferBytesMin) return lent.slice();
    if (this.#used + length > slabBytes) {
      this.#slab = new Uint8Array(slabBytes);
      this.#used = 0;
    }
    const at = this.#used;
    this.#used += length;
    this.#slab.set(lent, at);
    return new Uint8Array(this.#slab.buffer, at, length);
  }
}
