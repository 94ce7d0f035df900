/** The window on the picture: scrolling and zooming, the heads of the lanes, and what the pointer does. */
import { Columns } from "./columns.ts";
import { element } from "./element.ts";
import { LaneHeads } from "./lane-heads.ts";
import { Picture, type Shown } from "./picture.ts";
import type { Target } from "./sheet.ts";
import { endPixels } from "./timeline.ts";
import type { View } from "./view.ts";

const headPixels = 34;
/** The cursor is kept so far from the ends of the window, as a share of it. */
const edgeShare = 0.18;
/** Where the cursor is put when it was far away: what led to it matters more than what follows. */
const placeShare = 0.62;

export class Stage {
  readonly element: HTMLElement;
  readonly #view: View;
  readonly #picture: Picture;
  readonly #heads: LaneHeads;
  readonly #content = element("div", { class: "content" });
  readonly #canvas = element("canvas", { class: "picture" });
  readonly #tip = element("div", { class: "tip", hidden: "" });
  readonly #onShown: (shown: Shown) => void;
  #isWaiting = false;

  constructor(view: View, onShown: (shown: Shown) => void) {
    this.#view = view;
    this.#onShown = onShown;
    this.#picture = new Picture(this.#canvas, view);
    this.#heads = new LaneHeads(view);
    this.#content.append(this.#heads.element, this.#canvas);
    this.element = element(
      "div",
      { class: "stage", tabindex: "0", "aria-label": "the run, time downwards" },
      this.#content,
    );
    this.element.append(this.#tip);
    this.element.addEventListener("scroll", () => this.redraw());
    this.element.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    this.#canvas.addEventListener("mousemove", (event) => this.#point(event));
    this.#canvas.addEventListener("mouseleave", () => (this.#tip.hidden = true));
    this.#canvas.addEventListener("click", (event) => this.#click(event));
    new ResizeObserver(() => this.redraw()).observe(this.element);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.#picture.forgetColours();
      this.redraw();
    });
    view.listen((changes) => {
      if (changes.has("place")) this.#reveal();
      this.redraw();
    });
  }

  get top(): number {
    return this.element.scrollTop;
  }

  /** Of the part that the picture fills. */
  get height(): number {
    return Math.max(0, this.element.clientHeight - headPixels);
  }

  scrollTo(top: number): void {
    this.#stretch();
    this.element.scrollTop = top;
  }

  /** Once, before the next frame of the screen, however often it is asked for. */
  redraw(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    requestAnimationFrame(() => {
      this.#isWaiting = false;
      this.#draw();
    });
  }

  /** So large that all of the run stands in the window. */
  fit(): void {
    const { timeline, standing } = this.#view;
    this.#view.zoomTo((standing.zoom * (this.height - 2 * endPixels)) / (timeline.height - 2 * endPixels));
  }

  #draw(): void {
    const columns = new Columns(this.#view.lanes, this.element.clientWidth);
    this.#stretch();
    this.#content.style.width = `${columns.width}px`;
    this.#heads.place(columns);
    this.#onShown(this.#picture.draw(columns, this.top, this.height));
  }

  #stretch(): void {
    this.#content.style.height = `${this.#view.timeline.height + headPixels}px`;
  }

  #reveal(): void {
    const { timeline, cursor } = this.#view;
    const y = timeline.heightOf(cursor) - this.top;
    const edge = this.height * edgeShare;
    const isFar = y < -this.height || y > 2 * this.height;
    if (isFar) this.scrollTo(timeline.heightOf(cursor) - this.height * placeShare);
    else if (y < edge) this.scrollTo(this.top + y - edge);
    else if (y > this.height - edge) this.scrollTo(this.top + y - this.height + edge);
    else this.#stretch();
  }

  #wheel(event: WheelEvent): void {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const y = event.clientY - this.#canvas.getBoundingClientRect().top;
    const step = this.#view.timeline.stepAt(this.top + y) ?? 0;
    this.#view.zoom(event.deltaY < 0 ? 1 : -1);
    this.scrollTo(this.#view.timeline.heightOf(step) - y);
  }

  #targetOf(event: MouseEvent): Target | undefined {
    return this.#picture.targetAt(event.offsetX, event.offsetY);
  }

  #point(event: MouseEvent): void {
    const target = this.#targetOf(event);
    this.#canvas.classList.toggle("pointed", target !== undefined);
    this.#tip.hidden = target === undefined;
    if (target === undefined) return;
    this.#tip.textContent = target.text;
    const { left, top, width, height } = this.element.getBoundingClientRect();
    const [x, y] = [event.clientX - left, event.clientY - top];
    this.#tip.style.left = `${Math.min(x + 14, width - this.#tip.offsetWidth - 16) + this.element.scrollLeft}px`;
    const isLow = y > height - this.#tip.offsetHeight - 40;
    this.#tip.style.top = `${this.top + (isLow ? y - this.#tip.offsetHeight - 12 : y + 16)}px`;
  }

  #click(event: MouseEvent): void {
    const target = this.#targetOf(event);
    const y = this.top + event.offsetY;
    const { timeline } = this.#view;
    if (target === undefined) return this.#view.go(timeline.stepAt(y));
    const { frame } = target;
    const isNearSender =
      frame !== undefined && y - timeline.heightOf(frame.sent) < timeline.heightOf(frame.ended ?? frame.sent) - y;
    this.#view.go(isNearSender ? frame.sent : target.step, frame);
  }
}
