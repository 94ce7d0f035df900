/** What every node holds of the key that is followed, before the step at the cursor and after it. */
import type { RecordedSibling } from "../recorded.ts";
import { button, element } from "./element.ts";
import { holdingsOf, isDifferent, type Held, type Holding } from "./holdings.ts";
import type { View } from "./view.ts";

export function keyTable(view: View): HTMLElement {
  const { key } = view.filter;
  if (key === undefined) return element("p", { class: "faint" }, "no key");
  const holdings = holdingsOf(view.run, key, view.cursor);
  const letters = lettersOf(holdings);
  const rows = holdings.map((holding) => rowOf(view, holding, letters.get(holding)));
  return element(
    "table",
    { id: "holdings", "data-step": `${view.cursor}` },
    element(
      "thead",
      {},
      element("tr", {}, ...["", "before this step", "after it"].map((text) => element("th", {}, text))),
    ),
    element("tbody", {}, ...rows),
  );
}

/** Where replicas differ: a letter for each of the different states. */
function lettersOf(holdings: readonly Holding[]): ReadonlyMap<Holding, string> {
  const replicas = holdings.filter(({ isPrimary }) => isPrimary);
  const states = [...new Set(replicas.map(({ after }) => after?.state))];
  if (states.length < 2) return new Map();
  return new Map(replicas.map((one) => [one, String.fromCharCode(65 + states.indexOf(one.after?.state))]));
}

function rowOf(view: View, holding: Holding, letter: string | undefined): HTMLElement {
  const { node, target, isPrimary, before, after } = holding;
  const name = target === undefined ? view.words.lane(node) : `hint for ${view.words.lane(target)}`;
  const head = element("th", { scope: "row" }, name);
  if (isPrimary) head.append(element("span", { class: "primary", title: "a primary of the key" }, " ◉"));
  const same = "replicas with the same letter hold the same";
  if (letter !== undefined) head.append(element("span", { class: "state", title: same }, letter));
  const row = element("tr", {
    "data-node": view.words.lane(node),
    class: `${isDifferent(holding) ? "different" : ""} ${target === undefined ? "" : "hint"}`,
  });
  if (target !== undefined) row.dataset.target = view.words.lane(target);
  if (!isDifferent(holding)) row.append(head, cell(view, after, after, { colspan: "2" }));
  else row.append(head, cell(view, before, after, { class: "before" }), cell(view, after, before, { class: "after" }));
  return row;
}

/** @param other what it is compared with: what is not in that one stands out */
function cell(view: View, held: Held, other: Held, attributes: Readonly<Record<string, string>>): HTMLElement {
  const made = element("td", attributes);
  if (held?.state === undefined) made.append(element("span", { class: "faint" }, "nothing"));
  else if (held.state === "bad") made.append(element("span", { class: "bad" }, "a record that cannot be read"));
  else made.append(...contentOf(view, held, other));
  const isUnsynced = held !== undefined && (held.durable ?? Infinity) > view.cursor;
  if (isUnsynced)
    made.append(element("span", { class: "unsynced", title: "a crash now would take it away" }, "not on disk yet"));
  return made;
}

function contentOf(view: View, held: NonNullable<Held>, other: Held): HTMLElement[] {
  const { words, run } = view;
  const { states } = run.recorded;
  const { siblings, context } = states[held.state as number]!;
  const known = typeof other?.state === "number" ? states[other.state]!.siblings : [];
  const chips = siblings.map((sibling) => {
    const isOther = !known.some((one) => isSameDot(one, sibling));
    const title = `${words.longDot(sibling)}${sibling.operation === undefined ? "" : `: to operation ${sibling.operation}`}`;
    const chip = button(words.sibling(sibling), title, () => view.goToOperation(sibling.operation));
    chip.className = `chip ${isOther ? "other" : ""} ${sibling.value === undefined ? "dead" : ""}`;
    chip.append(element("span", { class: "dot" }, words.dot(sibling)));
    return chip;
  });
  const none = chips.length === 0 ? [element("span", { class: "faint" }, "no siblings")] : [];
  return [...chips, ...none, element("div", { class: "context" }, `has seen ${words.context(context)}`)];
}

function isSameDot(a: RecordedSibling, b: RecordedSibling): boolean {
  return a.actor === b.actor && a.counter === b.counter;
}
