/** All charts of the page. They are drawn once they have a place, and again when colours change: by night, by day, and on paper. */
import { coloursOf, type Colours } from "../../../sim/page/colours.ts";
import { element } from "../../../sim/page/element.ts";
import { setSharpness } from "./charts.ts";

export interface Picture {
  /** Says what one sees. */
  readonly title: string;
  /** How to read it. */
  readonly note: string;
  readonly heightPx: number;
  draw(canvas: HTMLCanvasElement, colours: ReportColours): Drawing;
}

/** On a canvas, until something else is to be. */
export interface Drawing {
  destroy(): void;
}

export interface ReportColours extends Colours {
  /** For lines that stand for settings: apart for people who see few colours, as are their dots. */
  readonly series: readonly string[];
}

const seriesCount = 8;
/** The class under which it is always day: palette.css. */
const onPaper = "on-paper";

export class Gallery {
  readonly #root: HTMLElement;
  readonly #pictures: { readonly canvas: HTMLCanvasElement; readonly picture: Picture }[] = [];
  #drawn: Drawing[] = [];

  constructor(root: HTMLElement) {
    this.#root = root;
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    addEventListener("beforeprint", () => this.#print(true));
    addEventListener("afterprint", () => this.#print(false));
  }

  /** @returns the picture's place in the page; it stays empty until all are drawn */
  hang(...pictures: readonly Picture[]): HTMLElement {
    const [first] = pictures as readonly [Picture, ...Picture[]];
    return element(
      "figure",
      {},
      element("figcaption", {}, element("h3", {}, first.title), element("p", {}, first.note)),
      ...pictures.map((picture) => this.#frame(picture)),
    );
  }

  draw(): void {
    for (const one of this.#drawn) one.destroy();
    setSharpness(this.#root.classList.contains(onPaper));
    const style = getComputedStyle(this.#root);
    const series = Array.from({ length: seriesCount }, (_, at) => style.getPropertyValue(`--series-${at}`).trim());
    const colours = { ...coloursOf(this.#root), series };
    this.#drawn = this.#pictures.map(({ canvas, picture }) => picture.draw(canvas, colours));
  }

  #frame(picture: Picture): HTMLElement {
    const canvas = element("canvas", { role: "img", "aria-label": `${picture.title}. ${picture.note}` });
    this.#pictures.push({ canvas, picture });
    return element("div", { class: "canvas", style: `height: ${picture.heightPx}px` }, canvas);
  }

  #print(isOnPaper: boolean): void {
    this.#root.classList.toggle(onPaper, isOnPaper);
    this.draw();
  }
}
