/** All of the run beside the picture, small: what clients are told, where nodes are down, where the fault lies, and where the window is. */
import { coloursOf, type Colours } from "./colours.ts";
import { element } from "./element.ts";
import type { Stage } from "./stage.ts";
import type { View } from "./view.ts";

const widthPixels = 58;
/** What can be told from so far away. */
const shades: Readonly<Record<string, keyof Colours>> = { down: "muted", paused: "pause", blocked: "cut" };

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
    const height = this.element.clientHeight;
    const ratio = window.devicePixelRatio;
    [this.element.width, this.element.height] = [widthPixels * ratio, Math.round(height * ratio)];
    const context = this.element.getContext("2d")!;
    context.scale(ratio, ratio);
    const { timeline, lanes, run, matches, cursor } = this.#view;
    const colours = coloursOf(this.element);
    const share = height / timeline.height;
    const y = (step: number): number => timeline.heightOf(step) * share;
    const column = (widthPixels - 8) / Math.max(1, lanes.length);
    context.globalAlpha = 0.7;
    for (const { kind, lanes: hit, begin, end = run.steps - 1 } of run.spells) {
      const colour = shades[kind];
      if (colour === undefined) continue;
      context.fillStyle = colours[colour];
      const width = kind === "blocked" ? 2 : Math.max(1, column - 1);
      for (const lane of hit.filter((one) => lanes.includes(one)))
        context.fillRect(6 + lanes.indexOf(lane) * column, y(begin), width, Math.max(1, y(end) - y(begin)));
    }
    context.globalAlpha = 1;
    for (const { client, called, returned = run.steps - 1, outcome } of run.recorded.operations) {
      if (!lanes.includes(client)) continue;
      context.fillStyle = outcome === "ok" ? colours.good : outcome === "none" ? colours.quiet : colours.warn;
      const long = Math.max(1, y(returned) - y(called));
      context.fillRect(6 + lanes.indexOf(client) * column, y(called), Math.max(1, column - 1.5), long);
    }
    const lines: readonly (readonly [readonly number[], string, number])[] = [
      [matches, colours.found, 1.5],
      [run.recorded.violations.map(({ step }) => step), colours.bad, 3],
      [[cursor], colours.cursor, 2],
    ];
    for (const [steps, colour, thickness] of lines) {
      context.fillStyle = colour;
      for (const step of steps) context.fillRect(0, y(step) - thickness / 2, widthPixels, thickness);
    }
    context.fillStyle = colours.text;
    context.globalAlpha = 0.13;
    context.fillRect(0, this.#stage.top * share, widthPixels, Math.max(4, this.#stage.height * share));
    context.globalAlpha = 1;
  }
}
