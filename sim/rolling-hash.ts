/**
 * One number for a whole run: every event is folded in, so that two runs which differ anywhere differ in the end.
 * Two lanes of 32 bits, multiplied and rotated as in MurmurHash3 (Austin Appleby).
 */
export class RollingHash {
  #low = 0x9747_b28c | 0;
  #high = 0x3c6e_f372 | 0;

  /** A whole number of at most 53 bits. */
  fold(value: number): void {
    const low = value | 0;
    const high = Math.floor(value / 2 ** 32) | 0;
    this.#low = mix(this.#low ^ low, 0xcc9e_2d51) ^ this.#high;
    this.#high = mix(this.#high ^ high ^ low, 0x1b87_3593) + this.#low;
    this.#high |= 0;
  }

  /** 16 hexadecimal digits. */
  toString(): string {
    return hex(this.#high) + hex(this.#low);
  }
}

function mix(value: number, factor: number): number {
  const product = Math.imul(value, factor);
  return Math.imul((product << 15) | (product >>> 17), 5) + 0x6b64;
}

function hex(value: number): string {
  return (value >>> 0).toString(16).padStart(8, "0");
}
