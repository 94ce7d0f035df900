/**
 * The picture of a run: time runs down, every node and client has a lane, messages cross from lane to lane. Only what stands in the
 * window is drawn, anew each time.
 */
import type { RecordedChange, RecordedFrame, RecordedMark, RecordedOperation } from "../recorded.ts";
import { drawArrows } from "./arrows.ts";
import { coloursOf, type Colours } from "./colours.ts";
import type { Columns } from "./columns.ts";
import { drawChanges, drawMarks, drawOperations } from "./happenings.ts";
import { Intervals } from "./intervals.ts";
import { Labels } from "./labels.ts";
import type { Spell } from "./spells.ts";
import { drawRows, drawViolations } from "./rows.ts";
import { drawShades } from "./shades.ts";
import { line, type Sheet, type Target } from "./sheet.ts";
import type { View } from "./view.ts";

/** More than this in the window, and only what matters most is labelled. */
const crowd = 260;
const inkMin = 0.15;
/** How far from a line the pointer still means it. */
const reachPixels = 7;

/** What stands in the window. */
export interface Shown {
  readonly messages: number;
  readonly operations: number;
  readonly fromMs: number;
  readonly untilMs: number;
}

export class Picture {
  readonly #canvas: HTMLCanvasElement;
  readonly #view: View;
  readonly #frames: Intervals<RecordedFrame>;
  readonly #operations: Intervals<RecordedOperation>;
  readonly #spells: Intervals<Spell>;
  readonly #changes: Intervals<RecordedChange>;
  readonly #marks: Intervals<RecordedMark>;
  #colours: Colours | undefined;
  #targets: readonly Target[] = [];

  constructor(canvas: HTMLCanvasElement, view: View) {
    this.#canvas = canvas;
    this.#view = view;
    const { recorded, steps } = view.run;
    const end = steps - 1;
    this.#frames = new Intervals(
      recorded.frames.map((thing) => ({ begin: thing.sent, end: thing.ended ?? thing.sent, thing })),
    );
    this.#operations = new Intervals(
      recorded.operations.map((thing) => ({ begin: thing.called, end: thing.returned ?? end, thing })),
    );
    this.#spells = new Intervals(
      view.run.spells.map((thing) => ({ begin: thing.begin, end: thing.end ?? end, thing })),
    );
    this.#changes = new Intervals(
      recorded.changes.map((thing) => ({ begin: thing.step, end: thing.durable ?? thing.step, thing })),
    );
    this.#marks = new Intervals(recorded.marks.map((thing) => ({ begin: thing.step, end: thing.step, thing })));
  }

  /** Day has become night, or night day. */
  forgetColours(): void {
    this.#colours = undefined;
  }

  /** @param top of the window, from the top of the timeline */
  draw(columns: Columns, top: number, height: number): Shown {
    const context = this.#prepare(columns.width, height);
    const sheet = this.#sheet(context, columns, top, height);
    drawRows(sheet);
    const { first, last } = sheet;
    drawShades(sheet, this.#spells.within(first, last));
    this.#drawLanes(sheet);
    const operations = drawOperations(sheet, this.#operations.within(first, last));
    const messages = drawArrows(sheet, this.#frames.within(first, last));
    drawChanges(
      sheet,
      this.#changes.within(first, last).map(({ thing }) => thing),
    );
    drawMarks(
      sheet,
      this.#marks.within(first, last).map(({ thing }) => thing),
    );
    drawViolations(sheet);
    sheet.labels.draw(context, sheet.colours.paper);
    this.#targets = sheet.targets;
    const { run } = this.#view;
    return { messages, operations, fromMs: run.momentUs(first) / 1000, untilMs: run.momentUs(last) / 1000 };
  }

  /** What lies under the pointer. */
  targetAt(x: number, y: number): Target | undefined {
    let [nearest, reach]: [Target | undefined, number] = [undefined, reachPixels];
    for (const target of this.#targets) {
      const distance = distanceTo(target, x, y);
      if (distance < reach) [nearest, reach] = [target, distance];
    }
    return nearest;
  }

  #prepare(width: number, height: number): CanvasRenderingContext2D {
    const ratio = window.devicePixelRatio;
    const canvas = this.#canvas;
    const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== wide) canvas.width = wide;
    if (canvas.height !== high) canvas.height = high;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    const context = canvas.getContext("2d")!;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    return context;
  }

  #sheet(context: CanvasRenderingContext2D, columns: Columns, top: number, height: number): Sheet {
    const view = this.#view;
    const { timeline } = view;
    const [firstPlace, lastPlace] = timeline.placesBetween(top, top + height);
    return {
      view,
      context,
      columns,
      height,
      labels: new Labels(columns.width),
      targets: [],
      colours: (this.#colours ??= coloursOf(this.#canvas)),
      first: timeline.steps[firstPlace] ?? 0,
      last: timeline.steps[lastPlace] ?? 0,
      isCrowded: lastPlace - firstPlace > crowd,
      ink: Math.max(inkMin, Math.min(1, (2 * crowd) / (lastPlace - firstPlace))),
      y: (step) => timeline.heightOf(step) - top,
    };
  }

  #drawLanes({ context, columns, colours, height, view }: Sheet): void {
    for (const lane of columns.lanes) {
      const x = columns.x(lane)!;
      context.strokeStyle = colours.line;
      context.lineWidth = view.run.nodes.includes(lane) ? 2 : 1;
      line(context, x, 0, x, height);
    }
  }
}

/** From the pointer to the nearest point of the line. */
function distanceTo({ from: [x1, y1], to: [x2, y2] }: Target, x: number, y: number): number {
  const [wide, high] = [x2 - x1, y2 - y1];
  const length = wide * wide + high * high;
  const share = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - x1) * wide + (y - y1) * high) / length));
  return Math.hypot(x - (x1 + share * wide), y - (y1 + share * high));
}
