// Keys are texts of one length, from which the number comes back.
import { expect, test } from "vitest";
import { makeRoomForTexts, numberOfKey, textOfKey } from "../../../bench/compare/key-texts.ts";

test.each([0, 7, 1_234_567_890])("%i", (key) => {
  expect(textOfKey(key)).toHaveLength(14);
  expect(numberOfKey(textOfKey(key))).toBe(key);
});

test("they are the same with room made for them", () => {
  const before = textOfKey(5);
  makeRoomForTexts(1000);
  expect(textOfKey(5)).toBe(before);
  expect(textOfKey(999)).toBe("user0000000999");
});
