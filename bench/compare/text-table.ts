/** Tables for a terminal: headings of two lines, names to the left, figures to the right; too wide ones become several. */
import { wrapWords } from "./word-wrap.ts";

/** The width that tables fit, if one name and one block of columns do. */
export const columnsMax = 100;

export interface TextColumn {
  /** Stands once above neighbours that share it; they stay together. */
  readonly over: string;
  readonly heading: string;
  readonly cells: readonly string[];
}

const gap = "  ";
/** Longer names take several lines. */
const nameCharactersMax = 24;

/** @param names the first column, repeated in each table that the others are split into */
export function layOutColumns(names: TextColumn, columns: readonly TextColumn[]): string[][] {
  const wrapped = names.cells.map((name) =>
    wrapWords(name, nameCharactersMax - 1).map((line, at) => (at > 0 ? ` ${line}` : line)),
  );
  return splitColumns(
    { ...names, cells: wrapped.flat() },
    columns.map((column) => ({
      ...column,
      cells: wrapped.flatMap((lines, row) => lines.map((_, at) => (at > 0 ? "" : column.cells[row]!))),
    })),
  );
}

function splitColumns(names: TextColumn, columns: readonly TextColumn[]): string[][] {
  const tables: TextColumn[][] = [];
  for (const block of blocksOf(columns)) {
    const last = tables.at(-1);
    if (last !== undefined && widthOf([names, ...last, ...block]) <= columnsMax) last.push(...block);
    else tables.push([...block]);
  }
  return tables.map((table) => drawTable([names, ...table]));
}

/** As many lines as a paragraph takes, the further ones indented. */
export function paragraph(text: string, indent = ""): string[] {
  return wrapWords(text, columnsMax - indent.length).map((line, at) => (at === 0 ? line : `${indent}${line}`));
}

function drawTable(columns: readonly TextColumn[]): string[] {
  const widths = widthsOf(columns);
  const line = (cellOf: (column: TextColumn) => string): string =>
    columns
      .map((column, at) => (at === 0 ? cellOf(column).padEnd(widths[at]!) : cellOf(column).padStart(widths[at]!)))
      .join(gap)
      .trimEnd();
  const rows = columns[0]!.cells.map((_, row) => line(({ cells }) => cells[row]!));
  const above = overLine(columns, widths);
  return [...(above === "" ? [] : [above]), line(({ heading }) => heading), ...rows];
}

/** The words that stand above, each to the right of its block; a rule shows how far a shared one reaches. */
function overLine(columns: readonly TextColumn[], widths: readonly number[]): string {
  let at = 0;
  const pieces = blocksOf(columns).map((block) => {
    const [{ over } = { over: "" }] = block;
    const width = sum(widths.slice(at, (at += block.length))) + gap.length * (block.length - 1);
    return ` ${over}`.padStart(width, block.length > 1 ? "─" : " ").slice(-width);
  });
  return pieces.join(gap).trimEnd();
}

function blocksOf(columns: readonly TextColumn[]): TextColumn[][] {
  const blocks: TextColumn[][] = [];
  for (const column of columns) {
    const last = blocks.at(-1);
    if (last?.[0]!.over === column.over) last.push(column);
    else blocks.push([column]);
  }
  return blocks;
}

/** A block is at least as wide as the word above it: its last column makes room. */
function widthsOf(columns: readonly TextColumn[]): number[] {
  return blocksOf(columns).flatMap((block) => {
    const widths = block.map(({ heading, cells }) => Math.max(heading.length, ...cells.map((cell) => cell.length)));
    const missing = block[0]!.over.length - (sum(widths) + gap.length * (widths.length - 1));
    return missing > 0 ? [...widths.slice(0, -1), widths.at(-1)! + missing] : widths;
  });
}

function widthOf(columns: readonly TextColumn[]): number {
  return sum(widthsOf(columns)) + gap.length * (columns.length - 1);
}

function sum(widths: readonly number[]): number {
  return widths.reduce((total, width) => total + width, 0);
}
