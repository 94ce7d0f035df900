/** How a network falls apart: which ways are blocked. */
import type { Random } from "../src/random.ts";
import type { Way } from "./fault.ts";

/**
 * One alone, two halves, or a ring of majorities: each end still talks to its neighbours, most of all, and no two of the ends see
 * the same others.
 * @param isOneWay only what the first part sends is lost
 */
export function drawCut(random: Random, ends: readonly string[], isOneWay: boolean): readonly Way[] {
  const shape = random.pick(["alone", "halves", "halves", "ring"] as const);
  if (shape === "ring") return ringCut(ends, isOneWay);
  const alone = random.pick(ends);
  const inside = ends.filter((end) => (shape === "alone" ? end === alone : random.chance(0.5)));
  const outside = ends.filter((end) => !inside.includes(end));
  return isOneWay ? waysFrom(inside, outside) : waysBetween(inside, outside);
}

/** Both directions. */
export function waysBetween(some: readonly string[], others: readonly string[]): readonly Way[] {
  return [...waysFrom(some, others), ...waysFrom(others, some)];
}

export function waysFrom(some: readonly string[], others: readonly string[]): readonly Way[] {
  return some.flatMap((from) => others.filter((to) => to !== from).map((to) => [from, to] as const));
}

/** Every end loses those that are farthest from it, a minority. */
function ringCut(ends: readonly string[], isOneWay: boolean): readonly Way[] {
  const lost = Math.floor((ends.length - 1) / 2);
  const first = Math.ceil((ends.length - lost) / 2);
  const ways = ends.flatMap((from, at) =>
    Array.from({ length: lost }, (_, step) => [from, ends[(at + first + step) % ends.length]!] as const),
  );
  return isOneWay ? ways : ways.flatMap(bothWays).filter(isFirst);
}

function bothWays([from, to]: Way): readonly Way[] {
  return [[from, to] as const, [to, from] as const];
}

function isFirst([from, to]: Way, at: number, ways: readonly Way[]): boolean {
  return ways.findIndex((way) => way[0] === from && way[1] === to) === at;
}
