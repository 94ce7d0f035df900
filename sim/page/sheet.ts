/** What is drawn on at one time: the part of a run that stands in the window, and what the pointer may find there. */
import type { RecordedFrame, Step } from "../recorded.ts";
import type { Colours } from "./colours.ts";
import type { Columns } from "./columns.ts";
import type { Labels } from "./labels.ts";
import type { View } from "./view.ts";

/** A line or a point that tells more of itself, and leads to a step. */
export interface Target {
  readonly from: readonly [x: number, y: number];
  readonly to: readonly [x: number, y: number];
  readonly step: Step;
  readonly frame?: RecordedFrame;
  readonly text: string;
}

export interface Sheet {
  readonly view: View;
  readonly context: CanvasRenderingContext2D;
  readonly colours: Colours;
  readonly columns: Columns;
  readonly labels: Labels;
  readonly targets: Target[];
  readonly height: number;
  /** Those that stand in the window, and one more at each end. */
  readonly first: Step;
  readonly last: Step;
  /** Whether there is so much in the window that words would only be in the way. */
  readonly isCrowded: boolean;
  /** How strongly messages are drawn: the fainter, the more there are, so that the rest can be seen through them. */
  readonly ink: number;
  /** Of a step, in the window. */
  y(step: Step): number;
}

export function line(context: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
}
