/**
 * The hashes: xxHash, strong enough that keys which resemble each other spread evenly, and the same on every machine.
 * 64 bits place keys on the ring and name states of objects; 32 bits guard bytes on disk against rot.
 */
import xxhash from "xxhash-wasm";

const xx = await xxhash();

export function hash64(bytes: Uint8Array, seed = 0n): bigint {
  return xx.h64Raw(bytes, seed);
}

export function checksum32(bytes: Uint8Array): number {
  return xx.h32Raw(bytes, 0);
}
