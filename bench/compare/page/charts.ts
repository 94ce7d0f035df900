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

/** 1, 2 and 5 of each power of ten between two values, for axes that grow by factors. */
export function roundValues(from: number, to: number): number[] {
  const values: number[] = [];
  for (let power = Math.floor(Math.log10(from)); power <= Math.ceil(Math.log10(to)); power++)
    for (const digit of [1, 2, 5]) {
      const value = Number(`${digit}e${power}`);
      if (value >= from && value <= to) values.push(value);
    }
  return values;
}

export { Chart } from "chart.js";
