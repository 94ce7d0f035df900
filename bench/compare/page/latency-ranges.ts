/** How long reads and writes of each setting take: from the median to the slowest of a thousand. */
import type { ChartDataset } from "chart.js";
import { showAmount } from "../amounts.ts";
import type { CellGroup, Row } from "../cell-group.ts";
import type { Latency } from "../results.ts";
import { barsHeightPx, labelOf } from "./bars.ts";
import { axis, baseOptions, Chart, fontFamily, overlay, roundValues } from "./charts.ts";
import type { Drawing, Picture, ReportColours } from "./gallery.ts";

const figurePx = 46;

const kinds = [
  { name: "reads", colour: "read" },
  { name: "writes", colour: "write" },
] as const;

/** Paler from piece to piece, as fewer requests are so slow. */
const pieces = [
  { from: "p50Ms", to: "p95Ms", alpha: "ff" },
  { from: "p95Ms", to: "p99Ms", alpha: "99" },
  { from: "p99Ms", to: "p999Ms", alpha: "44" },
] as const;

/** @returns `undefined` if no request succeeded */
export function latencyPicture({ rows, load }: CellGroup): Picture | undefined {
  const present = kinds.filter(({ name }) => rows.some(({ cell }) => cell.figures[name].count > 0));
  if (present.length === 0) return undefined;
  const from = load.kind === "open" ? ", from the moment at which a request was due" : "";
  return {
    title: "How long requests take",
    note: `From the median to p95 (full colour), p99 and p99.9 (palest)${from}; the figure is p99. The axis grows by factors.`,
    heightPx: barsHeightPx(rows, 18 * present.length + 8) + 24,
    draw: (canvas, colours) => drawRanges(canvas, rows, present, colours),
  };
}

function drawRanges(
  canvas: HTMLCanvasElement,
  rows: readonly Row[],
  present: readonly (typeof kinds)[number][],
  colours: ReportColours,
): Drawing {
  const times = rows
    .flatMap(({ cell }) => present.flatMap(({ name }) => timesOf(cell.figures[name])))
    .filter((ms) => ms > 0);
  const [min, max] = [Math.min(...times) / 1.15, Math.max(...times) * 1.1];
  const datasets = present.flatMap(({ name, colour }) =>
    pieces.map(({ from, to, alpha }): ChartDataset<"bar", ([number, number] | null)[]> => ({
      label: name,
      stack: name,
      data: rows.map(({ cell: { figures } }) =>
        figures[name].count === 0 ? null : [figures[name][from], figures[name][to]],
      ),
      backgroundColor: `${colours[colour]}${alpha}`,
      barPercentage: 0.85,
      categoryPercentage: 0.72,
      borderSkipped: false,
    })),
  );
  return new Chart(canvas, {
    type: "bar",
    data: { labels: rows.map((row) => labelOf(row)), datasets },
    options: {
      ...baseOptions,
      indexAxis: "y",
      layout: { padding: { right: figurePx } },
      scales: {
        x: {
          ...axis("milliseconds", colours),
          type: "logarithmic",
          stacked: false,
          min,
          max,
          afterBuildTicks: (scale) => (scale.ticks = roundValues(min, max).map((value) => ({ value }))),
          ticks: {
            color: colours.muted,
            callback: (value) => `${value}`,
            maxRotation: 0,
            autoSkip: true,
            autoSkipPadding: 8,
          },
        },
        y: { stacked: true, grid: { display: false }, ticks: { color: colours.text, autoSkip: false } },
      },
      plugins: {
        tooltip: { enabled: false },
        legend: {
          position: "top",
          align: "start",
          onClick: () => undefined,
          labels: {
            color: colours.text,
            boxWidth: 14,
            filter: ({ datasetIndex = 0 }) => datasetIndex % pieces.length === 0,
          },
        },
      },
    },
    plugins: [overlay("figures", (chart) => drawFigures(chart, rows, present, colours))],
  });
}

/** p99 behind the end of each range. */
function drawFigures(
  chart: Chart,
  rows: readonly Row[],
  present: readonly (typeof kinds)[number][],
  colours: ReportColours,
): void {
  const { ctx } = chart;
  ctx.save();
  ctx.fillStyle = colours.text;
  ctx.font = `11px ${fontFamily}`;
  ctx.textBaseline = "middle";
  for (const [place, { name }] of present.entries())
    for (const [at, bar] of chart.getDatasetMeta(place * pieces.length + pieces.length - 1).data.entries()) {
      const latency = rows[at]!.cell.figures[name];
      if (latency.count > 0) ctx.fillText(showAmount(latency.p99Ms), bar.x + 5, bar.y);
    }
  ctx.restore();
}

function timesOf({ count, p50Ms, p999Ms }: Latency): number[] {
  return count === 0 ? [] : [p50Ms, p999Ms];
}
