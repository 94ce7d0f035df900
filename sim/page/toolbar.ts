/** What is shown, and how: the key, the kinds of messages, the search, the scale. */
import { button, element } from "./element.ts";
import { groups, kindsIn, type Group } from "./filter.ts";
import type { Shown } from "./picture.ts";
import type { Stage } from "./stage.ts";
import type { View } from "./view.ts";
import { formatMs } from "./words.ts";

const groupNames: Readonly<Record<Group, string>> = {
  requests: "clients' requests",
  replicas: "between replicas",
  background: "background",
};

export class Toolbar {
  readonly element: HTMLElement;
  readonly search: HTMLInputElement = element("input", {
    type: "search",
    id: "search",
    placeholder: "find: n2, c1#5, Failure …",
    title: "Enter: next, Shift+Enter: previous",
  });
  readonly #view: View;
  readonly #key = element("select", { id: "key", title: "the key that is followed" });
  readonly #only = element("input", { type: "checkbox", id: "only" });
  readonly #found = element("span", { class: "found" });
  readonly #shown = element("output", { id: "shown" });
  readonly #spacing = button("", "even or true to time (t)", () => this.#toggleSpacing());
  /** Of which kinds each box is. */
  readonly #boxes = new Map<HTMLInputElement, readonly string[]>();

  constructor(view: View, stage: Stage) {
    this.#view = view;
    const keys = view.run.recorded.keys.map(({ name }, place) => ({ name, place }));
    keys.sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
    this.#key.append(...keys.map(({ name, place }) => element("option", { value: `${place}` }, name)));
    this.#key.addEventListener("change", () => view.follow(Number(this.#key.value), this.#only.checked));
    this.#only.addEventListener("change", () => view.follow(view.filter.key, this.#only.checked));
    this.search.addEventListener("input", () => view.find(this.search.value));
    this.search.addEventListener("keydown", (event) => {
      if (event.key === "Enter") view.goToMatch(event.shiftKey ? -1 : 1);
      if (event.key === "Escape") this.search.blur();
    });
    this.element = element(
      "nav",
      {},
      element("label", {}, "key ", this.#key),
      element("label", { title: "hide everything about other keys (o)" }, this.#only, " only this key"),
      ...this.#groups(),
      element("span", { class: "group" }, this.search, this.#found),
      this.#steps(),
      this.#scale(stage),
      this.#shown,
    );
    document.addEventListener("pointerdown", ({ target }) => this.#closeLists(target));
    view.listen(() => this.#refresh());
    this.#refresh();
  }

  /** What the window shows now. */
  tell({ messages, operations, fromMs, untilMs }: Shown): void {
    const time = `${formatMs(fromMs)} to ${formatMs(untilMs)} ms`;
    this.#shown.textContent = `${messages} messages, ${operations} operations, ${time}`;
  }

  /** Whoever looks elsewhere does not want to see them any more. */
  #closeLists(target: EventTarget | null): void {
    for (const list of this.element.querySelectorAll<HTMLDetailsElement>(".kinds[open]"))
      if (!(target instanceof Node) || !list.contains(target)) list.open = false;
  }

  #steps(): HTMLElement {
    const view = this.#view;
    return element(
      "span",
      { class: "group" },
      button("↑", "previous step (k or ↑)", () => view.previous()),
      button("↓", "next step (j or ↓)", () => view.next()),
      button("⇡ key", "previous change of the key (K)", () => view.goToChange(-1)),
      button("⇣ key", "next change of the key (J)", () => view.goToChange(1)),
    );
  }

  #scale(stage: Stage): HTMLElement {
    const view = this.#view;
    return element(
      "span",
      { class: "group" },
      this.#spacing,
      button("−", "smaller (−)", () => view.zoom(-1)),
      button("+", "larger (+)", () => view.zoom(1)),
      button("1:1", "as it is read best (1)", () => view.zoomTo(1)),
      button("all", "the whole run (0)", () => stage.fit()),
    );
  }

  #groups(): HTMLElement[] {
    return groups.map((group) => {
      const kinds = kindsIn(this.#view.run).get(group) ?? [];
      const boxes = kinds.map((kind) => this.#box(kind, [kind]));
      const all = this.#box(group, kinds);
      const summary = element("summary", {}, all.input, ` ${groupNames[group]}`);
      // A click on the box is not one on the list behind it.
      all.input.addEventListener("click", (event) => event.stopPropagation());
      return element("details", { class: "kinds" }, summary, element("div", {}, ...boxes.map(({ label }) => label)));
    });
  }

  #box(name: string, kinds: readonly string[]): { readonly label: HTMLElement; readonly input: HTMLInputElement } {
    const input = element("input", { type: "checkbox", "data-kinds": name });
    input.addEventListener("change", () => this.#view.toggleKinds(kinds, input.checked));
    this.#boxes.set(input, kinds);
    return { label: element("label", {}, input, ` ${name}`), input };
  }

  #toggleSpacing(): void {
    this.#view.space(this.#view.standing.spacing === "even" ? "true" : "even");
  }

  #refresh(): void {
    const { filter, standing, matches, cursor } = this.#view;
    this.#key.value = `${filter.key ?? ""}`;
    this.#only.checked = filter.isOnlyKey;
    this.#spacing.textContent = standing.spacing === "even" ? "time: even" : "time: true";
    const place = matches.indexOf(cursor);
    const found = place < 0 ? `${matches.length} steps` : `${place + 1} of ${matches.length}`;
    this.#found.textContent = standing.search.trim() === "" ? "" : found;
    for (const [input, kinds] of this.#boxes) {
      const hidden = kinds.filter((kind) => filter.hiddenKinds.has(kind)).length;
      input.checked = hidden < kinds.length;
      input.indeterminate = hidden > 0 && hidden < kinds.length;
    }
  }
}
