/**
 * What one client process knows of each key of a bucket: the join of the vectors of all that it has read and written (see `stamp.ts`), and
 * whether a write of its own is under way.
 */
import { joinStamp, stampBytes, writeBlindStamp, writeStamp } from "./stamp.ts";

const filler = 7;

export class Knowledge {
  readonly #self: number;
  readonly #processes: number;
  #vectors: Uint32Array;
  #isBusy: Uint8Array;

  constructor(self: number, processes: number, keys: number) {
    this.#self = self;
    this.#processes = processes;
    this.#vectors = new Uint32Array(keys * processes);
    this.#isBusy = new Uint8Array(keys);
  }

  /** For keys below this. */
  makeRoom(keys: number): void {
    if (keys <= this.#isBusy.length) return;
    const room = Math.max(keys, 2 * this.#isBusy.length);
    const vectors = new Uint32Array(room * this.#processes);
    const isBusy = new Uint8Array(room);
    vectors.set(this.#vectors);
    isBusy.set(this.#isBusy);
    this.#vectors = vectors;
    this.#isBusy = isBusy;
  }

  isWriting(key: number): boolean {
    return this.#isBusy[key] !== 0;
  }

  /** No other write begins before `release`. */
  reserve(key: number): void {
    this.#isBusy[key] = 1;
  }

  release(key: number): void {
    this.#isBusy[key] = 0;
  }

  /** The next value that this process writes to a key: `sequenceOf` says its number from now on. */
  nextValue(key: number, bytes: number, isBlind: boolean): Uint8Array {
    const at = key * this.#processes;
    const sequence = ++this.#vectors[at + this.#self]!;
    const value = Buffer.allocUnsafe(bytes);
    if (isBlind) writeBlindStamp(value, this.#self, this.#processes, sequence);
    else writeStamp(value, this.#self, this.#processes, this.#vectors, at);
    return value.fill(filler, stampBytes(this.#processes));
  }

  sequenceOf(key: number): number {
    return this.#vectors[key * this.#processes + this.#self]!;
  }

  /** @returns whether the value could be told, and is one of ours */
  learn(key: number, value: Uint8Array): boolean {
    return joinStamp(value, this.#processes, this.#vectors, key * this.#processes);
  }
}
