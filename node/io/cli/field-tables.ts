/**
 * What a node says about itself in objects, laid out by its shape and the names of its fields: a newer node's words, which nothing
 * here knows, are shown as well as those of today.
 *
 *   { rounds: 7, lastMs: 3, scrub: { share: 0.5 } }   one row: rounds, last, scrub share
 *   { n2: { … }, n3: { … } }                          a row for each: entries of one kind under names
 */
import { layOutEitherWay } from "./table.ts";
import { showField, showName } from "./units.ts";

export type Fields = Readonly<Record<string, unknown>>;

/** Who says it, and of whom. */
export interface FieldRow {
  readonly labels: readonly string[];
  readonly fields: Fields;
}

const labelHeads = ["node", "of", "of"];

/** @param wallMs the moment at which they are shown */
export function fieldTables(title: string, rows: readonly FieldRow[], wallMs: number): readonly string[] {
  const single = rows.filter(({ fields }) => !isRecord(fields));
  const keys = new Set(single.flatMap(({ fields }) => Object.keys(fields).filter((key) => isRecord(fields[key]))));
  return [
    ...tableOf(title, single, wallMs),
    ...innerTables(title, rows.filter(({ fields }) => isRecord(fields)).flatMap(entriesOf), wallMs),
    ...[...keys].flatMap((key) => {
      const inner = single.flatMap(({ labels, fields }) => entriesOf({ labels, fields: fieldsOf(fields[key]) }));
      return innerTables(`${title}, ${showName(key)}`, inner, wallMs);
    }),
  ];
}

export function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {};
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isRecord(value: unknown): value is Fields {
  return isFields(value) && Object.keys(value).length > 0 && Object.values(value).every(isFields);
}

function innerTables(title: string, rows: readonly FieldRow[], wallMs: number): readonly string[] {
  return rows.length === 0 ? [] : fieldTables(title, rows, wallMs);
}

function entriesOf({ labels, fields }: FieldRow): readonly FieldRow[] {
  return Object.entries(fields).map(([key, value]) => ({ labels: [...labels, key], fields: fieldsOf(value) }));
}

function tableOf(title: string, given: readonly FieldRow[], wallMs: number): readonly string[] {
  const rows = given.map(({ labels, fields }) => ({ labels, fields: flatten(fields) }));
  const columns = [...new Set(rows.flatMap(({ fields }) => Object.keys(fields)))];
  if (columns.length === 0) return [];
  const heads = labelHeads.slice(0, Math.max(...rows.map(({ labels }) => labels.length)));
  const cells = rows.map(({ labels, fields }) => [
    ...labels,
    ...columns.map((name) => (name in fields ? showField(name, fields[name], wallMs) : "")),
  ]);
  return [title, ...layOutEitherWay([[...heads, ...columns.map(showName)], ...cells])];
}

/** An object inside of one becomes fields of its own; what has rows of its own is left out. */
function flatten(fields: Fields): Fields {
  const entries = Object.entries(fields).flatMap(([name, value]): (readonly [string, unknown])[] => {
    if (isRecord(value)) return [];
    if (!isFields(value)) return [[name, value]];
    return Object.entries(value).map(([inner, one]) => [`${name} ${inner}`, one] as const);
  });
  return Object.fromEntries(entries);
}
