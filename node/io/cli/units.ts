/** Numbers as people read them. The unit at the end of a field's name says which it is, so that fields of newer nodes are shown well too. */

const sizes = ["B", "KB", "MB", "GB", "TB"] as const;
/** Up to how many of a unit it is used, before the next one takes over. */
const spans = [
  { unit: "ms", ms: 1, most: 1000 },
  { unit: "s", ms: 1000, most: 120 },
  { unit: "min", ms: 60_000, most: 120 },
  { unit: "h", ms: 3_600_000, most: 48 },
  { unit: "d", ms: 86_400_000, most: Number.POSITIVE_INFINITY },
] as const;

/** In units of 1,024. */
export function showBytes(bytes: number): string {
  let amount = bytes;
  let at = 0;
  for (; amount >= 1024 && at < sizes.length - 1; at++) amount /= 1024;
  return `${rounded(amount)} ${sizes[at]}`;
}

export function showDuration(ms: number): string {
  const span = spans.find((one) => ms < one.most * one.ms) ?? spans.at(-1)!;
  return `${rounded(ms / span.ms)} ${span.unit}`;
}

/** @param wallMs the moment at which it is shown */
export function showField(name: string, value: unknown, wallMs: number): string {
  if (typeof value === "number") return showNumber(name, value, wallMs);
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (value === null || value === undefined) return "–";
  if (typeof value === "string") return value;
  return Array.isArray(value) ? `${value.length}` : JSON.stringify(value);
}

function showNumber(name: string, value: number, wallMs: number): string {
  if (/AtMs$/.test(name)) return `${showDuration(Math.max(0, wallMs - value))} ago`;
  if (/(^m|M)s(Max)?$/.test(name)) return showDuration(value);
  if (/(^b|B)ytes(Max)?$/.test(name)) return showBytes(value);
  if (/(^s|S)hare$/.test(name)) return `${rounded(value * 100)} %`;
  return Number.isInteger(value) ? `${value}` : value.toFixed(2);
}

/** A field's name in words, without its unit: the values have it. */
export function showName(name: string): string {
  const words = name.replace(/(?<=.)(At)?(Ms|Bytes|Share)(Max)?$/, "").replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, " ");
  return words.toLowerCase();
}

function rounded(amount: number): string {
  return amount < 10 && !Number.isInteger(amount) ? amount.toFixed(1).replace(/\.0$/, "") : `${Math.round(amount)}`;
}
