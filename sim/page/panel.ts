/** Beside the picture: the state of the key, everything that happened in the step at the cursor, and what came before and after it. */
import type { RecordedOperation, Step } from "../recorded.ts";
import { element } from "./element.ts";
import { isShown } from "./filter.ts";
import { keyTable } from "./key-table.ts";
import type { Happening } from "./recorded-run.ts";
import type { View } from "./view.ts";

const linesBefore = 9;
const linesAfter = 14;
const operationsShown = 12;

export class Panel {
  readonly element: HTMLElement = element("aside", { "aria-label": "at the cursor" });
  readonly #view: View;

  constructor(view: View) {
    this.#view = view;
    view.listen((changes) => {
      if (changes.has("cursor")) this.#refresh();
    });
    this.#refresh();
  }

  #refresh(): void {
    const view = this.#view;
    const { key } = view.filter;
    const name = key === undefined ? "no key" : view.words.key(key);
    this.element.replaceChildren(
      section(`${name} at ${view.words.time(view.cursor)} ms`, keyTable(view)),
      section("this step", this.#step()),
      section(`operations on ${name} so far`, this.#operations()),
      section("around", this.#around()),
    );
  }

  #step(): HTMLElement {
    const happenings = this.#view.run.at(this.#view.cursor);
    if (happenings.length === 0) return element("p", { class: "faint" }, "nothing that is told");
    const { filter } = this.#view;
    const classOf = (one: Happening): string => `${one.what} ${isShown(one, filter) ? "" : "aside"}`;
    const lines = happenings.map((one) => element("li", { class: classOf(one) }, this.#words(one)));
    return element("ul", { id: "step" }, ...lines);
  }

  #words(happening: Happening): string {
    return this.#view.words.happening(happening);
  }

  /** Newest first: those that were called up to now. */
  #operations(): HTMLElement {
    const { run, filter, cursor } = this.#view;
    const called = run.recorded.operations.filter(({ key, called: step }) => key === filter.key && step <= cursor);
    const rows = called.slice(-operationsShown).toReversed();
    if (rows.length === 0) return element("p", { class: "faint" }, "none");
    const table = element("table", { id: "operations" }, ...rows.map((operation) => this.#operation(operation)));
    if (called.length > rows.length) table.append(caption(`and ${called.length - rows.length} before`));
    return table;
  }

  #operation(operation: RecordedOperation): HTMLElement {
    const { words, cursor } = this.#view;
    const { client, called, returned = Infinity, outcome, seen, dots, asked } = operation;
    const isOpen = returned > cursor;
    const told = isOpen ? "under way" : words.outcome(operation);
    const note = [
      ...(seen === undefined ? [] : [`replaces ${words.context(seen)}`]),
      ...(dots.length === 0 ? [] : [`is ${dots.map((dot) => words.dot(dot)).join(" and ")}`]),
      asked,
    ].join("; ");
    const row = element(
      "tr",
      { class: isOpen ? "pending" : outcome, title: "go to its call" },
      element("td", {}, words.lane(client)),
      element("td", {}, words.operation(operation, true), element("div", { class: "context" }, note)),
      element("td", {}, told),
    );
    row.addEventListener("click", () => this.#view.go(called));
    return row;
  }

  /** One line for each thing, as far as it is shown. */
  #around(): HTMLElement {
    const { timeline, cursor } = this.#view;
    const place = timeline.placeOf(cursor);
    const before = this.#lines(timeline.steps.slice(Math.max(0, place - linesBefore), place)).slice(-linesBefore);
    const after = this.#lines(timeline.steps.slice(place, place + linesAfter)).slice(0, linesAfter);
    return element("ol", { id: "around" }, ...before, ...after);
  }

  #lines(steps: readonly Step[]): HTMLElement[] {
    const { run, filter, cursor, words } = this.#view;
    return steps.flatMap((step) =>
      run
        .at(step)
        .filter((one) => isShown(one, filter))
        .map((one) => {
          const time = element("time", {}, words.time(step));
          const line = element("li", { class: `${one.what} ${step === cursor ? "here" : ""}` }, time, this.#words(one));
          line.addEventListener("click", () => this.#view.go(step));
          return line;
        }),
    );
  }
}

function section(title: string, content: HTMLElement): HTMLElement {
  return element("section", {}, element("h2", {}, title), content);
}

function caption(text: string): HTMLElement {
  return element("caption", {}, text);
}
