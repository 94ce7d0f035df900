/** What all charts have in common, and the parts of the library that they use. */
import {
  BarController,
  BarElement,
  CategoryScale,
  Chart,
  Legend,
  LinearScale,
  LineController,
  LineElement,
  LogarithmicScale,
  PointElement,
  ScatterController,
  Tooltip,
  type Plugin,
} from "chart.js";
import type { Colours } from "../../../sim/page/colours.ts";

Chart.register(
  BarController,
  BarElement,
  CategoryScale,
  Legend,
  LinearScale,
  LineController,
  LineElement,
  LogarithmicScale,
  PointElement,
  ScatterController,
  Tooltip,
);

export const fontFamily = "system-ui, -apple-system, 'Segoe UI', sans-serif";

/** Nothing moves, for what moves cannot be printed. */
export const baseOptions = {
  animation: false,
  responsive: true,
  maintainAspectRatio: false,
  font: { family: fontFamily, size: 12 },
} as const;

/** Dots of a canvas for each dot of the page: enough for paper, and on a screen no more than memory has room for. */
export function setSharpness(isOnPaper: boolean): void {
  Chart.defaults.devicePixelRatio = isOnPaper ? 2 : Math.min(2, devicePixelRatio);
}

interface Axis {
  readonly title: { readonly display: true; readonly text: string; readonly color: string };
  readonly grid: { readonly color: string };
  readonly border: { readonly color: string };
}

/** @param text with its unit */
export function axis(text: string, colours: Colours): Axis {
  return {
    title: { display: true, text, color: colours.muted },
    grid: { color: colours.shade },
    border: { color: colours.line },
  };
}

/** Draws on a chart after its data. */
export function overlay(id: string, draw: (chart: Chart) => void): Plugin {
  return { id, afterDatasetsDraw: draw };
}

/** Draws on a chart before its data. */
export function underlay(id: string, draw: (chart: Chart) => void): Plugin {
  return { id, beforeDatasetsDraw: draw };
}

/** The leading digits of round values, coarse ones first. */
const roundDigits = [
  [1, 2, 5],
  [1, 1.5, 2, 3, 4, 5, 7],
  [1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9],
] as const;
const roundValuesMin = 4;

/** Round values between two others, for axes that grow by factors; a few at least, unless the two are very close. */
export function roundValues(from: number, to: number): number[] {
  const powers = [Math.floor(Math.log10(from)), Math.floor(Math.log10(to))] as const;
  const choices = roundDigits.map((digits) => {
    const all = Array.from({ length: powers[1] - powers[0] + 1 }, (_, at) =>
      digits.map((digit) => Number(`${digit}e${powers[0] + at}`)),
    );
    return all.flat().filter((value) => value >= from && value <= to);
  });
  return choices.find(({ length }) => length >= roundValuesMin) ?? choices.at(-1)!;
}

export { Chart } from "chart.js";
