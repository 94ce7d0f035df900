/** node/background.ts: one budget for all background work, which yields to what is more important (design §7). */
import { beforeEach, expect, test } from "vitest";
import { Background, backgroundKinds, type BackgroundKind } from "../../node/background.ts";

const bytesPerSecond = 1000;
let background: Background;

beforeEach(() => {
  background = new Background(bytesPerSecond, at(0));
});

function at(ms: number): { monotonicMs: number; wallMs: number } {
  return { monotonicMs: ms, wallMs: ms };
}

/** How many bytes a kind gets before it is refused. */
function takeAll(kind: BackgroundKind): number {
  let taken = 0;
  while (background.take(kind, 10)) taken += 10;
  return taken;
}

test("each kind leaves a part of the bucket to those before it", () => {
  // Design §7: client > repair > hints > anti-entropy > scrub.
  for (const kind of backgroundKinds.toReversed()) expect(takeAll(kind)).toBe(250);
  expect(takeAll("repair")).toBe(0);
});

test("no more is spent than the rate allows, and a pause saves up one second at most", () => {
  expect(takeAll("repair")).toBe(1000);
  background.refill(at(100), false);
  expect(takeAll("repair")).toBe(100);
  background.refill(at(60_000), false);
  expect(takeAll("repair")).toBe(1000);
});

test("an overloaded node gives a tenth of it", () => {
  takeAll("repair");
  background.refill(at(1000), true);
  expect(takeAll("repair")).toBe(100);
});

test("what is larger than the bucket goes through once, and is paid off", () => {
  expect(background.take("scrub", 5000)).toBe(true);
  background.refill(at(3000), false);
  expect(background.take("repair", 1)).toBe(false);
  background.refill(at(5000), false);
  expect(background.take("repair", 1)).toBe(true);
});

test("what turned out larger is paid afterwards, whether or not there is enough", () => {
  background.spend(1500);
  background.refill(at(400), false);
  expect(background.take("repair", 1)).toBe(false);
  background.refill(at(600), false);
  expect(background.take("repair", 1)).toBe(true);
});

test("things in flight are bounded, and the more important ones have slots of their own", () => {
  const begin = (kind: BackgroundKind): number => {
    let begun = 0;
    while (background.begin(kind, 0)) begun++;
    return begun;
  };
  expect(backgroundKinds.toReversed().map(begin)).toEqual([16, 16, 16, 16]);
  background.end();
  expect(background.begin("scrub", 0)).toBe(false);
  expect(background.begin("repair", 0)).toBe(true);
});

test("giving back a slot that nobody has is a mistake", () => {
  expect(() => background.end()).toThrow("more background work");
});
