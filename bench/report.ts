import type { Figure, Row } from "./comparison.ts";

type Column = readonly [heading: string, cell: (row: Row) => string];

const COLUMNS: readonly Column[] = [
  ["target", (row) => row.target],
  ["R/W", (row) => `${row.workload.r}/${row.workload.w}`],
  ["value B", (row) => count(row.workload.valueBytes)],
  ["in flight", (row) => count(row.inFlight)],
  ...figureColumns("puts", (row) => row.put),
  ...figureColumns("gets", (row) => row.get),
  ["errors", (row) => count(row.put.errors + row.get.errors)],
];

/** An aligned table for a terminal; latencies in milliseconds, shares of the first target's rate. */
export function renderTable(rows: readonly Row[]): string {
  const lines = [COLUMNS.map(([heading]) => heading), ...rows.map((row) => COLUMNS.map(([, cell]) => cell(row)))];
  const widths = COLUMNS.map((_, at) => Math.max(...lines.map((line) => line[at]!.length)));
  return lines.map((line) => line.map((cell, at) => align(cell, widths[at]!, at)).join("  ")).join("\n");
}

/** The same rows for programs: rates per second, latencies in microseconds. */
export function renderJson(rows: readonly Row[]): string {
  return JSON.stringify(rows, null, 2);
}

function figureColumns(name: string, figure: (row: Row) => Figure): Column[] {
  return [
    [`${name}/s`, (row) => count(figure(row).perSecond)],
    ["p50 ms", (row) => milliseconds(figure(row).p50Us)],
    ["p99 ms", (row) => milliseconds(figure(row).p99Us)],
    ["of floor", (row) => figure(row).share.toFixed(2)],
  ];
}

function align(cell: string, width: number, column: number): string {
  return column === 0 ? cell.padEnd(width) : cell.padStart(width);
}

function count(value: number): string {
  return Math.round(value).toLocaleString("en");
}

function milliseconds(us: number): string {
  return (us / 1000).toFixed(2);
}
