/** What nodes hold of a key, before a step and after it. */
import type { KeyPlace, Lane, RecordedChange, Step } from "../recorded.ts";
import { firstPast } from "./first-past.ts";
import type { RecordedRun } from "./recorded-run.ts";

/** `undefined`: it has never held anything. */
export type Held = RecordedChange | undefined;

export interface Holding {
  readonly node: Lane;
  /** It holds it as a hint for this node. */
  readonly target: Lane | undefined;
  readonly isPrimary: boolean;
  readonly before: Held;
  readonly after: Held;
}

/** First the primaries, each with the hints that it keeps; then whoever else has something, or had it before the step. */
export function holdingsOf(run: RecordedRun, key: KeyPlace, step: Step): Holding[] {
  const primaries = run.recorded.keys[key]?.primaries ?? [];
  const others = run.nodes.filter((node) => !primaries.includes(node));
  return [...primaries, ...others].flatMap((node) => {
    const isPrimary = primaries.includes(node);
    const own = holdingAt(run, key, step, node, undefined, isPrimary);
    const hints = run.nodes.map((target) => holdingAt(run, key, step, node, target, false)).filter(isThere);
    return isPrimary || isThere(own) || hints.length > 0 ? [own, ...hints] : [];
  });
}

/** Whether a step changes what its node holds: not only that it is safe now. */
export function isDifferent({ before, after }: Holding): boolean {
  return before?.state !== after?.state;
}

/** @param changes of one node and one key, in order. @returns the one that holds after this step */
function stateAt(changes: readonly RecordedChange[], step: Step): Held {
  return changes[firstPast(changes.length, (place) => changes[place]!.step > step) - 1];
}

function holdingAt(
  run: RecordedRun,
  key: KeyPlace,
  step: Step,
  node: Lane,
  target: Lane | undefined,
  isPrimary: boolean,
): Holding {
  const changes = run.changesOf(key, node, target);
  return { node, target, isPrimary, before: stateAt(changes, step - 1), after: stateAt(changes, step) };
}

function isThere({ before, after }: Holding): boolean {
  return before?.state !== undefined || after?.state !== undefined;
}
