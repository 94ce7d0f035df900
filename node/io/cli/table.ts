/** A terminal's width, where nothing else is known of it. */
const columnsMax = 80;

/** The same, with a column for each row where that would be too wide and this is narrower. */
export function layOutEitherWay(rows: readonly (readonly string[])[]): readonly string[] {
  const lines = layOut(rows);
  if (widthOf(lines) <= columnsMax) return lines;
  const columns = Math.max(...rows.map((cells) => cells.length));
  const turned = layOut(Array.from({ length: columns }, (_, at) => rows.map((cells) => cells[at] ?? "")));
  return widthOf(turned) < widthOf(lines) ? turned : lines;
}

function widthOf(lines: readonly string[]): number {
  return Math.max(...lines.map((line) => line.length));
}

/** Rows of cells as lines whose columns stand below each other. */
export function layOut(rows: readonly (readonly string[])[]): readonly string[] {
  const columns = Math.max(0, ...rows.map((cells) => cells.length));
  const widths = Array.from({ length: columns }, (_, at) => Math.max(...rows.map((cells) => cells[at]?.length ?? 0)));
  return rows.map((cells) =>
    cells
      .map((cell, at) => cell.padEnd(widths[at]!))
      .join("  ")
      .trimEnd(),
  );
}

/** The first lines of a text, as many as a terminal has room for, and how many more there are: what matters most stands first. */
export function fitRows(text: string, rows: number, columns: number): string {
  const lines = text.trimEnd().split("\n");
  const rowsOf = (line: string): number => Math.max(1, Math.ceil(line.length / columns));
  if (lines.reduce((sum, line) => sum + rowsOf(line), 0) < rows) return text;
  // One row for the cursor, one for how many more there are.
  let left = rows - 2;
  const shown = lines.slice(
    0,
    lines.findIndex((line) => (left -= rowsOf(line)) < 0),
  );
  return `${[...shown, `… ${lines.length - shown.length} more lines: make the window higher, or leave --watch out`].join("\n")}\n`;
}
