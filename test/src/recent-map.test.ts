// What is bounded by it forgets only what was not set lately (src/recent-map.ts).
import { describe, expect, it } from "vitest";
import { RecentMap } from "../../src/recent-map.ts";

function filled(generationMax: number, count: number): RecentMap<number, string> {
  const map = new RecentMap<number, string>(generationMax);
  for (let at = 1; at <= count; at++) map.set(at, `value ${at}`);
  return map;
}

function known(map: RecentMap<number, string>): number[] {
  return Array.from({ length: 100 }, (_, at) => at).filter((at) => map.get(at) !== undefined);
}

describe("RecentMap", () => {
  it("gives back what was set last", () => {
    const map = filled(3, 2);
    map.set(1, "another");
    expect(map.get(1)).toBe("another");
    expect(map.get(2)).toBe("value 2");
    expect(map.get(3)).toBeUndefined();
  });

  it("forgets a generation when the next but one begins", () => {
    expect(known(filled(3, 6))).toEqual([1, 2, 3, 4, 5, 6]);
    expect(known(filled(3, 7))).toEqual([4, 5, 6, 7]);
  });

  it("keeps what is set again", () => {
    const map = filled(3, 4);
    map.set(1, "again");
    for (let at = 5; at <= 7; at++) map.set(at, `value ${at}`);
    expect(known(map)).toEqual([1, 4, 5, 6, 7]);
    expect(map.get(1)).toBe("again");
  });

  it("keeps what is used, and not what is only looked at", () => {
    const map = filled(3, 5);
    expect([map.use(1), map.get(2), map.use(4), map.use(9)]).toEqual(["value 1", "value 2", "value 4", undefined]);
    for (let at = 6; at <= 7; at++) map.set(at, `value ${at}`);
    expect(known(map)).toEqual([1, 4, 5, 6, 7]);
  });

  it("begins no generation for a key that the young one has", () => {
    const map = filled(3, 6);
    map.set(4, "again");
    expect(known(map)).toEqual([1, 2, 3, 4, 5, 6]);
  });
});
