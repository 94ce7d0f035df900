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

/** Of a name of several words, as `last round n2`, any may say the unit. */
function showNumber(name: string, value: number, wallMs: number): string {
  if (/AtMs\b/.test(name)) return `${showDuration(Math.max(0, wallMs - value))} ago`;
  if (/(\bm|M)s(Max)?\b/.test(name)) return showDuration(value);
  if (/(\bs|S)econds(Max)?\b/.test(name)) return showDuration(value * 1000);
  if (/(\bb|B)ytes(Max)?\b/.test(name)) return showBytes(value);
  if (/(\bs|S)hare\b/.test(name)) return `${rounded(value * 100)} %`;
  return Number.isInteger(value) ? `${value}` : value.toFixed(2);
}

/** A field's name in words, without its unit: the values have it. */
export function showName(name: string): string {
  const words = name.replaceAll(/(?<=\w)(At)?(Ms|Seconds|Bytes|Share)(Max)?\b/g, "");
  const apart = words.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, " ").toLowerCase();
  return apart.replace(/\banti (?=\w)/, "anti-");
}

function rounded(amount: number): string {
  return amount < 10 && !Number.isInteger(amount) ? amount.toFixed(1).replace(/\.0$/, "") : `${Math.round(amount)}`;
}
