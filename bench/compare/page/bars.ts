/** Bars that compare the settings of a group: how many requests they do, or what a request costs. */
import { showAmount, showCount } from "../amounts.ts";
import type { CellGroup, Row } from "../cell-group.ts";
import type { Figures } from "../results.ts";
import { wrapWords } from "../word-wrap.ts";
import { axis, baseOptions, Chart, fontFamily, overlay } from "./charts.ts";
import type { Picture, ReportColours } from "./gallery.ts";

/** Room to the right of the longest bar, for its figure. */
const figurePx = 62;

export function throughputPicture(group: CellGroup): Picture {
  const isClosed = group.load.kind === "closed";
  return barPicture(group, {
    title: isClosed ? "How many requests each setting does" : "How much of the load each setting does",
    note: "The longer the better.",
    spread: "from the slowest round to the fastest",
    axisTitle: "requests per second",
    amountOf: ({ perSecond }) => perSecond,
    show: showCount,
  });
}

export function costPicture(group: CellGroup): Picture {
  return barPicture(group, {
    title: "What requests cost",
    note: "Processor time of all nodes: the shorter the better.",
    spread: "from the cheapest round to the dearest",
    axisTitle: "CPU seconds per million requests",
    amountOf: ({ cpuSecondsPerMillion }) => cpuSecondsPerMillion,
    show: showAmount,
  });
}

interface BarWords {
  readonly title: string;
  readonly note: string;
  /** What the line across a bar's end stands for, where there were several rounds. */
  readonly spread: string;
  readonly axisTitle: string;
  readonly amountOf: (figures: Figures) => number | undefined;
  readonly show: (amount: number | undefined) => string;
}

function barPicture({ rows }: CellGroup, words: BarWords): Picture {
  const { title, note, spread, axisTitle, amountOf } = words;
  const hasSpread = rows.some(({ cell }) => cell.rounds.length > 1);
  const amounts = rows.map(({ cell }) => amountOf(cell.figures) ?? 0);
  const most = Math.max(...rows.flatMap(({ cell }) => cell.rounds.map((round) => amountOf(round) ?? 0)), 0);
  return {
    title,
    note: hasSpread ? `${note} The thin line reaches ${spread}.` : note,
    heightPx: barsHeightPx(rows, 26),
    draw: (canvas, colours) =>
      new Chart(canvas, {
        type: "bar",
        data: {
          labels: rows.map((row) => labelOf(row)),
          datasets: [
            {
              data: amounts,
              backgroundColor: rows.map((row) => colourOf(row, colours)),
              barPercentage: 0.8,
              maxBarThickness: 26,
            },
          ],
        },
        options: {
          ...baseOptions,
          indexAxis: "y",
          layout: { padding: { right: figurePx } },
          scales: {
            x: {
              ...axis(axisTitle, colours),
              beginAtZero: true,
              suggestedMax: most,
              ticks: { color: colours.muted, maxTicksLimit: 6 },
            },
            y: { grid: { display: false }, ticks: { color: colours.text, autoSkip: false } },
          },
          plugins: { legend: { display: false }, tooltip: { enabled: false } },
        },
        plugins: [overlay("figures", (chart) => drawSpreads(chart, rows, words, colours))],
      }),
  };
}

/** From the lowest round to the highest, where there were several; the figure stands behind both the bar and that. */
function drawSpreads(chart: Chart, rows: readonly Row[], { amountOf, show }: BarWords, colours: ReportColours): void {
  const { ctx, chartArea, scales } = chart;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = colours.text;
  ctx.lineWidth = 1.2;
  ctx.font = `12px ${fontFamily}`;
  ctx.textBaseline = "middle";
  for (const [at, { x, y }] of chart.getDatasetMeta(0).data.entries()) {
    const { figures, rounds } = rows[at]!.cell;
    const amounts = rounds.map(amountOf).filter((amount) => amount !== undefined);
    const ends = amounts.length < 2 ? [] : [Math.min(...amounts), Math.max(...amounts)];
    const [from = x, to = x] = ends.map((amount) => scales["x"]!.getPixelForValue(amount));
    ctx.beginPath();
    ctx.moveTo(from, y);
    ctx.lineTo(to, y);
    ctx.stroke();
    ctx.fillText(show(amountOf(figures)), Math.min(Math.max(x, to), chartArea.right) + 6, y);
  }
  ctx.restore();
}

function colourOf({ cell }: Row, colours: ReportColours): string {
  switch (cell.system) {
    case "coterie":
      return colours.client;
    case "floor":
      return colours.quiet;
    case "redis":
    case "etcd":
      return colours.warn;
  }
}

/** As many lines as it takes beside bars that are still long enough. */
export function labelOf({ name }: Row): string[] {
  return wrapWords(name, innerWidth < 480 ? 14 : 24);
}

/** @param rowPx for a name of one line */
export function barsHeightPx(rows: readonly Row[], rowPx: number): number {
  const lines = Math.max(...rows.map((row) => labelOf(row).length));
  return 56 + rows.length * Math.max(rowPx, lines * 14 + 6);
}
