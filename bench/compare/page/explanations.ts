/** What the figures stand for: what each system promised, and what the columns mean. */
import { element } from "../../../sim/page/element.ts";
import { furtherColumns, glanceColumns, type Column } from "../columns.ts";
import { guaranteesOf } from "../guarantees.ts";
import type { Cell } from "../results.ts";

/** @returns `undefined` if nothing was compared */
export function guaranteeTable(cells: readonly Cell[]): HTMLElement | undefined {
  if (cells.length === 0) return undefined;
  const rows = guaranteesOf(cells).map(({ names, sentence }) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, ...names.map((name) => element("span", { class: "chip" }, name))),
      element("td", { class: "text" }, sentence),
    ),
  );
  const table = element("table", { class: "guarantees" }, element("tbody", {}, ...rows));
  return element("section", { id: "promises" }, element("h2", {}, "What was promised"), table);
}

/** @returns `undefined` if there are no columns */
export function columnMeanings(cells: readonly Cell[]): HTMLElement | undefined {
  if (cells.length === 0) return undefined;
  const columns = [...glanceColumns, ...furtherColumns];
  const entries = [...new Set(columns.map(({ meaning }) => meaning))].flatMap((meaning) => [
    element("dt", {}, namesOf(columns.filter((column) => column.meaning === meaning))),
    element("dd", {}, meaning),
  ]);
  const settings =
    "A setting is named by what it differs in from the default: n replicas, of which a read waits for r and a write for w, dw of those on disk.";
  return element(
    "section",
    { id: "columns" },
    element("h2", {}, "What the columns mean"),
    element("p", {}, settings),
    element("dl", {}, ...entries),
  );
}

/** Of columns that mean the same: by what stands above them, or by what tells them apart. */
function namesOf(columns: readonly Column[]): string {
  const [{ over, heading }] = columns as readonly [Column, ...Column[]];
  if (columns.length === 1) return `${over} ${heading}`;
  if (columns.every((column) => column.over === over)) return over;
  return [...new Set(columns.map((column) => column.heading))].sort().join(", ");
}
