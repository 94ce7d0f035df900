/** Where the names of points go, so that they hide neither each other nor a point. */

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Between a point's middle and its name, and around points. */
const gapPx = 10;

/**
 * One box for each point, in their order: beside it if there is room, else further up or down.
 * @param sizes of the names
 */
export function placeLabels(
  points: readonly Point[],
  sizes: readonly Pick<Box, "width" | "height">[],
  area: Box,
): Box[] {
  const dots = points.map(({ x, y }) => ({ left: x - gapPx / 2, top: y - gapPx / 2, width: gapPx, height: gapPx }));
  const placed: Box[] = [];
  for (const [at, point] of points.entries()) {
    const others = dots.filter((_, other) => other !== at);
    const costOf = (box: Box, turn: number): number =>
      turn + 100 * overlaps(box, [...placed, ...others]) + 1000 * outside(box, area);
    const tried = candidates(point, sizes[at]!).map((box, turn) => ({ box, cost: costOf(box, turn) }));
    placed.push(tried.reduce((best, one) => (one.cost < best.cost ? one : best)).box);
  }
  return placed;
}

/** The nearest first. */
function candidates({ x, y }: Point, { width, height }: Pick<Box, "width" | "height">): Box[] {
  const rows = [0, -1, 1, -2, 2, -3, 3, -4, 4, -5, 5, -6, 6, -7, 7, -8, -9, -10, -11, -12];
  return rows.flatMap((row) => {
    const top = y - height / 2 + row * (height + 2);
    const lefts = row === 0 ? [x + gapPx, x - gapPx - width] : [x + gapPx, x - gapPx - width, x - width / 2];
    return lefts.map((left) => ({ left, top, width, height }));
  });
}

function overlaps(box: Box, others: readonly Box[]): number {
  return others.filter((other) => {
    const isBeside = box.left >= other.left + other.width || other.left >= box.left + box.width;
    const isAbove = box.top >= other.top + other.height || other.top >= box.top + box.height;
    return !isBeside && !isAbove;
  }).length;
}

/** How many pixels stick out. */
function outside(box: Box, area: Box): number {
  return (
    Math.max(0, area.left - box.left) +
    Math.max(0, area.top - box.top) +
    Math.max(0, box.left + box.width - area.left - area.width) +
    Math.max(0, box.top + box.height - area.top - area.height)
  );
}
