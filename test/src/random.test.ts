/** src/random.ts: chance as a value (design §12: 32-bit generators, independent streams). */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Random } from "../../src/random.ts";

function draws(random: Random, count: number): number[] {
  return Array.from({ length: count }, () => random.next());
}

function low(x: bigint): bigint {
  return BigInt.asUintN(32, x);
}

/** sfc32 as PractRand describes it, in arithmetic without any 32-bit trick. */
function* sfc32(a: bigint, b: bigint, c: bigint): Generator<number> {
  for (let counter = 1n; ; counter++) {
    const drawn = low(a + b + counter);
    [a, b, c] = [b ^ (b >> 9n), low(c + (c << 3n)), low(((c << 21n) | (c >> 11n)) + drawn)];
    yield Number(drawn);
  }
}

test("the draws are those of sfc32 after twelve that nobody sees", () => {
  // Promise 6: the same seed gives the same run, on every machine and in every version to come.
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 32 - 1 }), fc.nat({ max: 2 ** 32 - 1 }), (seed, stream) => {
      const reference = sfc32(BigInt(seed), BigInt(stream), 0x9e37_79b9n);
      for (let round = 0; round < 12; round++) reference.next();
      const expected = Array.from({ length: 20 }, () => reference.next().value);
      expect(draws(new Random(seed, stream), 20)).toEqual(expected);
    }),
  );
});

test("every kind of draw stays in its range", () => {
  // The shapes that workloads and faults are drawn from.
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: -50, max: 50 }), fc.nat(100), (seed, from, span) => {
      const random = new Random(seed);
      for (let draw = 0; draw < 50; draw++) {
        expect(random.fraction()).toBeGreaterThanOrEqual(0);
        expect(random.fraction()).toBeLessThan(1);
        const between = random.between(from, from + span);
        expect(Number.isInteger(between) && from <= between && between <= from + span).toBe(true);
        expect(["x", "y"]).toContain(random.pick(["x", "y"]));
        expect(random.exponential(5)).toBeGreaterThanOrEqual(0);
        expect([random.chance(0), random.chance(1)]).toEqual([false, true]);
      }
    }),
    { numRuns: 20 },
  );
});

test("draws are spread evenly, and waiting times have their mean", () => {
  // A fixed seed, so this is a fact and not a chance.
  const random = new Random(1);
  const counts = Array<number>(8).fill(0);
  for (let draw = 0; draw < 8000; draw++) counts[random.between(0, 7)]!++;
  for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
  const mean = Array.from({ length: 10_000 }, () => random.exponential(20)).reduce((a, b) => a + b) / 10_000;
  expect(Math.abs(mean - 20)).toBeLessThan(1);
});

test("picking from nothing is loud", () => {
  // A broken invariant of ours.
  expect(() => new Random(1).pick([])).toThrow("picked from nothing");
});

test("an id has as many bytes as asked for, and any byte may come", () => {
  // Replica ids and client ids are binary strings.
  const id = new Random(1).binary(5000);
  expect(id).toHaveLength(5000);
  expect(new Set(id).size).toBe(256);
});

test("streams of two purposes are independent of each other and of each other's draws", () => {
  // Design §12: a new draw in one stream does not reshuffle the others.
  const [one, other] = [new Random(7), new Random(7)];
  const disk = draws(one.stream("disk:n1"), 5);
  const net = other.stream("net");
  draws(net, 100);
  expect(draws(other.stream("disk:n1"), 5)).toEqual(disk);
  expect(draws(new Random(7).stream("net"), 5)).not.toEqual(disk);
  expect(draws(new Random(8).stream("disk:n1"), 5)).not.toEqual(disk);
});

test("a stream is the same, whatever was drawn from its parent before", () => {
  // src/random.ts: a new draw in one place must not reshuffle the others.
  const [fresh, used] = [new Random(7), new Random(7)];
  used.next();
  expect(used.stream("net").next()).toBe(fresh.stream("net").next());
});
