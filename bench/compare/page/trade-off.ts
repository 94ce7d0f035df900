/** Latency against consistency: each setting is a point, and what is to the left of others and below them is better. */
import { showShare } from "../amounts.ts";
import type { CellGroup, Row } from "../cell-group.ts";
import type { Advice } from "../results.ts";
import { nameOf } from "../setting.ts";
import { wrapWords } from "../word-wrap.ts";
import { axis, baseOptions, Chart, fontFamily, overlay, roundValues } from "./charts.ts";
import type { Drawing, Picture, ReportColours } from "./gallery.ts";
import { placeLabels } from "./label-places.ts";

type Kind = "reads" | "writes";

/** @returns `undefined` where there are no two points to compare, or where nothing was stale */
export function tradeOffPicture({ rows }: CellGroup, kind: Kind, advice: Advice | undefined): Picture | undefined {
  const shown = rows.filter(({ cell: { figures } }) => figures.writes.count > 0 && figures.consistency.reads > 0);
  if (shown.length < 2 || shown.every(({ cell }) => cell.figures.consistency.stale === 0)) return undefined;
  const one = kind === "reads" ? "read" : "write";
  return {
    title: `What faster ${kind} cost in consistency`,
    note: `Slow ${kind} (p99) against stale reads, each point a setting: best is at the lower left. Where no read was stale, the point stands on the lowest line.`,
    heightPx: 340,
    draw: (canvas, colours) => drawScatter(canvas, shown, { kind, one, advice }, colours),
  };
}

function drawScatter(
  canvas: HTMLCanvasElement,
  rows: readonly Row[],
  { kind, one, advice }: { readonly kind: Kind; readonly one: string; readonly advice: Advice | undefined },
  colours: ReportColours,
): Drawing {
  const times = rows.map(({ cell }) => cell.figures[kind].p99Ms);
  const shares = shareAxis(rows.map(({ cell }) => cell.figures.consistency.staleShare));
  const [min, max] = [Math.min(...times) / 1.25, Math.max(...times) * 1.25];
  const isAdvised = (row: Row): boolean => isTheAdvised(row, advice);
  return new Chart(canvas, {
    type: "scatter",
    data: {
      datasets: [
        {
          data: rows.map(({ cell }) => ({
            x: cell.figures[kind].p99Ms,
            y: shares.placeOf(cell.figures.consistency.staleShare),
          })),
          backgroundColor: rows.map(({ cell }) => (cell.system === "coterie" ? colours.client : colours.warn)),
          borderColor: rows.map((row) => (isAdvised(row) ? colours.text : colours.paper)),
          borderWidth: rows.map((row) => (isAdvised(row) ? 2 : 1)),
          pointStyle: rows.map(({ cell }) => (cell.system === "coterie" ? "circle" : "rectRot")),
          pointRadius: rows.map((row) => (isAdvised(row) ? 7 : 5.5)),
          clip: false,
        },
      ],
    },
    options: {
      ...baseOptions,
      layout: { padding: { right: 12 } },
      scales: {
        x: {
          ...axis(`p99 of ${kind}, milliseconds: 99 of 100 take at most so long`, colours),
          type: "logarithmic",
          min,
          max,
          afterBuildTicks: (scale) => (scale.ticks = roundValues(min, max).map((value) => ({ value }))),
          ticks: { color: colours.muted, callback: (value) => `${value}`, maxRotation: 0, autoSkipPadding: 8 },
        },
        y: {
          ...axis("share of reads that are stale", colours),
          type: "logarithmic",
          min: shares.min,
          max: shares.max,
          afterBuildTicks: (scale) => (scale.ticks = shares.ticks.map((value) => ({ value }))),
          ticks: { color: colours.muted, callback: (value) => shares.show(Number(value)), autoSkip: false },
        },
      },
      plugins: {
        legend: { display: false },
        tooltip: {
          displayColors: false,
          callbacks: {
            label: ({ dataIndex }) =>
              `${rows[dataIndex]!.name}: ${one} p99 ${times[dataIndex]!.toPrecision(3)} ms, ${showShare(rows[dataIndex]!.cell.figures.consistency.staleShare)} stale`,
          },
        },
      },
    },
    plugins: [overlay("names", (chart) => drawNames(chart, rows, isAdvised, colours))],
  });
}

interface ShareAxis {
  readonly min: number;
  readonly max: number;
  readonly ticks: readonly number[];
  placeOf(share: number): number;
  show(tick: number): string;
}

/** Grows by factors of ten. None at all has no place on such an axis, and gets one below the smallest share that was seen. */
function shareAxis(all: readonly number[]): ShareAxis {
  const seen = all.filter((share) => share > 0);
  const lowest = seen.length === 0 ? 0.001 : 10 ** Math.floor(Math.log10(Math.min(...seen)));
  const highest = seen.length === 0 ? 0.01 : 10 ** Math.ceil(Math.log10(Math.max(...seen) * 1.2));
  const none = lowest / 10;
  const powers = Array.from({ length: Math.round(Math.log10(highest / lowest)) + 1 }, (_, at) => lowest * 10 ** at);
  return {
    min: none / 1.7,
    max: Math.max(highest, lowest * 10),
    ticks: [none, ...powers],
    placeOf: (share) => (share > 0 ? share : none),
    show: (tick) => (tick === none ? "none" : showShare(tick)),
  };
}

function drawNames(chart: Chart, rows: readonly Row[], isAdvised: (row: Row) => boolean, colours: ReportColours): void {
  const { ctx, chartArea } = chart;
  const points = chart.getDatasetMeta(0).data.map(({ x, y }) => ({ x, y }));
  const names = rows.map(({ name }) => wrapWords(name, 22));
  ctx.save();
  ctx.textBaseline = "top";
  const fontOf = (at: number): string => `${isAdvised(rows[at]!) ? "bold " : ""}12px ${fontFamily}`;
  const sizes = names.map((lines, at) => {
    ctx.font = fontOf(at);
    return { width: Math.max(...lines.map((line) => ctx.measureText(line).width)), height: lines.length * 14 };
  });
  const { left, top, width, height } = chartArea;
  const places = placeLabels(points, sizes, { left, top, width, height });
  for (const [at, place] of places.entries()) {
    drawLeader(ctx, points[at]!, place, colours);
    ctx.fillStyle = colours.text;
    ctx.font = fontOf(at);
    for (const [line, text] of names[at]!.entries()) ctx.fillText(text, place.left, place.top + line * 14 + 1);
  }
  ctx.restore();
}

/** From a point to a name that is not beside it. */
function drawLeader(
  ctx: CanvasRenderingContext2D,
  { x, y }: { readonly x: number; readonly y: number },
  place: { readonly left: number; readonly top: number; readonly width: number; readonly height: number },
  colours: ReportColours,
): void {
  const isBeside = y >= place.top && y <= place.top + place.height;
  if (isBeside) return;
  ctx.strokeStyle = colours.quiet;
  ctx.lineWidth = 0.8;
  ctx.beginPath();
  ctx.moveTo(x, place.top < y ? y - 6 : y + 6);
  ctx.lineTo(
    Math.min(Math.max(x, place.left), place.left + place.width),
    place.top < y ? place.top + place.height : place.top,
  );
  ctx.stroke();
}

export function isTheAdvised({ cell }: Row, advice: Advice | undefined): boolean {
  return cell.system === "coterie" && advice?.setting !== undefined && nameOf(cell.setting) === nameOf(advice.setting);
}
