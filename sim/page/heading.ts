/** Above everything: which seed this is, what became of it, and how to play it again. */
import type { About, Recorded } from "../recorded.ts";
import { button, element } from "./element.ts";
import type { View } from "./view.ts";

const verdicts: Readonly<Record<About["kind"], string>> = {
  ok: "fine",
  correctness: "a promise was broken",
  liveness: "the healed cluster did not come to rest or serve",
  crash: "crashed",
  nondeterministic: "two runs of it differ",
};

export function headingOf(view: View): HTMLElement {
  const { about } = view.run.recorded;
  const title = element(
    "div",
    { class: "title" },
    element("h1", {}, `seed ${about.seed}`),
    element("span", { class: `verdict ${about.kind === "ok" ? "fine" : "wrong"}` }, verdicts[about.kind]),
    element("span", { class: "facts" }, factsOf(view.run.recorded)),
    ...(about.replay === undefined ? [] : [replay(about.replay)]),
  );
  return element("header", {}, title, ...accusations(view), ...notes(view.run.recorded));
}

function factsOf({ about, lanes }: Recorded): string {
  const { ok, none, unknown } = about.operations;
  const count = (kind: string): number => lanes.filter((lane) => lane.kind === kind).length;
  return [
    `${count("node")} nodes, ${count("client")} clients`,
    `${ok} operations done, ${none} refused, ${unknown} unknown`,
    `${(about.simulatedMs / 1000).toFixed(1)} s, ${about.events} events`,
    `coterie ${document.documentElement.dataset["version"]}`,
    `hash ${about.hash}`,
  ].join(" · ");
}

function replay(command: string): HTMLElement {
  const copy = button("copy", "copy the command", () => {
    void navigator.clipboard.writeText(command).then(() => (copy.textContent = "copied"));
  });
  return element("span", { class: "replay" }, element("code", {}, command), copy);
}

/** What is wrong, in full, and the way there. */
function accusations(view: View): HTMLElement[] {
  const { violations, about } = view.run.recorded;
  const accused = violations.map(({ invariant, sentence, step }, place) =>
    element(
      "div",
      { class: "accusation", role: "alert" },
      element("b", {}, invariant),
      element("span", { class: "sentence" }, ...linked(view, view.words.sentence(sentence))),
      element("span", { class: "moment" }, `${view.words.time(step)} ms`),
      button(place === 0 ? "show it (v)" : "show it", "go to where it is found", () =>
        place === 0 ? view.goToViolation() : view.go(step),
      ),
    ),
  );
  const [first, ...others] = accused;
  return [
    ...(first === undefined ? [] : [first]),
    ...(others.length === 0 ? [] : [folded(`and ${others.length} more`, others)]),
    ...(about.error === undefined ? [] : [folded("the stack", [element("pre", {}, about.error)])]),
  ];
}

function folded(title: string, content: readonly HTMLElement[]): HTMLElement {
  return element("details", { class: "others" }, element("summary", {}, title), ...content);
}

/** The dots and operations that a sentence names lead to where they were called. */
function linked(view: View, sentence: string): (HTMLElement | string)[] {
  const { operations } = view.run.recorded;
  return sentence.split(/((?:\w+:\d+)|(?:(?:get|put|delete) \d+))/).map((part, place) => {
    if (place % 2 === 0) return part;
    const named = operations.find(
      ({ kind, number, dots }) => `${kind} ${number}` === part || dots.some((dot) => view.words.dot(dot) === part),
    );
    return named === undefined ? part : button(part, "to its call", () => view.goToOperation(named.number));
  });
}

function notes({ about, leftOut, actors }: Recorded): HTMLElement[] {
  const drawn = about.profile.split("; ").map((part) => element("li", {}, part));
  const named = actors.map(({ name, actor }) => element("li", {}, element("b", {}, name), ` ${actor}`));
  return [
    ...leftOut.map((sentence) => element("div", { class: "left-out" }, sentence)),
    element(
      "details",
      { class: "profile" },
      element("summary", {}, "what was drawn for this seed"),
      element("ul", {}, ...drawn),
    ),
    element(
      "details",
      { class: "profile" },
      element("summary", {}, "dots: who is n1a"),
      element(
        "p",
        {},
        "A dot is a write: the node that gave it its number, a letter for each new actor of that node, and the number.",
      ),
      element("ul", { class: "actors" }, ...named),
    ),
  ];
}
