/**
 * A hash tree over a set of records, in which two replicas find what they do not share without telling all of it.
 *
 * - 64 branches of 64 leaves of 8 bytes. A leaf is the XOR of the digests of its records, so that a change costs one XOR out and
 *   one in, and no order matters. A record's digest is one hash over key, context and live dots, seeded by the key: two keys
 *   that miss the same change have different digests and do not cancel each other out.
 * - A branch is the hash of its leaves, the root the hash of its branches. XORs there would let a difference in one leaf
 *   cancel one in another. They are computed when asked for.
 * - Everything is bytes in wire order: the same tree on every machine.
 *
 * Source: Merkle (1987); DeCandia et al.: Dynamo (2007), §4.7.
 */
import { hash64 } from "./hash.ts";

const fanoutBits = 6;
const fanout = 2 ** fanoutBits;
const leafBits = 2 * fanoutBits;
export const branchCount: number = fanout;
export const leafCount: number = fanout * fanout;
export const treeDigestBytes = 8;
const branchBytes = fanout * treeDigestBytes;
const treeBytes = fanout * branchBytes;

/** The leaf of a key. The top bits of its hash chose the partition; these are the lowest. */
export function leafOf(keyHash: bigint): number {
  return Number(BigInt.asUintN(leafBits, keyHash));
}

export function branchOf(leaf: number): number {
  return Math.floor(leaf / fanout);
}

export function leavesOf(branch: number): number[] {
  return Array.from({ length: fanout }, (_, place) => branch * fanout + place);
}

/**
 * Its flags are fields, not an array: all trees together are larger than any cache, so each further object that a change touches is a
 * miss.
 */
export class MerkleTree {
  /** Branch by branch, 32 KiB in one piece: a change finds its leaf with one look into cold memory. Shared until the first record. */
  #leaves = emptyLeaves;
  #branches = emptyBranches;
  /** A bit for each branch whose digest is older than its leaves: of branches 0 to 31, and of 32 to 63. */
  #staleLow = 0;
  #staleHigh = 0;
  #root: Uint8Array | undefined;

  /**
   * Puts a record's digest in, or takes it out again.
   * @param from where the digest stands among the bytes that are handed in
   */
  toggle(keyHash: bigint, bytes: Uint8Array, from: number): void {
    const leaf = leafOf(keyHash);
    if (this.#leaves === emptyLeaves) this.#leaves = new Uint8Array(treeBytes);
    const place = leaf * treeDigestBytes;
    for (let at = 0; at < treeDigestBytes; at++) this.#leaves[place + at]! ^= bytes[from + at]!;
    const branch = branchOf(leaf);
    if (branch < 32) this.#staleLow |= bitOf(branch);
    else this.#staleHigh |= bitOf(branch);
    this.#root = undefined;
  }

  /** Eight bytes. */
  get root(): Uint8Array {
    this.#root ??= hashBytes(this.branches);
    return this.#root;
  }

  /** Eight bytes a branch. Valid until the next `toggle`, like all that is handed out here. */
  get branches(): Uint8Array {
    if ((this.#staleLow | this.#staleHigh) === 0) return this.#branches;
    if (this.#branches === emptyBranches) this.#branches = emptyBranches.slice();
    for (let branch = 0; branch < fanout; branch++)
      if (this.#isStale(branch)) this.#branches.set(hashBytes(this.leaves(branch)), branch * treeDigestBytes);
    this.#staleLow = this.#staleHigh = 0;
    return this.#branches;
  }

  #isStale(branch: number): boolean {
    return ((branch < 32 ? this.#staleLow : this.#staleHigh) & bitOf(branch)) !== 0;
  }

  /** Eight bytes a leaf. */
  leaves(branch: number): Uint8Array {
    return this.#leaves.subarray(branch * branchBytes, (branch + 1) * branchBytes);
  }

  /** A copy, of some leaves in this order. */
  digestsOf(leaves: readonly number[]): Uint8Array {
    const digests = new Uint8Array(leaves.length * treeDigestBytes);
    for (const [at, leaf] of leaves.entries()) digests.set(this.leaf(leaf), at * treeDigestBytes);
    return digests;
  }

  leaf(leaf: number): Uint8Array {
    return this.#leaves.subarray(leaf * treeDigestBytes, (leaf + 1) * treeDigestBytes);
  }
}

/** Its bit among the 32 of its half. */
function bitOf(branch: number): number {
  return 1 << (branch % 32);
}

/** Places of the eight-byte digests in which two lists of them differ. */
export function differingDigests(mine: Uint8Array, theirs: Uint8Array): number[] {
  const differing: number[] = [];
  for (let place = 0; place * treeDigestBytes < mine.length; place++)
    if (!isSameDigest(mine, theirs, place * treeDigestBytes)) differing.push(place);
  return differing;
}

function isSameDigest(a: Uint8Array, b: Uint8Array, from: number): boolean {
  for (let at = from; at < from + treeDigestBytes; at++) if (a[at] !== b[at]) return false;
  return true;
}

const scratch = new DataView(new ArrayBuffer(treeDigestBytes));
const scratchBytes = new Uint8Array(scratch.buffer);

/** A copy: a view of eight bytes of its own would take a block outside of the heap for each. */
function hashBytes(bytes: Uint8Array): Uint8Array {
  scratch.setBigUint64(0, hash64(bytes));
  return scratchBytes.slice();
}

const emptyLeaves = new Uint8Array(treeBytes);
const emptyBranch = hashBytes(emptyLeaves.subarray(0, branchBytes));
const emptyBranches = new Uint8Array(branchBytes).map((_, at) => emptyBranch[at % treeDigestBytes]!);
