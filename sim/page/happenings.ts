/** What is drawn on the lanes themselves: clients' calls, what nodes hold, and remarks. */
import type { Lane, RecordedChange, RecordedMark, RecordedOperation } from "../recorded.ts";
import type { Colours } from "./colours.ts";
import { isShown } from "./filter.ts";
import type { Interval } from "./intervals.ts";
import { line, type Sheet } from "./sheet.ts";

const barPixels = 9;
const marks: Readonly<Record<string, readonly [sign: string, colour: keyof Colours]>> = {
  crashed: ["✖", "bad"],
  stopped: ["■", "muted"],
  start: ["▲", "good"],
  damage: ["⚡", "bad"],
  strike: ["◆", "warn"],
};
/** From a node's log. */
const noteMark = ["◇", "muted"] as const;

/** @returns how many there are */
export function drawOperations(sheet: Sheet, operations: readonly Interval<RecordedOperation>[]): number {
  const shown = operations.filter(({ thing }) => isShown({ what: "called", operation: thing }, sheet.view.filter));
  for (const interval of shown) drawOperation(sheet, interval);
  return shown.length;
}

/** What nodes hold, where it changes; and until when it was not on the disk. */
export function drawChanges(sheet: Sheet, changes: readonly RecordedChange[]): void {
  for (const change of changes) if (isShown({ what: "changed", change }, sheet.view.filter)) drawChange(sheet, change);
}

export function drawMarks(sheet: Sheet, all: readonly RecordedMark[]): void {
  for (const mark of all) {
    if (!isShown({ what: "mark", mark }, sheet.view.filter)) continue;
    if (mark.lanes.length === 0) drawAcross(sheet, mark);
    else for (const lane of mark.lanes) drawMark(sheet, mark, lane);
  }
}

function drawOperation(sheet: Sheet, { begin, end, thing }: Interval<RecordedOperation>): void {
  const { context, colours, columns, view } = sheet;
  const x = columns.x(thing.client);
  if (x === undefined) return;
  const [top, bottom] = [sheet.y(begin), Math.max(sheet.y(end), sheet.y(begin) + 6)];
  const colour = colourOf(thing, colours);
  const isAside = view.filter.key !== undefined && view.filter.key !== thing.key;
  context.fillStyle = colour;
  context.globalAlpha = isAside || thing.outcome === "pending" ? 0.4 : 1;
  context.beginPath();
  context.roundRect(x - barPixels / 2, top, barPixels, bottom - top, 3);
  context.fill();
  context.globalAlpha = 1;
  const { words } = view;
  const text = `${words.lane(thing.client)}: ${words.operation(thing, false)} → ${words.outcome(thing)} (${thing.asked})`;
  sheet.targets.push({ from: [x, top], to: [x, bottom], step: begin, text });
  if (sheet.isCrowded) return;
  const isOnlyKey = view.filter.isOnlyKey;
  const label = { x: x - barPixels, align: "right", widthMax: columns.columnWidth * 1.1 } as const;
  const weight = isAside ? 15 : 50;
  sheet.labels.add({ ...label, text: words.operation(thing, isOnlyKey), y: top + 4, colour: colours.text, weight });
  if (thing.returned !== undefined)
    sheet.labels.add({ ...label, text: words.outcome(thing), y: bottom - 2, colour, weight: weight - 5 });
}

function colourOf({ outcome }: RecordedOperation, colours: Colours): string {
  if (outcome === "ok") return colours.good;
  return outcome === "none" ? colours.muted : colours.warn;
}

function drawChange(sheet: Sheet, change: RecordedChange): void {
  const { context, colours, columns, view } = sheet;
  const x = columns.x(change.node);
  if (x === undefined) return;
  const y = sheet.y(change.step);
  const isFollowed = change.key === view.filter.key;
  const isHint = change.target !== undefined;
  context.fillStyle = context.strokeStyle = isFollowed ? colours.text : colours.muted;
  context.lineWidth = 1.5;
  if (isFollowed && change.durable !== undefined) drawUnsynced(sheet, x, y, sheet.y(change.durable));
  context.strokeStyle = isFollowed ? colours.text : colours.muted;
  context.beginPath();
  context.arc(x, y, isFollowed ? 4 : 2, 0, 2 * Math.PI);
  if (!isHint && change.state !== undefined) context.fill();
  else {
    context.save();
    context.fillStyle = colours.paper;
    context.fill();
    context.restore();
    context.stroke();
  }
  const text = view.words.happening({ what: "changed", change });
  sheet.targets.push({ from: [x, y], to: [x, y], step: change.step, text });
  if (!isFollowed || sheet.isCrowded) return;
  const hint = isHint ? `hint for ${view.words.lane(change.target)}: ` : "";
  sheet.labels.add({
    text: hint + (change.state === undefined ? "gone" : view.words.state(change.state)),
    x: x + 8,
    y,
    align: "left",
    colour: change.state === "bad" ? colours.bad : colours.text,
    weight: change.step === view.cursor ? 110 : 55,
    widthMax: columns.columnWidth * 1.2,
  });
}

/** A crash in between would take it away. */
function drawUnsynced({ context, colours }: Sheet, x: number, top: number, bottom: number): void {
  context.strokeStyle = colours.warn;
  context.setLineDash([2, 2]);
  line(context, x + 2, top, x + 2, bottom);
  context.setLineDash([]);
}

function drawMark(sheet: Sheet, mark: RecordedMark, lane: Lane): void {
  const { context, colours, columns, view } = sheet;
  const x = columns.x(lane);
  if (x === undefined) return;
  const y = sheet.y(mark.step);
  const [sign, colour] = marks[mark.kind] ?? noteMark;
  context.font = "13px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillStyle = colours[colour];
  context.fillText(sign, x, y);
  sheet.targets.push({ from: [x, y], to: [x, y], step: mark.step, text: view.words.happening({ what: "mark", mark }) });
  if (sheet.isCrowded) return;
  const isFaint = marks[mark.kind] === undefined;
  sheet.labels.add({
    text: view.words.sentence(mark.text),
    x: x + 9,
    y,
    align: "left",
    colour: isFaint ? colours.muted : colours[colour],
    weight: isFaint ? 25 : 80,
    widthMax: columns.columnWidth * 1.4,
  });
}

function drawAcross(sheet: Sheet, mark: RecordedMark): void {
  const { context, colours, columns, view } = sheet;
  const y = sheet.y(mark.step);
  context.strokeStyle = colours.good;
  context.setLineDash([2, 4]);
  context.lineWidth = 1;
  line(context, 0, y, columns.width, y);
  context.setLineDash([]);
  const text = view.words.sentence(mark.text);
  sheet.labels.add({ text, x: columns.width - 12, y, align: "right", colour: colours.good, weight: 90 });
}
