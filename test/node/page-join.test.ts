/** node/page-join.ts: two lists in pages of any length, and every key in which they differ (design §7). */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { compareBytes } from "../../src/bytes.ts";
import type { KeyState } from "../../src/messages.ts";
import { PageJoin, PagedSide, type Difference } from "../../node/page-join.ts";

const keyBytes = fc.uint8Array({ minLength: 1, maxLength: 2, max: 5 });
const state = fc.record({ key: keyBytes, digest: fc.uint8Array({ minLength: 8, maxLength: 8, max: 1 }) });
const states = fc
  .uniqueArray(state, { selector: ({ key }) => key.join(","), maxLength: 20 })
  .map((list) => list.toSorted((a, b) => compareBytes(a.key, b.key)));

/** The next page of a list: some states, and an end that may lie beyond the last of them. */
function addPage(side: PagedSide, list: readonly KeyState[], length: number): void {
  const rest = list.filter(({ key }) => side.end === undefined || compareBytes(key, side.end) > 0);
  const page = rest.slice(0, length);
  const end = page.length === rest.length ? undefined : page.at(-1)!.key;
  expect(side.add({ states: page, end })).toBe(true);
}

function expected(mine: readonly KeyState[], theirs: readonly KeyState[]): Difference[] {
  const keys = [...mine, ...theirs].map(({ key }) => key).sort(compareBytes);
  const find = (list: readonly KeyState[], key: Uint8Array): Uint8Array | undefined =>
    list.find((one) => compareBytes(one.key, key) === 0)?.digest;
  return keys
    .filter((key, at) => at === 0 || compareBytes(keys[at - 1]!, key) !== 0)
    .filter((key) => find(mine, key)?.join() !== find(theirs, key)?.join())
    .map((key) => ({ key, theirs: find(theirs, key) }));
}

test("finds exactly the keys that differ, however the pages are cut", () => {
  fc.assert(
    fc.property(states, states, fc.infiniteStream(fc.integer({ min: 1, max: 5 })), (mine, theirs, lengths) => {
      const join = new PageJoin();
      const found: Difference[] = [];
      for (let steps = 0; !join.isOver; steps++) {
        expect(steps).toBeLessThan(100);
        if (join.mine.isAwaited) addPage(join.mine, mine, lengths.next().value);
        if (join.theirs.isAwaited) addPage(join.theirs, theirs, lengths.next().value);
        found.push(...join.take());
      }
      expect(found).toEqual(expected(mine, theirs));
    }),
  );
});

test("a list that does not go on is refused: its pages would never end", () => {
  const side = new PagedSide();
  const end = Uint8Array.of(5);
  expect(side.add({ states: [], end })).toBe(true);
  expect(side.add({ states: [], end })).toBe(false);
  expect(side.add({ states: [], end: Uint8Array.of(4) })).toBe(false);
  expect(side.add({ states: [], end: Uint8Array.of(6) })).toBe(true);
});

test("nothing is compared before both sides have told of it", () => {
  const join = new PageJoin();
  expect(join.mine.add({ states: [{ key: Uint8Array.of(1), digest: new Uint8Array(8) }], end: undefined })).toBe(true);
  expect(join.take()).toEqual([]);
  expect(join.isOver).toBe(false);
});
