/** What happened while a node was away or a link was slow: strips that share their time. */
import { element } from "../../../sim/page/element.ts";
import { showAmount, showCount, showShare } from "../amounts.ts";
import { phasesOf, pieceMsOf, showFaultRun, type Phase } from "../fault-phases.ts";
import type { FaultRun, Instant } from "../results.ts";
import type { Scale } from "chart.js";
import { axis, baseOptions, Chart, fontFamily, underlay } from "./charts.ts";
import { figureTable, type TableColumn } from "./figure-table.ts";
import type { Drawing, Gallery, Picture, ReportColours } from "./gallery.ts";

/** So that the strips' times stand below each other. */
const axisPx = 66;

interface Line {
  readonly name: string;
  readonly colour: "client" | "read" | "bad" | "quiet" | "warn" | "text";
  readonly amountOf: (piece: Instant) => number;
}

interface Strip {
  readonly unit: string;
  readonly lines: readonly Line[];
  readonly kind: "rate" | "time" | "count";
}

const strips: readonly Strip[] = [
  {
    unit: "per s",
    kind: "rate",
    lines: [{ name: "requests per second", colour: "client", amountOf: ({ perSecond }) => perSecond }],
  },
  {
    unit: "ms",
    kind: "time",
    lines: [
      { name: "p99", colour: "read", amountOf: ({ p99Ms }) => p99Ms },
      { name: "p50", colour: "quiet", amountOf: ({ p50Ms }) => p50Ms },
    ],
  },
  {
    unit: "requests",
    kind: "count",
    lines: [
      { name: "failed", colour: "bad", amountOf: ({ failed }) => failed },
      { name: "unknown", colour: "quiet", amountOf: ({ unknown }) => unknown },
    ],
  },
  { unit: "reads", kind: "count", lines: [{ name: "stale reads", colour: "warn", amountOf: ({ stale }) => stale }] },
];

/** @returns `undefined` if there were no fault runs */
export function faultSection(runs: readonly FaultRun[], gallery: Gallery): HTMLElement | undefined {
  if (runs.length === 0) return undefined;
  return element(
    "section",
    { id: "faults" },
    element("h2", {}, "Faults", element("small", {}, "under a steady load")),
    ...runs.flatMap((run) => [
      ...(run.timeline.length === 0 ? [] : [gallery.hang(...strips.map((strip, at) => stripPicture(run, strip, at)))]),
      phaseTable(run),
    ]),
  );
}

function stripPicture(run: FaultRun, strip: Strip, at: number): Picture {
  const isLast = at === strips.length - 1;
  return {
    title: showFaultRun(run),
    note: `Requests, latency, failures and stale reads over time; the fault lasts as long as the shade. ${whileItLasts(run)}`,
    heightPx: isLast ? 144 : 118,
    draw: (canvas, colours) => drawStrip(canvas, run, strip, { isFirst: at === 0, isLast }, colours),
  };
}

function drawStrip(
  canvas: HTMLCanvasElement,
  { timeline, faultFromMs, faultToMs, fault }: FaultRun,
  { unit, lines, kind }: Strip,
  { isFirst, isLast }: { readonly isFirst: boolean; readonly isLast: boolean },
  colours: ReportColours,
): Drawing {
  const isCount = kind === "count";
  const pieceMs = pieceMsOf(timeline) || faultToMs - faultFromMs;
  const datasets = lines.map(({ name, colour, amountOf }) => ({
    type: isCount ? ("bar" as const) : ("line" as const),
    label: name,
    data: timeline.map((piece) => ({ x: (piece.atMs + pieceMs / 2) / 1000, y: placeOf(kind, amountOf(piece)) })),
    borderColor: colours[colour],
    backgroundColor: colours[colour],
    borderWidth: isCount ? 0 : 1.8,
    pointRadius: timeline.length === 1 ? 3 : 0,
    barPercentage: 1,
    categoryPercentage: 0.9,
    stack: isCount ? "counts" : name,
  }));
  return new Chart<"bar" | "line", { x: number; y: number | null }[]>(canvas, {
    type: isCount ? "bar" : "line",
    data: { datasets },
    options: {
      ...baseOptions,
      layout: { autoPadding: false, padding: { left: 4, right: 14, bottom: 2, top: 2 } },
      scales: {
        x: {
          ...axis("seconds since the run began", colours),
          grid: { color: colours.shade, offset: false },
          title: { display: isLast, text: "seconds since the run began", color: colours.muted },
          type: "linear",
          offset: false,
          min: 0,
          max: ((timeline.at(-1)?.atMs ?? 0) + pieceMs) / 1000,
          ticks: { color: colours.muted, display: isLast, maxRotation: 0 },
        },
        y: {
          ...axis(unit, colours),
          afterFit: (scale) => (scale.width = axisPx),
          ...heightsOf(kind, colours),
        },
      },
      plugins: {
        tooltip: { enabled: false },
        legend: {
          align: "start",
          onClick: () => undefined,
          labels: { color: colours.text, boxWidth: 12, boxHeight: isCount ? 9 : 1.5 },
        },
      },
    },
    plugins: [
      underlay("fault", (chart) =>
        drawFault(
          chart,
          [faultFromMs, faultToMs],
          isFirst ? (fault === "kill" ? "node away" : "slow link") : "",
          colours,
        ),
      ),
    ],
  });
}

/** Latencies during a fault may be a hundred times those before: their axis grows by factors. */
function heightsOf(kind: Strip["kind"], { muted }: ReportColours): object {
  const ticks = { color: muted, maxTicksLimit: 4 };
  switch (kind) {
    case "rate":
      return { beginAtZero: true, stacked: false, ticks };
    case "count":
      return { beginAtZero: true, stacked: true, suggestedMax: 1, ticks: { ...ticks, precision: 0 } };
    case "time":
      return {
        type: "logarithmic",
        stacked: false,
        afterBuildTicks: powersOfTen,
        ticks: { ...ticks, callback: (value: number) => value.toLocaleString("en") },
      };
  }
}

/** Where nothing succeeded there is no latency, and the line has a gap. */
function placeOf(kind: Strip["kind"], amount: number): number | null {
  return kind === "time" && amount <= 0 ? null : amount;
}

function powersOfTen(scale: Scale): void {
  const [from, to] = [Math.floor(Math.log10(scale.min)), Math.ceil(Math.log10(scale.max))];
  [scale.min, scale.max] = [10 ** from, 10 ** to];
  scale.ticks = Array.from({ length: to - from + 1 }, (_, at) => ({ value: 10 ** (from + at) }));
}

function drawFault(chart: Chart, span: readonly [number, number], name: string, colours: ReportColours): void {
  const { ctx, chartArea, scales } = chart;
  const [from, to] = span.map((ms) => scales["x"]!.getPixelForValue(ms / 1000)) as [number, number];
  ctx.save();
  ctx.fillStyle = `${colours.cursor}26`;
  ctx.fillRect(from, chartArea.top, to - from, chartArea.height);
  ctx.fillStyle = colours.muted;
  ctx.font = `11px ${fontFamily}`;
  ctx.textBaseline = "bottom";
  ctx.fillText(name, from, chartArea.top - 3);
  if (isNothing(chart)) ctx.fillText("none", chartArea.left + 8, chartArea.bottom - 4);
  ctx.restore();
}

/** An empty strip might as well be a broken one. */
function isNothing({ data }: Chart): boolean {
  return data.datasets.every((dataset) => dataset.data.every((point) => (point as { readonly y: number }).y === 0));
}

/** What is known more exactly than from the pieces. */
function whileItLasts({ during }: FaultRun): string {
  const { consistency, failed, unknown } = during;
  const stale = consistency.stale === 0 ? "no read was" : `${showShare(consistency.staleShare)} of reads were`;
  return `While it lasted, ${showCount(failed)} requests failed, ${showCount(unknown)} had no certain outcome and ${stale} stale.`;
}

function phaseTable(run: FaultRun): HTMLElement {
  const phases = phasesOf(run);
  const column = (over: string, heading: string, show: (phase: Phase) => string): TableColumn => ({
    over,
    heading,
    cells: phases.map(show),
  });
  return figureTable(
    "the fault",
    phases.map(({ name }) => name),
    [
      column("requests", "per s", ({ perSecond }) => showCount(perSecond)),
      column("requests", "p50 ms", ({ p50Ms }) => showAmount(p50Ms)),
      column("requests", "worst p99 ms", ({ p99Ms }) => showAmount(p99Ms)),
      column("not done", "failed", ({ failed }) => showCount(failed)),
      column("not done", "unknown", ({ unknown }) => showCount(unknown)),
      column("reads", "stale", ({ stale }) => showCount(stale)),
    ],
  );
}
