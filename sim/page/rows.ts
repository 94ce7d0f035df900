/** What goes across all lanes: the time in the margin, where the reader stands, what was looked for, and what was violated. */
import type { Step } from "../recorded.ts";
import { marginPixels } from "./columns.ts";
import { line, type Sheet } from "./sheet.ts";

const rowPixels = 13;
/** A pause that the even spacing hides is told. */
const pauseMs = 100;
const timeX = marginPixels - 14;

export function drawRows(sheet: Sheet): void {
  const { context, colours, columns, view, first, last } = sheet;
  const { cursor, matches } = view;
  for (const step of matches) if (step >= first && step <= last) drawBand(sheet, step, colours.found);
  drawBand(sheet, cursor, colours.cursor);
  drawTimes(sheet);
  context.strokeStyle = colours.cursor;
  context.lineWidth = 1;
  line(context, timeX + 6, sheet.y(cursor), columns.width, sheet.y(cursor));
}

export function drawViolations(sheet: Sheet): void {
  const { context, colours, columns, view, labels, targets } = sheet;
  for (const { step, invariant, sentence } of view.run.recorded.violations) {
    const y = sheet.y(step);
    context.strokeStyle = colours.bad;
    context.lineWidth = 2;
    line(context, 0, y, columns.width, y);
    const text = `${invariant}: ${view.words.sentence(sentence)}`;
    labels.add({ text, x: marginPixels, y: y + rowPixels, align: "left", colour: colours.bad, weight: 300 });
    targets.push({ from: [0, y], to: [columns.width, y], step, text });
  }
}

function drawBand(sheet: Sheet, step: Step, colour: string): void {
  const { context, columns } = sheet;
  context.fillStyle = colour;
  context.globalAlpha = 0.17;
  context.fillRect(0, sheet.y(step) - 8, columns.width, 16);
  context.globalAlpha = 1;
}

/** As many as have room; that of the cursor always. */
function drawTimes(sheet: Sheet): void {
  const { view, colours, labels, first, last } = sheet;
  const { timeline, cursor, words } = view;
  const label = { x: timeX, align: "right" } as const;
  labels.add({ ...label, text: words.time(cursor), y: sheet.y(cursor), colour: colours.cursor, weight: 200 });
  let lowest = -rowPixels;
  for (let place = timeline.placeOf(first); place <= timeline.placeOf(last); place++) {
    const step = timeline.steps[place];
    if (step === undefined || sheet.y(step) - lowest < rowPixels) continue;
    lowest = sheet.y(step);
    const text = pauseBefore(view, place) + words.time(step);
    labels.add({ ...label, text, y: lowest, colour: colours.muted, weight: 75 });
  }
}

function pauseBefore({ timeline, run, standing }: Sheet["view"], place: number): string {
  const [before, step] = [timeline.steps[place - 1], timeline.steps[place]];
  if (before === undefined || step === undefined || standing.spacing === "true") return "";
  return run.momentUs(step) - run.momentUs(before) >= 1000 * pauseMs ? "⋮ " : "";
}
