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

export class MerkleTree {
  /** By branch, from its first record on: a node has many partitions, and most branches of a small one stay empty. */
  readonly #leaves: Uint8Array[] = emptyTree.slice();
  readonly #branches = emptyBranches.slice();
  /** Branches whose digest is older than their leaves. */
  readonly #stale = new Set<number>();
  #root: Uint8Array | undefined;

  /** Puts a record's digest in, or takes it out again. */
  toggle(keyHash: bigint, digest: Uint8Array): void {
    const leaf = leafOf(keyHash);
    const branch = branchOf(leaf);
    if (this.#leaves[branch] === emptyLeaves) this.#leaves[branch] = new Uint8Array(branchBytes);
    const leaves = this.#leaves[branch]!;
    const place = placeOf(leaf);
    for (let at = 0; at < treeDigestBytes; at++) leaves[place + at]! ^= digest[at]!;
    if (!this.#stale.has(branch)) this.#stale.add(branch);
    this.#root = undefined;
  }

  /** Eight bytes. */
  get root(): Uint8Array {
    this.#root ??= hashBytes(this.branches);
    return this.#root;
  }

  /** Eight bytes a branch. Valid until the next `toggle`, like all that is handed out here. */
  get branches(): Uint8Array {
    for (const branch of this.#stale) this.#branches.set(hashBytes(this.leaves(branch)), branch * treeDigestBytes);
    this.#stale.clear();
    return this.#branches;
  }

  /** Eight bytes a leaf. */
  leaves(branch: number): Uint8Array {
    return this.#leaves[branch]!;
  }

  /** A copy, of some leaves in this order. */
  digestsOf(leaves: readonly number[]): Uint8Array {
    const digests = new Uint8Array(leaves.length * treeDigestBytes);
    for (const [at, leaf] of leaves.entries()) digests.set(this.leaf(leaf), at * treeDigestBytes);
    return digests;
  }

  leaf(leaf: number): Uint8Array {
    const at = placeOf(leaf);
    return this.leaves(branchOf(leaf)).subarray(at, at + treeDigestBytes);
  }
}

/** Of a leaf's digest among those of its branch. */
function placeOf(leaf: number): number {
  return (leaf % fanout) * treeDigestBytes;
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

const emptyLeaves = new Uint8Array(branchBytes);
const emptyTree = Array.from({ length: fanout }, () => emptyLeaves);
const emptyBranch = hashBytes(emptyLeaves);
const emptyBranches = new Uint8Array(branchBytes).map((_, at) => emptyBranch[at % treeDigestBytes]!);
