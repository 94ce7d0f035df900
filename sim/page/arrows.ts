/** Messages, from the lane and step where they are sent to those where they arrive; what gets lost ends in a cross. */
import type { RecordedFrame, RecordedMessage } from "../recorded.ts";
import type { Colours } from "./colours.ts";
import { groupOf, messagesShown } from "./filter.ts";
import type { Interval } from "./intervals.ts";
import { line, type Sheet } from "./sheet.ts";

/** From an arrow's tip to the middle of the lane. */
const gapPixels = 5;
const headPixels = 6;
const crossPixels = 4;
/** How far something gets that is lost at once: this much of its way, this far down. */
const lostShare = 0.45;
const lostPixels = 9;
const labelPixelsMin = 190;

interface Arrow {
  readonly frame: RecordedFrame;
  readonly messages: readonly RecordedMessage[];
  readonly from: readonly [x: number, y: number];
  readonly to: readonly [x: number, y: number];
  readonly colour: string;
  /** It belongs to the step at which the reader stands. */
  readonly isHot: boolean;
}

/** @returns how many there are */
export function drawArrows(sheet: Sheet, frames: readonly Interval<RecordedFrame>[]): number {
  const arrows = frames.flatMap(({ thing }) => arrowOf(sheet, thing) ?? []);
  for (const arrow of arrows.filter(({ isHot }) => !isHot)) draw(sheet, arrow);
  for (const arrow of arrows.filter(({ isHot }) => isHot)) draw(sheet, arrow);
  return arrows.length;
}

function arrowOf(sheet: Sheet, frame: RecordedFrame): Arrow | undefined {
  const { view, columns } = sheet;
  const messages = messagesShown(frame, view.filter);
  const [left, right] = [columns.x(frame.from), columns.x(frame.to)];
  if (messages.length === 0 || left === undefined || right === undefined) return undefined;
  const direction = Math.sign(right - left);
  const isHot = [frame.sent, frame.ended].includes(view.cursor) || view.standing.frame === frame;
  const [from, top] = [left + direction * gapPixels, sheet.y(frame.sent)];
  const to: [number, number] =
    frame.ended === undefined
      ? [left + (right - left) * lostShare, top + lostPixels]
      : [right - direction * gapPixels, sheet.y(frame.ended)];
  return { frame, messages, from: [from, top], to, colour: colourOf(messages[0]!, sheet.colours), isHot };
}

function draw(sheet: Sheet, arrow: Arrow): void {
  const { context, view, colours } = sheet;
  const { frame, messages, from, to, isHot } = arrow;
  const isAside = !isHot && view.filter.key !== undefined && !messages.some((one) => isAbout(one, view.filter.key!));
  const isAnswer = messages.every(isReply);
  context.globalAlpha = isHot ? 1 : sheet.ink * (isAside ? 0.4 : isAnswer ? 0.75 : 0.95);
  context.strokeStyle = context.fillStyle = arrow.colour;
  context.lineWidth = isHot ? 2.4 : isAnswer ? 1 : 1.4;
  context.setLineDash(isAnswer ? [5, 3] : []);
  line(context, ...from, ...to);
  context.setLineDash([]);
  if (frame.lost !== undefined) cross(context, to, colours.bad);
  else if (frame.ended !== undefined) head(context, from, to);
  context.globalAlpha = 1;
  const text = view.words.frame(frame);
  sheet.targets.push({ from, to, step: frame.ended ?? frame.sent, frame, text });
  if (isHot || !sheet.isCrowded) label(sheet, arrow, isAside);
}

function label(sheet: Sheet, { frame, messages, from, to, colour, isHot }: Arrow, isAside: boolean): void {
  const { view, labels } = sheet;
  const more = messages.length > 1 ? ` +${messages.length - 1}` : "";
  const isLost = frame.lost !== undefined && frame.ended === undefined;
  labels.add({
    text: view.words.messageInShort(messages[0]!, view.filter.isOnlyKey) + more + (isLost ? ` (${frame.lost})` : ""),
    x: (from[0] + to[0]) / 2,
    y: (from[1] + to[1]) / 2,
    align: "center",
    colour: isAside ? sheet.colours.muted : colour,
    weight: isHot ? 100 : weightOf(messages[0]!) - (isAside ? 20 : 0),
    widthMax: Math.max(labelPixelsMin, Math.abs(to[0] - from[0]) - 2 * headPixels),
  });
}

function colourOf({ kind }: RecordedMessage, colours: Colours): string {
  if (kind === "Failure" || kind === "Cut off") return colours.bad;
  if (kind.startsWith("ReplicaGet")) return colours.read;
  const group = groupOf(kind);
  return group === "requests" ? colours.client : group === "replicas" ? colours.write : colours.quiet;
}

function weightOf({ kind }: RecordedMessage): number {
  if (kind === "Failure") return 60;
  if (groupOf(kind) === "background") return 5;
  return kind.endsWith("Reply") ? 30 : 40;
}

function isReply({ kind }: RecordedMessage): boolean {
  return kind.endsWith("Reply") || kind === "Failure";
}

function isAbout({ keys = [] }: RecordedMessage, key: number): boolean {
  return keys.includes(key);
}

function head(context: CanvasRenderingContext2D, [x1, y1]: Arrow["from"], [x2, y2]: Arrow["to"]): void {
  const angle = Math.atan2(y2 - y1, x2 - x1);
  context.beginPath();
  context.moveTo(x2, y2);
  for (const side of [-0.42, 0.42])
    context.lineTo(x2 - headPixels * Math.cos(angle + side), y2 - headPixels * Math.sin(angle + side));
  context.fill();
}

function cross(context: CanvasRenderingContext2D, [x, y]: Arrow["to"], colour: string): void {
  context.strokeStyle = colour;
  context.lineWidth = 2;
  line(context, x - crossPixels, y - crossPixels, x + crossPixels, y + crossPixels);
  line(context, x - crossPixels, y + crossPixels, x + crossPixels, y - crossPixels);
}
