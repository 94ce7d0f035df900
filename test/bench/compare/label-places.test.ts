// Names of points hide neither each other nor points while there is room, and stay within the chart.
import { expect, it } from "vitest";
import { placeLabels, type Box } from "../../../bench/compare/page/label-places.ts";

const area = { left: 50, top: 10, width: 500, height: 300 };
const size = { width: 90, height: 14 };

it("stands to the right of a point that is alone", () => {
  expect(placeLabels([{ x: 100, y: 100 }], [size], area)).toEqual([{ left: 110, top: 93, ...size }]);
});

it("stands to the left where there is no room to the right", () => {
  expect(placeLabels([{ x: 530, y: 100 }], [size], area)).toEqual([{ left: 430, top: 93, ...size }]);
});

it.each([
  ["at one place", Array.from({ length: 6 }, () => ({ x: 300, y: 150 }))],
  ["in a row at the bottom", Array.from({ length: 8 }, (_, at) => ({ x: 100 + at * 30, y: 305 }))],
  ["at the right edge", Array.from({ length: 5 }, (_, at) => ({ x: 545, y: 40 + at * 3 }))],
])("hides nothing where points are %s", (_, points) => {
  const places = placeLabels(
    points,
    points.map(() => size),
    area,
  );
  const pairs = places.flatMap((one, at) => places.slice(at + 1).map((other) => [one, other] as const));
  expect(pairs.filter(([one, other]) => doOverlap(one, other))).toEqual([]);
  expect(
    places.filter((place, at) => points.some((point, other) => other !== at && doOverlap(place, dotAt(point)))),
  ).toEqual([]);
  expect(places.filter(({ left, width }) => left < area.left || left + width > area.left + area.width)).toEqual([]);
});

function dotAt({ x, y }: { readonly x: number; readonly y: number }): Box {
  return { left: x - 1, top: y - 1, width: 2, height: 2 };
}

function doOverlap(one: Box, other: Box): boolean {
  const across = one.left < other.left + other.width && other.left < one.left + one.width;
  return across && one.top < other.top + other.height && other.top < one.top + one.height;
}
