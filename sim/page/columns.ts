/** Where the lanes stand, from left to right, behind a margin for the time. */
import type { Lane } from "../recorded.ts";

export const marginPixels = 104;
const columnPixelsMin = 74;
const columnPixelsMax = 230;
/** Behind the last lane, for what is written beside it. */
const restPixels = 100;

export class Columns {
  readonly lanes: readonly Lane[];
  readonly width: number;
  readonly columnWidth: number;
  readonly #places: ReadonlyMap<Lane, number>;

  /** @param width of the window: they share it, as far as they can */
  constructor(lanes: readonly Lane[], width: number) {
    this.lanes = lanes;
    this.#places = new Map(lanes.map((lane, place) => [lane, place]));
    const share = (width - marginPixels - restPixels) / Math.max(1, lanes.length);
    this.columnWidth = Math.min(columnPixelsMax, Math.max(columnPixelsMin, share));
    this.width = Math.max(width, marginPixels + this.columnWidth * lanes.length + restPixels);
  }

  /** The middle of a lane; `undefined`: it is not shown. */
  x(lane: Lane): number | undefined {
    const place = this.#places.get(lane);
    return place === undefined ? undefined : marginPixels + this.columnWidth * (place + 0.5);
  }
}
