/** Words in the picture. Those that matter most are put down first; what would lie upon others is left out. */
export interface Label {
  readonly text: string;
  /** Of the baseline's middle, or its left or right end. */
  readonly x: number;
  readonly y: number;
  readonly align: "left" | "center" | "right";
  readonly colour: string;
  /** The higher, the sooner. */
  readonly weight: number;
  readonly widthMax?: number;
}

const rowPixels = 12;
const characterPixels = 6.35;
const charactersMin = 4;

export const font = "10.5px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace";

export class Labels {
  readonly #labels: Label[] = [];
  readonly #width: number;

  /** @param width of the sheet: nothing is written beyond it */
  constructor(width: number) {
    this.#width = width;
  }

  add(label: Label): void {
    this.#labels.push(label);
  }

  draw(context: CanvasRenderingContext2D, paper: string): void {
    const taken = new Map<number, [number, number][]>();
    context.font = font;
    context.textBaseline = "middle";
    for (const label of this.#labels.toSorted((a, b) => b.weight - a.weight)) {
      const text = fitted(label, this.#width);
      if (text === "" || !takes(taken, label, text.length * characterPixels)) continue;
      context.textAlign = label.align;
      context.fillStyle = paper;
      context.globalAlpha = 0.82;
      const width = text.length * characterPixels;
      context.fillRect(leftOf(label, width) - 2, label.y - 6, width + 4, 12);
      context.globalAlpha = 1;
      context.fillStyle = label.colour;
      context.fillText(text, label.x, label.y);
    }
  }
}

function fitted({ text, x, align, widthMax = Infinity }: Label, width: number): string {
  const room = align === "left" ? width - x : align === "right" ? x : 2 * Math.min(x, width - x);
  const characters = Math.floor(Math.min(widthMax, room) / characterPixels);
  if (text.length <= characters) return text;
  return characters < charactersMin ? "" : `${text.slice(0, characters - 1)}…`;
}

function leftOf({ x, align }: Label, width: number): number {
  return align === "left" ? x : align === "right" ? x - width : x - width / 2;
}

/** @returns whether there is room */
function takes(taken: Map<number, [number, number][]>, label: Label, width: number): boolean {
  const { y } = label;
  const left = leftOf(label, width);
  const right = left + width + 2;
  const row = Math.round(y / rowPixels);
  const rows = [row, y > row * rowPixels ? row + 1 : row - 1];
  for (const one of rows) if ((taken.get(one) ?? []).some(([from, to]) => from < right && left < to)) return false;
  for (const one of rows) taken.set(one, [...(taken.get(one) ?? []), [left, right]]);
  return true;
}
