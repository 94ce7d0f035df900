// bench/compare/guarantee.ts: whether r and w overlap, what is on disk, and what becomes of concurrent puts.
import { expect, test } from "vitest";
import { guaranteeOf } from "../../../bench/compare/guarantee.ts";
import { gridOf, parseSetting } from "../../../bench/compare/setting.ts";

test("only where r and w overlap a get is promised to see every acknowledged put", () => {
  for (const setting of gridOf(parseSetting("n5"))) {
    const sentence = guaranteeOf(setting);
    const overlaps = setting.r + setting.w > setting.n;
    expect([sentence.includes("may miss"), sentence.includes("sees every")]).toEqual([!overlaps, overlaps]);
  }
});

test.each([
  ["r2 w2", "on 2 of 3 disks; a get asks 2 replicas and sees every acknowledged put, unless another node stands in"],
  ["r2 w2 strict", "sees every acknowledged put; concurrent puts are kept side by side."],
  ["r1 w3 dw1", "on 1 of 3 disks and in the memory of 2 more; a get asks 1 replica and"],
  ["r1 w1 dw0", "on no disk yet and in the memory of 1 more"],
  ["lww", "of concurrent puts the latest holds and the others are lost."],
])("%s", (setting, words) => {
  expect(guaranteeOf(parseSetting(setting))).toContain(words);
});
