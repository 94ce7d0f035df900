/** Tables of figures: headings of two lines, names that stay while the rest is moved sideways. */
import { element } from "../../../sim/page/element.ts";

export interface TableColumn {
  readonly over: string;
  readonly heading: string;
  readonly meaning?: string;
  readonly cells: readonly string[];
}

/** @param names of the rows; those that stand out in `marked` are set off */
export function figureTable(
  heading: string,
  names: readonly string[],
  columns: readonly TableColumn[],
  marked: ReadonlySet<number> = new Set(),
): HTMLElement {
  const rows = names.map((name, row) =>
    element(
      "tr",
      marked.has(row) ? { class: "advised" } : {},
      element("th", { scope: "row" }, name),
      ...columns.map(({ cells }, at) =>
        element("td", isFirstOfBlock(columns, at) ? { class: "first" } : {}, cells[row]),
      ),
    ),
  );
  const table = element("table", {}, headOf(heading, columns), element("tbody", {}, ...rows));
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "figures" }, table);
}

function headOf(heading: string, columns: readonly TableColumn[]): HTMLElement {
  const blocks = columns.flatMap(({ over }, at) =>
    isFirstOfBlock(columns, at) ? [{ over, width: columns.slice(at).findIndex((one) => one.over !== over) }] : [],
  );
  const overs = blocks.map(({ over, width }, at) => {
    const rest = columns.length - blocks.slice(0, at).reduce((sum, block) => sum + block.width, 0);
    return element(
      "th",
      { class: "over first", colspan: `${width < 0 ? rest : width}`, scope: "colgroup" },
      element("span", {}, over),
    );
  });
  const headings = columns.map(({ heading, meaning = "" }, at) =>
    element(
      "th",
      { scope: "col", title: meaning, ...(isFirstOfBlock(columns, at) ? { class: "first" } : {}) },
      heading,
    ),
  );
  const corner = element("th", { scope: "col", rowspan: "2" }, heading);
  return element("thead", {}, element("tr", {}, corner, ...overs), element("tr", {}, ...headings));
}

function isFirstOfBlock(columns: readonly TableColumn[], at: number): boolean {
  return columns[at - 1]?.over !== columns[at]!.over;
}
