/** src/merkle.ts: the laws of hash trees (design §7). */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hash64 } from "../../src/hash.ts";
import { hashKey, makeKey } from "../../src/key.ts";
import { branchOf, differingDigests, leafCount, leafOf, leavesOf, MerkleTree } from "../../src/merkle.ts";
import { emptyObject, sync, type StoredObject } from "../../src/object.ts";
import { plainWrite } from "../plain-write.ts";
import { makeActor } from "../../src/dot.ts";
import { makeOpId } from "../../src/op-id.ts";
import { digestOf, encodeRecord } from "../../src/record.ts";

/** A record, as far as a tree knows it. */
interface Item {
  readonly keyHash: bigint;
  readonly digest: Uint8Array;
}

const hash = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const item: fc.Arbitrary<Item> = fc.record({
  keyHash: hash,
  digest: fc.uint8Array({ minLength: 8, maxLength: 8 }),
});
const items = fc.uniqueArray(item, { selector: ({ keyHash }) => keyHash, maxLength: 200 });

function treeOf(list: readonly Item[]): MerkleTree {
  const tree = new MerkleTree();
  for (const { keyHash, digest } of list) tree.toggle(keyHash, digest, 0);
  return tree;
}

function differingLeaves(a: MerkleTree, b: MerkleTree): number[] {
  return differingDigests(a.branches, b.branches).flatMap((branch) =>
    differingDigests(a.leaves(branch), b.leaves(branch)).map((leaf) => branch * 64 + leaf),
  );
}

function xorsOf(list: readonly Item[]): Map<number, bigint> {
  const xors = new Map<number, bigint>();
  for (const { keyHash, digest } of list) {
    const value = new DataView(digest.slice().buffer).getBigUint64(0);
    xors.set(leafOf(keyHash), (xors.get(leafOf(keyHash)) ?? 0n) ^ value);
  }
  return xors;
}

test("the order in which records came does not matter", () => {
  fc.assert(
    fc.property(items, fc.infiniteStream(fc.nat()), (list, weights) => {
      const shuffled = list.map((one) => [weights.next().value!, one] as const).sort(([a], [b]) => a - b);
      expect(treeOf(shuffled.map(([, one]) => one)).root).toEqual(treeOf(list).root);
    }),
  );
});

test("what was put in and taken out again leaves nothing behind, also in what was computed in between", () => {
  fc.assert(
    fc.property(items, items, (kept, passing) => {
      const tree = treeOf(kept);
      for (const { keyHash, digest } of passing) {
        tree.toggle(keyHash, digest, 0);
        expect(tree.root).toHaveLength(8);
      }
      for (const { keyHash, digest } of passing) tree.toggle(keyHash, digest, 0);
      expect(tree.root).toEqual(treeOf(kept).root);
      expect(differingLeaves(tree, treeOf(kept))).toEqual([]);
    }),
  );
});

test("walking down from the branches finds exactly the leaves whose records differ", () => {
  fc.assert(
    fc.property(items, items, items, (shared, mine, theirs) => {
      const [a, b] = [treeOf([...shared, ...mine]), treeOf([...shared, ...theirs])];
      const [xorsMine, xorsTheirs] = [xorsOf(mine), xorsOf(theirs)];
      const expected = Array.from({ length: leafCount }, (_, leaf) => leaf).filter(
        (leaf) => (xorsMine.get(leaf) ?? 0n) !== (xorsTheirs.get(leaf) ?? 0n),
      );
      expect(differingLeaves(a, b)).toEqual(expected);
      expect(differingDigests(a.root, b.root)).toEqual(expected.length > 0 ? [0] : []);
    }),
  );
});

test("the same difference in two leaves of different branches, or of one, does not cancel out above them", () => {
  // An inner digest that is the XOR of its children would be the same with and without these two.
  const digest = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  for (const other of [1n, 64n]) {
    const tree = treeOf([
      { keyHash: 0n, digest },
      { keyHash: other, digest },
    ]);
    expect(differingLeaves(tree, new MerkleTree())).toEqual([0, Number(other)]);
    expect(tree.root).not.toEqual(new MerkleTree().root);
  }
});

test("what is asked for by leaf comes in the order that was asked for, as a copy", () => {
  const digest = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  const tree = treeOf([{ keyHash: 65n, digest }]);
  const asked = tree.digestsOf([0, 65]);
  tree.toggle(65n, digest, 0);
  expect(asked).toEqual(Uint8Array.of(...new Uint8Array(8), ...digest));
  expect(leavesOf(1).slice(0, 2)).toEqual([64, 65]);
  expect(leavesOf(63).at(-1)).toBe(leafCount - 1);
});

test("leaves are chosen by other bits than the partition, and spread evenly", () => {
  // Keys of one partition share the top bits of their hash; all leaves must be there for them.
  const counts = Array.from({ length: 64 }, () => 0);
  for (let at = 0; at < 6400; at++) counts[branchOf(leafOf(hash64(Uint8Array.of(at >>> 8, at & 0xff))))]!++;
  expect(Math.min(...counts)).toBeGreaterThan(50);
  expect(Math.max(...counts)).toBeLessThan(160);
});

describe("of records", () => {
  const keys = ["alice", "bob"].map((name) => makeKey("carts", name));

  function change(object: StoredObject, actor: string, counter: number): StoredObject {
    const dot = { actor: makeActor(actor.padEnd(8, "."), 1), counter };
    const sibling = {
      dot,
      value: new Uint8Array(1),
      timestamp: { ms: 1, counter },
      op: makeOpId("client..", counter),
    };
    return plainWrite(object, object.context, sibling);
  }

  function itemOf(key: Uint8Array, object: StoredObject): Item {
    return { keyHash: hashKey(key), digest: digestOf(encodeRecord(hashKey(key), object)) };
  }

  test("two keys that miss the same change do not cancel each other out, even in one leaf", () => {
    // Scenario 22 (leveled#207): XORed hashes that leave the key out hide the divergence.
    const before = change(emptyObject, "n1", 1);
    const after = change(before, "n1", 2);
    const [a, b] = keys.map((key) => [itemOf(key, before).digest, itemOf(key, after).digest] as const);
    const behind = treeOf([a!, b!].map(([old]) => ({ keyHash: 7n, digest: old })));
    const ahead = treeOf([a!, b!].map(([, next]) => ({ keyHash: 7n, digest: next })));
    expect(differingLeaves(behind, ahead)).toEqual([7]);
  });

  test("the same state built in two orders is one digest", () => {
    // Scenario 21 (riak_kv#1189): a hash of bytes that are not canonical never matches.
    const [one, two] = [change(emptyObject, "n1", 1), change(emptyObject, "n2", 1)];
    expect(itemOf(keys[0]!, sync(one, two)).digest).toEqual(itemOf(keys[0]!, sync(two, one)).digest);
  });

  test("the same key under another context is another root", () => {
    // Scenario 23 (ferrosa#47): trees over keys alone never see that their contents differ.
    const one = change(emptyObject, "n1", 1);
    const same = { ...one, context: change(one, "n2", 1).context };
    expect(treeOf([itemOf(keys[0]!, one)]).root).not.toEqual(treeOf([itemOf(keys[0]!, same)]).root);
  });
});
