/** What lasts, behind everything else: whole lanes are shaded while a node is not itself, and bars stand beside them for the rest. */
import type { Lane } from "../recorded.ts";
import type { Colours } from "./colours.ts";
import type { Interval } from "./intervals.ts";
import type { Sheet } from "./sheet.ts";
import type { Spell } from "./spells.ts";

/** Of a lane's whole width: how dark. */
const shades: Readonly<Record<string, number>> = { down: 1, starting: 0.45, stopping: 0.6, paused: 0.28 };

interface Bar {
  readonly colour: keyof Colours;
  /** From the middle of the lane. */
  readonly x: number;
}

/** Whatever else may come is marked too. */
const otherBar: Bar = { colour: "muted", x: 21 };
const bars: Readonly<Record<string, Bar>> = {
  blocked: { colour: "cut", x: -9 },
  clogged: { colour: "pause", x: -15 },
  lossy: { colour: "warn", x: -21 },
  clock: { colour: "warn", x: 9 },
  "disk full": { colour: "bad", x: 15 },
  "disk broken": { colour: "bad", x: 15 },
};
const barPixels = 3.5;
const labelPixels = 12;

export function drawShades(sheet: Sheet, spells: readonly Interval<Spell>[]): void {
  for (const spell of spells)
    if (spell.thing.kind in shades) drawShade(sheet, spell);
    else drawBars(sheet, spell);
}

function drawShade(sheet: Sheet, { begin, end, thing: { kind, lanes, text } }: Interval<Spell>): void {
  const { context, colours, columns } = sheet;
  const [top, bottom] = [sheet.y(begin), sheet.y(end)];
  const width = columns.columnWidth - 10;
  for (const x of lanes.flatMap((lane) => columns.x(lane) ?? [])) {
    context.fillStyle = kind === "paused" ? colours.pause : colours.shade;
    context.globalAlpha = shades[kind]!;
    context.fillRect(x - width / 2, top, width, Math.max(2, bottom - top));
    context.globalAlpha = 1;
    sheet.labels.add({
      text,
      x: x - width / 2 + 5,
      y: stickyY(sheet, top, bottom),
      align: "left",
      colour: colours.muted,
      weight: 70,
      widthMax: width - 8,
    });
  }
}

/** Who is at the other end has a faint one. */
function drawBars(sheet: Sheet, { begin, end, thing }: Interval<Spell>): void {
  const [top, bottom] = [sheet.y(begin), sheet.y(end)];
  const bar = bars[thing.kind] ?? otherBar;
  for (const lane of thing.lanes) drawBar(sheet, thing, lane, [top, bottom], bar, 1);
  for (const lane of thing.others) drawBar(sheet, thing, lane, [top, bottom], bar, 0.28);
  // Below that of a shade which begins in the same step.
  label(sheet, thing, stickyY(sheet, top + labelPixels, bottom), bar);
}

function drawBar(
  { context, colours, columns, targets, view }: Sheet,
  spell: Spell,
  lane: Lane,
  [top, bottom]: readonly [number, number],
  bar: Bar,
  alpha: number,
): void {
  const middle = columns.x(lane);
  if (middle === undefined) return;
  const x = middle + bar.x;
  context.fillStyle = colours[bar.colour];
  context.globalAlpha = alpha;
  context.fillRect(x - barPixels / 2, top, barPixels, Math.max(2, bottom - top));
  context.globalAlpha = 1;
  targets.push({ from: [x, top], to: [x, bottom], step: spell.begin, text: view.words.spell(spell) });
}

/** Beside the first lane that it hits. */
function label({ labels, columns, colours, view }: Sheet, spell: Spell, y: number, bar: Bar): void {
  const [first] = spell.lanes.flatMap((lane) => columns.x(lane) ?? []);
  if (first === undefined) return;
  const isLeft = bar.x < 0;
  labels.add({
    text: spell.others.length === 0 ? spell.text : view.words.spell(spell),
    x: first + bar.x + (isLeft ? -5 : 5),
    y,
    align: isLeft && first > columns.width / 3 ? "right" : "left",
    colour: colours[bar.colour],
    weight: 65,
    widthMax: columns.width / 3,
  });
}

/** Where it begins, or at the top of the window while that is further up. */
function stickyY({ height }: Sheet, top: number, bottom: number): number {
  return Math.min(Math.max(top + 8, 10), Math.max(bottom - 4, top + 8), height);
}
