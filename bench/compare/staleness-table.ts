/** How probable it is that a read sees a write, some time after its acknowledgement: measured and predicted, for a terminal. */
import { showAmount, showShare } from "./amounts.ts";
import type { StalenessCurve } from "./results.ts";
import { nameOf } from "./setting.ts";
import { layOutColumns, type TextColumn } from "./text-table.ts";

const momentsMax = 8;
const depthsMax = 2;

export function stalenessTables(curves: readonly StalenessCurve[]): string[][] {
  const timings = [...new Set(curves.map(({ atMs }) => atMs.join()))];
  const grouped = timings.map((timing) => curves.filter(({ atMs }) => atMs.join() === timing));
  return [...grouped.flatMap(consistencyTables), ...layOutColumns(nameColumn(curves), summaryColumns(curves))];
}

/** Two lines for each curve, and a column for each of some moments. */
function consistencyTables(curves: readonly StalenessCurve[]): string[][] {
  const names = { over: "", heading: "setting", cells: curves.flatMap(({ setting }) => [nameOf(setting), ""]) };
  const kinds = {
    over: "reads that see the write",
    heading: "",
    cells: curves.flatMap(() => ["measured", "predicted"]),
  };
  const moments = momentsOf(curves[0]!.atMs).map((at) => ({
    over: "reads that see the write",
    heading: showMoment(curves[0]!.atMs[at]!),
    cells: curves.flatMap(({ measured, predicted }) => [showShare(measured[at]), showShare(predicted[at])]),
  }));
  return layOutColumns(names, [kinds, ...moments]);
}

function summaryColumns(curves: readonly StalenessCurve[]): TextColumn[] {
  const column = (over: string, heading: string, show: (curve: StalenessCurve) => string): TextColumn => ({
    over,
    heading,
    cells: curves.map(show),
  });
  const depths = [...new Set(curves.flatMap(({ kStaleness }) => kStaleness.map(({ k }) => k)))].sort((a, b) => a - b);
  return [
    column("rms", "error", ({ rmsError }) => showShare(rmsError)),
    column("99.9 % see it after, ms", "measured", ({ visibleAfterMs }) => showAmount(visibleAfterMs.measured)),
    column("99.9 % see it after, ms", "predicted", ({ visibleAfterMs }) => showAmount(visibleAfterMs.predicted)),
    ...depths.slice(0, depthsMax).flatMap((k) => {
      const over = k === 1 ? "miss the latest" : `miss the latest ${k}`;
      const missing = (which: "measured" | "predicted") => (curve: StalenessCurve) =>
        showShare(curve.kStaleness.find((one) => one.k === k)?.[which]);
      return [column(over, "measured", missing("measured")), column(over, "predicted", missing("predicted"))];
    }),
  ];
}

function nameColumn(curves: readonly StalenessCurve[]): TextColumn {
  return { over: "", heading: "setting", cells: curves.map(({ setting }) => nameOf(setting)) };
}

/** Places of the first, the last, and some that lie evenly between. */
function momentsOf(atMs: readonly number[]): number[] {
  const last = atMs.length - 1;
  const count = Math.min(momentsMax, atMs.length);
  return [...new Set(Array.from({ length: count }, (_, at) => Math.round((at * last) / Math.max(1, count - 1))))];
}

function showMoment(ms: number): string {
  return ms === 0 ? "at once" : `${Number(ms.toPrecision(2))} ms`;
}
