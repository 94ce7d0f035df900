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
