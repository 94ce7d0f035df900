/** The end of a recording, for runs that are too long to show all of: everything from a step on, and what nodes held until then. */
import type { Recorded, RecordedChange, RecordedState, StatePlace, Step } from "./recorded.ts";

/** @param first the step from which on nothing is left out */
export function shortened(recorded: Recorded, first: Step): Recorded {
  const states = new States(recorded.states);
  return {
    ...recorded,
    frames: recorded.frames
      .filter(({ sent }) => sent >= first)
      .map((frame) => ({ ...frame, messages: frame.messages.map((message) => states.keep(message)) })),
    changes: changesFrom(recorded.changes, first).map((change) => states.keep(change)),
    operations: recorded.operations.filter(({ returned = Infinity }) => returned >= first),
    spans: recorded.spans.filter(({ end = Infinity }) => end >= first),
    marks: recorded.marks.filter(({ step }) => step >= first),
    states: states.kept,
  };
}

/** And of every place where a state may lie the last one before. */
function changesFrom(changes: readonly RecordedChange[], first: Step): RecordedChange[] {
  const known = new Set<string>();
  return changes
    .toReversed()
    .filter(({ step, node, key, target }) => {
      const name = `${node} ${key} ${target ?? ""}`;
      const isKept = step >= first || !known.has(name);
      if (step < first) known.add(name);
      return isKept;
    })
    .toReversed();
}

/** Only those that are still spoken of, each in its new place. */
class States {
  readonly kept: RecordedState[] = [];
  readonly #all: readonly RecordedState[];
  readonly #places = new Map<StatePlace, number>();

  constructor(all: readonly RecordedState[]) {
    this.#all = all;
  }

  keep<Thing extends { readonly state?: StatePlace }>(thing: Thing): Thing {
    const { state } = thing;
    if (state === undefined || state === "bad") return thing;
    const place = this.#places.get(state) ?? this.kept.push(this.#all[state]!) - 1;
    this.#places.set(state, place);
    return { ...thing, state: place };
  }
}
