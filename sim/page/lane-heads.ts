/** The heads of the lanes: whose it is, how it is at the cursor, and whether it is shown at all. */
import type { Lane } from "../recorded.ts";
import type { Columns } from "./columns.ts";
import { marginPixels } from "./columns.ts";
import { button, element } from "./element.ts";
import type { View } from "./view.ts";

/** How a node is, if it is not just there. */
const signs: Readonly<Record<string, string>> = { down: "✖", paused: "‖", starting: "…", stopping: "…" };

export class LaneHeads {
  readonly element: HTMLElement = element("div", { class: "lane-heads" });
  readonly #view: View;
  /** What is shown now, so that the heads are not made anew each time. */
  #shown = "";

  constructor(view: View) {
    this.#view = view;
  }

  place(columns: Columns): void {
    const view = this.#view;
    const shown = [
      columns.width,
      columns.columnWidth,
      ...columns.lanes.map((lane) => this.#signOf(lane)),
      ...columns.lanes,
    ];
    if (this.#shown === shown.join(" ")) return;
    this.#shown = shown.join(" ");
    this.element.style.width = `${columns.width}px`;
    this.element.replaceChildren(this.#corner(), ...columns.lanes.map((lane) => this.#head(lane, columns, view)));
  }

  #corner(): HTMLElement {
    const corner = element("div", { class: "corner" });
    corner.style.width = `${marginPixels}px`;
    const { hiddenLanes } = this.#view.filter;
    const show = button(`show ${hiddenLanes.size} hidden`, "show all lanes", () =>
      this.#view.show({ hiddenLanes: new Set() }),
    );
    corner.append(hiddenLanes.size === 0 ? element("span", {}, "ms") : show);
    return corner;
  }

  #head(lane: Lane, columns: Columns, view: View): HTMLElement {
    const { recorded, violation } = view.run;
    const { name, kind } = recorded.lanes[lane]!;
    const sign = this.#signOf(lane);
    const isPrimary = recorded.keys[view.filter.key ?? -1]?.primaries.includes(lane) === true;
    const head = button(name, `hide ${name}`, () => view.toggleLane(lane));
    if (isPrimary) head.append(element("span", { class: "primary", title: "a primary of the key" }, "◉"));
    if (sign !== "") head.append(element("span", { class: "sign" }, sign));
    head.className = [kind, violation?.lanes.includes(lane) === true ? "accused" : "", sign === "" ? "" : "off"].join(
      " ",
    );
    head.dataset.lane = name;
    head.style.left = `${columns.x(lane)! - columns.columnWidth / 2}px`;
    head.style.width = `${columns.columnWidth}px`;
    return head;
  }

  #signOf(lane: Lane): string {
    const { cursor, run } = this.#view;
    return run.spells
      .filter(({ kind, lanes }) => kind in signs && lanes.includes(lane))
      .filter(({ begin, end = run.steps }) => begin <= cursor && cursor < end)
      .map(({ kind }) => signs[kind]!)
      .join("");
  }
}
