/** All of the run beside the picture, small: what clients are told, where nodes are down, where the fault lies, and where the window is. */
import type { Step } from "../recorded.ts";
import { coloursOf, type Colours } from "./colours.ts";
import { element } from "./element.ts";
import type { Stage } from "./stage.ts";
import type { View } from "./view.ts";

const widthPixels = 58;
/** What can be told from so far away. */
const shades: Readonly<Record<string, keyof Colours>> = { down: "muted", paused: "pause", blocked: "cut" };

/** What is drawn on. */
interface Miniature {
  readonly context: CanvasRenderingContext2D;
  readonly colours: Colours;
  readonly columnWidth: number;
  readonly y: (step: Step) => number;
}

export class Overview {
  readonly element: HTMLCanvasElement = element("canvas", {
    class: "overview",
    title: "the whole run: click to go there",
  });
  readonly #view: View;
  readonly #stage: Stage;

  constructor(view: View, stage: Stage) {
    this.#view = view;
    this.#stage = stage;
    const go = (event: PointerEvent): void => {
      if (event.buttons !== 1) return;
      const middle = (event.offsetY / this.element.clientHeight) * view.timeline.height;
      stage.scrollTo(middle - stage.height / 2);
    };
    this.element.addEventListener("pointerdown", go);
    this.element.addEventListener("pointermove", go);
  }

  draw(): void {
    const { timeline, lanes } = this.#view;
    const share = this.element.clientHeight / timeline.height;
    const miniature: Miniature = {
      context: this.#prepare(),
      colours: coloursOf(this.element),
      columnWidth: (widthPixels - 8) / Math.max(1, lanes.length),
      y: (step) => timeline.heightOf(step) * share,
    };
    this.#drawSpells(miniature);
    this.#drawOperations(miniature);
    this.#drawLines(miniature);
    this.#drawWindow(miniature, share);
  }

  #prepare(): CanvasRenderingContext2D {
    const ratio = window.devicePixelRatio;
    [this.element.width, this.element.height] = [widthPixels * ratio, Math.round(this.element.clientHeight * ratio)];
    const context = this.element.getContext("2d")!;
    context.scale(ratio, ratio);
    return context;
  }

  #drawSpells({ context, colours, columnWidth, y }: Miniature): void {
    const { lanes, run } = this.#view;
    context.globalAlpha = 0.7;
    for (const { kind, lanes: hit, begin, end = run.steps - 1 } of run.spells) {
      const colour = shades[kind];
      if (colour === undefined) continue;
      context.fillStyle = colours[colour];
      const width = kind === "blocked" ? 2 : Math.max(1, columnWidth - 1);
      for (const lane of hit.filter((one) => lanes.includes(one)))
        context.fillRect(6 + lanes.indexOf(lane) * columnWidth, y(begin), width, Math.max(1, y(end) - y(begin)));
    }
    context.globalAlpha = 1;
  }

  #drawOperations({ context, colours, columnWidth, y }: Miniature): void {
    const { lanes, run } = this.#view;
    for (const { client, called, returned = run.steps - 1, outcome } of run.recorded.operations) {
      if (!lanes.includes(client)) continue;
      context.fillStyle = outcome === "ok" ? colours.good : outcome === "none" ? colours.quiet : colours.warn;
      const height = Math.max(1, y(returned) - y(called));
      context.fillRect(6 + lanes.indexOf(client) * columnWidth, y(called), Math.max(1, columnWidth - 1.5), height);
    }
  }

  /** What was found, what was violated, and where the reader stands. */
  #drawLines({ context, colours, y }: Miniature): void {
    const { run, matches, cursor } = this.#view;
    const violated = run.recorded.violations.map(({ step }) => step);
    for (const [steps, colour, thickness] of [
      [matches, colours.found, 1.5],
      [violated, colours.bad, 3],
      [[cursor], colours.cursor, 2],
    ] as const) {
      context.fillStyle = colour;
      for (const step of steps) context.fillRect(0, y(step) - thickness / 2, widthPixels, thickness);
    }
  }

  #drawWindow({ context, colours }: Miniature, share: number): void {
    context.fillStyle = colours.text;
    context.globalAlpha = 0.13;
    context.fillRect(0, this.#stage.top * share, widthPixels, Math.max(4, this.#stage.height * share));
    context.globalAlpha = 1;
  }
}
