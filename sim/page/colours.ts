/** The colours of page.css, for the canvas: they are other ones by day and by night. */
const names = [
  "paper",
  "text",
  "muted",
  "line",
  "shade",
  "client",
  "write",
  "read",
  "quiet",
  "bad",
  "warn",
  "good",
  "cut",
  "pause",
  "cursor",
  "found",
] as const;

export type Colours = Readonly<Record<(typeof names)[number], string>>;

export function coloursOf(element: Element): Colours {
  const style = getComputedStyle(element);
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])) as Colours;
}
