// Numbers are shown in the unit that fits them; which it is, the field's name says.
import { describe, expect, test } from "vitest";
import { showBytes, showDuration, showField, showName } from "../../../../node/io/cli/units.ts";

test.each([
  [0, "0 B"],
  [1023, "1023 B"],
  [1024, "1 KB"],
  [1536, "1.5 KB"],
  [12 * 1024 + 100, "12 KB"],
  [5 * 1024 ** 3, "5 GB"],
  [9000 * 1024 ** 4, "9000 TB"],
])("%i bytes are %s", (bytes, text) => {
  expect(showBytes(bytes)).toBe(text);
});

test.each([
  [0, "0 ms"],
  [2.25, "2.3 ms"],
  [999, "999 ms"],
  [1500, "1.5 s"],
  [119_000, "119 s"],
  [180_000, "3 min"],
  [3 * 3_600_000, "3 h"],
  [3 * 86_400_000, "3 d"],
])("%d ms are %s", (ms, text) => {
  expect(showDuration(ms)).toBe(text);
});

describe("a field", () => {
  test.each<readonly [name: string, value: unknown, shown: string, words: string]>([
    ["oldestAgeMs", 61_000, "61 s", "oldest age"],
    ["lastRoundAtMs", 999_000, "1 s ago", "last round"],
    ["lastRoundSeconds n2", 181, "3 min", "last round n2"],
    ["antiEntropyBytes", 2048, "2 KB", "anti-entropy"],
    ["bytes", 2048, "2 KB", "bytes"],
    ["queuedBytesMax", 2048, "2 KB", "queued"],
    ["share", 0.25, "25 %", "share"],
    ["doneShare", 0.035, "3.5 %", "done"],
    ["treesReady", 12, "12", "trees ready"],
    ["perSecond", 0.123, "0.12", "per second"],
    ["isFresh", true, "yes", "is fresh"],
    ["isFresh", false, "no", "is fresh"],
    ["why", "slow", "slow", "why"],
    ["why", null, "–", "why"],
    ["freshPartitions", [1, 2, 3], "3", "fresh partitions"],
  ])("%s of %j", (name, value, shown, words) => {
    expect(showField(name, value, 1_000_000)).toBe(shown);
    expect(showName(name)).toBe(words);
  });
});
