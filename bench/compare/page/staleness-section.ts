/** How soon reads see a write: measured and predicted curves, and what they come to. */
import { element } from "../../../sim/page/element.ts";
import { showAmount, showShare } from "../amounts.ts";
import type { StalenessCurve } from "../results.ts";
import { nameOf } from "../setting.ts";
import { axis, baseOptions, Chart } from "./charts.ts";
import { figureTable, type TableColumn } from "./figure-table.ts";
import type { Drawing, Gallery, Picture, ReportColours } from "./gallery.ts";

const dots = ["circle", "triangle", "rect", "rectRot", "star", "crossRot", "cross", "rectRounded"] as const;
const dashes = [[], [7, 3], [2, 3], [9, 3, 2, 3]] as const;
/** Up to where nearly all reads see nearly all writes there is something to see. */
const interestingShare = 0.999;

/** @returns `undefined` if there are none */
export function stalenessSection(curves: readonly StalenessCurve[], gallery: Gallery): HTMLElement | undefined {
  if (curves.length === 0) return undefined;
  return element(
    "section",
    { id: "staleness" },
    element(
      "h2",
      {},
      "Staleness",
      element("small", {}, "probabilistically bounded: measured, and predicted from the delays of each leg"),
    ),
    gallery.hang(curvesPicture(curves)),
    figureTable(
      "setting",
      curves.map(({ setting }) => nameOf(setting)),
      columnsOf(curves),
    ),
  );
}

function curvesPicture(curves: readonly StalenessCurve[]): Picture {
  return {
    title: "How soon reads see a write",
    note: "Share of reads that see a write, by how long after its acknowledgement they begin. Dots are measured, lines predicted.",
    heightPx: 380,
    draw: (canvas, colours) => drawCurves(canvas, curves, colours),
  };
}

function drawCurves(canvas: HTMLCanvasElement, curves: readonly StalenessCurve[], colours: ReportColours): Drawing {
  const datasets = curves.flatMap(({ setting, atMs, measured, predicted }, at) => {
    const colour = colours.series[at % colours.series.length]!;
    const common = { borderColor: colour, backgroundColor: colour, pointStyle: dots[at % dots.length]! };
    const points = (shares: readonly (number | undefined)[]): { x: number; y: number | null }[] =>
      atMs.map((x, place) => ({ x, y: toPercent(shares[place]) }));
    return [
      {
        ...common,
        label: nameOf(setting),
        data: points(measured),
        showLine: false,
        pointRadius: 4.5,
        pointBorderWidth: 1.5,
        clip: false as const,
      },
      {
        ...common,
        label: "",
        data: points(predicted),
        pointRadius: 0,
        borderWidth: 1.8,
        borderDash: [...dashes[at % dashes.length]!],
      },
    ];
  });
  return new Chart(canvas, {
    type: "line",
    data: { datasets },
    options: {
      ...baseOptions,
      scales: {
        x: {
          ...axis("milliseconds since the write was acknowledged", colours),
          type: "linear",
          min: 0,
          max: endOf(curves),
          ticks: { color: colours.muted, maxRotation: 0 },
        },
        y: {
          ...axis("reads that see the write", colours),
          max: 100,
          ticks: { color: colours.muted, callback: (value) => `${value} %` },
        },
      },
      plugins: {
        tooltip: { enabled: false },
        legend: {
          align: "start",
          onClick: () => undefined,
          labels: { color: colours.text, usePointStyle: true, boxHeight: 7, filter: ({ text }) => text !== "" },
        },
      },
    },
  });
}

/** The first moment at which all curves are done, or the last of all. */
function endOf(curves: readonly StalenessCurve[]): number {
  const ends = curves.map(({ atMs, predicted }) => {
    const at = predicted.findIndex((share) => share >= interestingShare);
    return (at < 0 ? atMs.at(-1) : atMs[at]) ?? 0;
  });
  return Math.max(...ends) || Math.max(...curves.map(({ atMs }) => atMs.at(-1) ?? 1));
}

function toPercent(share: number | undefined): number | null {
  return share === undefined ? null : share * 100;
}

function columnsOf(curves: readonly StalenessCurve[]): TableColumn[] {
  const column = (over: string, heading: string, show: (curve: StalenessCurve) => string): TableColumn => ({
    over,
    heading,
    cells: curves.map(show),
  });
  const depths = [...new Set(curves.flatMap(({ kStaleness }) => kStaleness.map(({ k }) => k)))].sort((a, b) => a - b);
  return [
    column("prediction", "rms error", ({ rmsError }) => showShare(rmsError)),
    column("99.9 % see it after, ms", "measured", ({ visibleAfterMs }) => showAmount(visibleAfterMs.measured)),
    column("99.9 % see it after, ms", "predicted", ({ visibleAfterMs }) => showAmount(visibleAfterMs.predicted)),
    ...depths.flatMap((k) => {
      const over = k === 1 ? "miss the latest write" : `miss the latest ${k}`;
      const missing = (which: "measured" | "predicted") => (curve: StalenessCurve) =>
        showShare(curve.kStaleness.find((one) => one.k === k)?.[which]);
      return [column(over, "measured", missing("measured")), column(over, "predicted", missing("predicted"))];
    }),
  ];
}
