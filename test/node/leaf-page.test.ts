/** node/leaf-page.ts: the keys under some leaves of a tree, in pages (design §7). */
import { beforeEach, expect, test } from "vitest";
import { formatKey, hashKey } from "../../src/key.ts";
import { leafOf } from "../../src/merkle.ts";
import { emptyObject } from "../../src/object.ts";
import { digestOf, encodeRecord } from "../../src/record.ts";
import { Ring } from "../../src/ring.ts";
import { readLeafPage, type LeafPage } from "../../node/leaf-page.ts";
import { Self } from "../../node/self.ts";
import { defaultTuning } from "../../node/tuning.ts";
import { keyOf } from "./cluster.ts";
import { MemoryStore } from "./memory-store.ts";

const tree = { partition: 0, n: 3 };
let store: MemoryStore;
let self: Self;

beforeEach(() => {
  const member = { id: "n1", url: "", zone: "z", weight: 1 };
  const ring = new Ring({ epoch: 1, partitions: 1, replicas: 3, members: [member], owners: [0] });
  const options = { defaults: {}, buckets: { pairs: { n: 2 } } };
  store = new MemoryStore();
  self = new Self({ id: "n1", ring, options, tuning: defaultTuning }, store, { monotonicMs: 0, wallMs: 0 });
});

/** @returns its leaf */
function put(path: string, isBad = false): number {
  const { hash, storeKey } = self.locate(keyOf(path));
  const record = encodeRecord(hash, emptyObject);
  if (isBad) record[record.length - 1]! ^= 1;
  store.tamper("objects", storeKey, record);
  return leafOf(hash);
}

function pagesOf(leaves: ReadonlySet<number> | undefined): LeafPage[] {
  const pages = [readLeafPage(self, tree, leaves, undefined)];
  while (pages.at(-1)!.end !== undefined) pages.push(readLeafPage(self, tree, leaves, pages.at(-1)!.end));
  return pages;
}

function keysIn(pages: readonly LeafPage[]): string[] {
  return pages.flatMap(({ states }) => states.map(({ key }) => formatKey(key)));
}

test("lists what lies under the leaves that were asked for, with its digest", () => {
  const leaf = put("carts/a");
  put("carts/b");
  const [page] = pagesOf(new Set([leaf]));
  const { hash, storeKey } = self.locate(keyOf("carts/a"));
  expect(page).toEqual({
    states: [{ key: keyOf("carts/a"), digest: digestOf(store.get("objects", storeKey)!) }],
    end: undefined,
  });
  expect(hash).toBe(hashKey(keyOf("carts/a")));
});

test("leaves out what is in another tree of the partition, and what cannot be read", () => {
  put("pairs/a");
  put("carts/bad", true);
  put("carts/good");
  expect(keysIn(pagesOf(undefined))).toEqual(["carts/good"]);
});

test("goes on behind a page that had nothing to list, until the partition ends", () => {
  // A partition of a million keys has a few hundred under each leaf: most pages are empty.
  const names = Array.from({ length: 1100 }, (_, at) => `carts/${at}`);
  for (const name of names) put(name);
  expect(pagesOf(new Set())).toHaveLength(3);
  expect(keysIn(pagesOf(undefined)).toSorted()).toEqual(names.toSorted());
});

test("costs the budget what it reads", () => {
  put("carts/a");
  while (self.background.take("anti-entropy", 1024 * 1024));
  self.background.refill({ monotonicMs: 100, wallMs: 0 }, false);
  for (let page = 0; page < 100_000; page++) readLeafPage(self, tree, undefined, undefined);
  expect(self.background.take("anti-entropy", 0)).toBe(false);
});
