/**
 * A recorded run by its steps: what happened in each, in the order in which it makes sense to people. First what came in, then what
 * it changed, then what went out, and at last who found fault with it.
 */
import type {
  KeyPlace,
  Lane,
  Recorded,
  RecordedChange,
  RecordedFrame,
  RecordedMark,
  RecordedOperation,
  RecordedViolation,
  Step,
} from "../recorded.ts";
import { spellsOf, type Spell } from "./spells.ts";

export type Happening =
  | { readonly what: "arrived" | "lost" | "sent"; readonly frame: RecordedFrame }
  | { readonly what: "called" | "returned"; readonly operation: RecordedOperation }
  | { readonly what: "changed" | "synced"; readonly change: RecordedChange }
  | { readonly what: "begins" | "ends"; readonly spell: Spell }
  | { readonly what: "mark"; readonly mark: RecordedMark }
  | { readonly what: "violation"; readonly violation: RecordedViolation };

const order: readonly Happening["what"][] = [
  "arrived",
  "lost",
  "returned",
  "called",
  "begins",
  "ends",
  "mark",
  "synced",
  "changed",
  "sent",
  "violation",
];

const nothing: readonly Happening[] = [];

export class RecordedRun {
  readonly recorded: Recorded;
  readonly steps: number;
  /** The lanes as they stand: clients first, so that what they ask goes to the right and what they are told to the left. */
  readonly lanes: readonly Lane[];
  readonly nodes: readonly Lane[];
  readonly spells: readonly Spell[];
  readonly #at: (Happening[] | undefined)[] = [];
  /** By key, node and target. */
  readonly #changes = new Map<string, RecordedChange[]>();

  constructor(recorded: Recorded) {
    this.recorded = recorded;
    this.steps = recorded.momentsUs.length;
    const places = recorded.lanes.map((_, place) => place);
    this.nodes = places.filter((place) => recorded.lanes[place]!.kind === "node");
    this.lanes = [...places.filter((place) => recorded.lanes[place]!.kind === "client"), ...this.nodes];
    this.spells = spellsOf(recorded.spans);
    this.#index();
    for (const happenings of this.#at) happenings?.sort((a, b) => order.indexOf(a.what) - order.indexOf(b.what));
    for (const change of recorded.changes) {
      const name = nameOf(change.key, change.node, change.target);
      const known = this.#changes.get(name);
      if (known === undefined) this.#changes.set(name, [change]);
      else known.push(change);
    }
  }

  at(step: Step): readonly Happening[] {
    return this.#at[step] ?? nothing;
  }

  momentUs(step: Step): number {
    return this.recorded.momentsUs[step] ?? 0;
  }

  /** The first of the earliest step: what comes after it would not have happened. */
  get violation(): RecordedViolation | undefined {
    return this.recorded.violations.toSorted((a, b) => a.step - b.step)[0];
  }

  /** All that a node ever held of a key: itself, or as a hint for `target`. */
  changesOf(key: KeyPlace, node: Lane, target: Lane | undefined): readonly RecordedChange[] {
    return this.#changes.get(nameOf(key, node, target)) ?? [];
  }

  #index(): void {
    const { frames, operations, changes, marks, violations } = this.recorded;
    for (const frame of frames) {
      this.#note(frame.sent, { what: "sent", frame });
      if (frame.ended !== undefined)
        this.#note(frame.ended, { what: frame.lost === undefined ? "arrived" : "lost", frame });
    }
    for (const operation of operations) {
      this.#note(operation.called, { what: "called", operation });
      if (operation.returned !== undefined) this.#note(operation.returned, { what: "returned", operation });
    }
    for (const change of changes) {
      this.#note(change.step, { what: "changed", change });
      if (change.durable !== undefined && change.durable > change.step)
        this.#note(change.durable, { what: "synced", change });
    }
    for (const spell of this.spells) {
      this.#note(spell.begin, { what: "begins", spell });
      if (spell.end !== undefined) this.#note(spell.end, { what: "ends", spell });
    }
    for (const mark of marks) this.#note(mark.step, { what: "mark", mark });
    for (const violation of violations) this.#note(violation.step, { what: "violation", violation });
  }

  #note(step: Step, happening: Happening): void {
    (this.#at[step] ??= []).push(happening);
  }
}

function nameOf(key: KeyPlace, node: Lane, target: Lane | undefined): string {
  return `${key} ${node} ${target ?? ""}`;
}
