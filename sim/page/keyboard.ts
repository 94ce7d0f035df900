/** Everything can be done without a mouse. */
import type { Stage } from "./stage.ts";
import type { Toolbar } from "./toolbar.ts";
import type { View } from "./view.ts";
import { element } from "./element.ts";
import { groupOf, kindsIn } from "./filter.ts";

interface Command {
  readonly keys: readonly string[];
  readonly what: string;
  readonly run: () => void;
}

/** @returns the sheet that tells of all keys */
export function listenToKeys(view: View, stage: Stage, toolbar: Toolbar): HTMLDialogElement {
  const commands = commandsOf(view, stage, toolbar, () => (help.open ? help.close() : help.showModal()));
  const help = helpOf(commands);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    const command = commands.find(({ keys }) => keys.includes(event.key));
    if (command === undefined) return;
    event.preventDefault();
    command.run();
  });
  return help;
}

function commandsOf(view: View, stage: Stage, toolbar: Toolbar, toggleHelp: () => void): Command[] {
  return [
    { keys: ["j", "ArrowDown"], what: "next step", run: () => view.next() },
    { keys: ["k", "ArrowUp"], what: "previous step", run: () => view.previous() },
    { keys: ["J"], what: "next change of the key", run: () => view.goToChange(1) },
    { keys: ["K"], what: "previous change of the key", run: () => view.goToChange(-1) },
    { keys: ["v"], what: "to the violation", run: () => view.goToViolation() },
    { keys: ["Home"], what: "to the beginning", run: () => view.go(view.timeline.steps[0]) },
    { keys: ["End"], what: "to the end", run: () => view.go(view.timeline.steps.at(-1)) },
    { keys: ["/"], what: "find", run: () => toolbar.search.focus() },
    { keys: ["n"], what: "next place found", run: () => view.goToMatch(1) },
    { keys: ["N"], what: "previous place found", run: () => view.goToMatch(-1) },
    { keys: ["o"], what: "only this key, or all", run: () => view.follow(view.filter.key, !view.filter.isOnlyKey) },
    { keys: ["b"], what: "background, or not", run: () => toggleBackground(view) },
    { keys: ["+", "="], what: "larger", run: () => view.zoom(1) },
    { keys: ["-"], what: "smaller", run: () => view.zoom(-1) },
    { keys: ["1"], what: "as it is read best", run: () => view.zoomTo(1) },
    { keys: ["0"], what: "the whole run", run: () => stage.fit() },
    {
      keys: ["t"],
      what: "time: even, or true",
      run: () => view.space(view.standing.spacing === "even" ? "true" : "even"),
    },
    { keys: ["?"], what: "these keys", run: toggleHelp },
  ];
}

function toggleBackground(view: View): void {
  const kinds = [...kindsIn(view.run).values()].flat().filter((kind) => groupOf(kind) === "background");
  const areHidden = kinds.some((kind) => view.filter.hiddenKinds.has(kind));
  view.toggleKinds(kinds, areHidden);
}

function isTyping(target: EventTarget | null): boolean {
  return (
    (target instanceof HTMLInputElement && target.type !== "checkbox") ||
    target instanceof HTMLSelectElement ||
    target instanceof HTMLTextAreaElement
  );
}

function helpOf(commands: readonly Command[]): HTMLDialogElement {
  const rows = commands.map(({ keys, what }) =>
    element("tr", {}, element("td", {}, ...keys.map((key) => element("kbd", {}, key))), element("td", {}, what)),
  );
  return element("dialog", {}, element("h2", {}, "keys"), element("table", {}, ...rows));
}
