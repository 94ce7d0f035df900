/**
 * Which keys lie under some leaves of a tree, and in which states: a page at a time, each as much as one step may read. What a
 * page does not list up to its end is not there, or cannot be read.
 */
import { hashKey } from "../src/key.ts";
import { leafOf } from "../src/merkle.ts";
import type { KeyState, TreeName } from "../src/messages.ts";
import { digestOf, recordProblem } from "../src/record.ts";
import { readChunk, type Entry } from "./chunk.ts";
import type { Self } from "./self.ts";

export interface LeafPage {
  /** In byte order of the keys. */
  readonly states: readonly KeyState[];
  /** The last key that was looked at; `undefined`: there are no further ones. */
  readonly end: Uint8Array | undefined;
}

/** What a key costs to look at besides its bytes: its hash, and its place in the budget. */
const bytesPerKey = 64;

/** @param leaves `undefined`: all of them */
export function readLeafPage(
  self: Self,
  tree: TreeName,
  leaves: ReadonlySet<number> | undefined,
  after: Uint8Array | undefined,
): LeafPage {
  const from = after === undefined ? undefined : storeKeyOf(tree.partition, after);
  const { entries, end, bytes } = readChunk(self.store, tree.partition, from);
  self.background.spend(bytes + bytesPerKey * entries.length);
  const states = entries.flatMap((entry) => stateOf(self, tree, leaves, entry));
  return { states, end: end?.subarray(2) };
}

function stateOf(
  self: Self,
  tree: TreeName,
  leaves: ReadonlySet<number> | undefined,
  { storeKey, record }: Entry,
): KeyState[] {
  const key = storeKey.subarray(2);
  if (leaves !== undefined && !leaves.has(leafOf(hashKey(key)))) return [];
  if (self.trees.nOf(key) !== tree.n || recordProblem(record) !== undefined) return [];
  return [{ key, digest: digestOf(record) }];
}

function storeKeyOf(partition: number, key: Uint8Array): Uint8Array {
  const storeKey = new Uint8Array(key.length + 2);
  storeKey[0] = partition >>> 8;
  storeKey[1] = partition & 0xff;
  storeKey.set(key, 2);
  return storeKey;
}
