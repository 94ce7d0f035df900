/**
 * The hash by which keys of the store are found in memory; `hashKey`, which places keys on the ring, is another. Clients choose keys: if
 * they knew the hash they could choose many that collide, and each would make the lookup of the others longer.
 *
 * The bytes are multiplied by numbers that are drawn at random when the process starts, and never leave it. Their sum modulo 2^32 is
 * universal (Dietzfelbinger 1996): any two keys, chosen in whatever way, agree in its highest 24 bits under less than one of 2^23 draws.
 * xxHash with a secret seed would not do: there are keys that collide under half of all seeds. For short keys it is slower, too.
 */
import { randomBytes } from "node:crypto";

/** More than a key of the store has bytes. Those past it would not count. */
export const multiplierCount = 2048;

/** @returns 32 bits, with a sign: so they fit into a small integer of the machine */
type Hash = (key: Uint8Array) => number;

export function hashBy(multipliers: Int32Array): Hash {
  return (key) => {
    let sum = 0;
    // Plus one, so that a zero at the end counts.
    for (let at = 0; at < key.length; at++) sum = (sum + Math.imul(multipliers[at]!, key[at]! + 1)) | 0;
    return mixed(sum >>> 8);
  };
}

/** That of this process. */
export const hashOf: Hash = hashBy(new Int32Array(Uint8Array.from(randomBytes(4 * multiplierCount)).buffer));

/** The sums of keys that count up are at equal distances. Mixed they are anywhere, so that the last bits of any keys spread evenly. */
function mixed(sum: number): number {
  const product = Math.imul(sum ^ (sum >>> 12), 0x9e3779b1);
  return product ^ (product >>> 15);
}
