/**
 * I4: every operation seems to have happened at one moment between its call and its return, each key being one register.
 *
 * - What was told to be unknown has no return: it may take effect at any moment after its call, or never.
 * - What was told never to happen is left out; a read that shows its value then has no explanation (an aborted read).
 * - A rejected compare-and-set is a read of what it found (CASSANDRA-12126).
 * - Intervals are closed: of two operations of which one returns in the moment in which the other is called either may be first.
 *
 * Source: Herlihy, Wing: Linearizability (1990). How an order is searched for: `register-search.ts`.
 */
import type { KeyName } from "../observation.ts";
import { byKey } from "./grouped.ts";
import {
  formatRegisterOperation,
  formatValue,
  isLook,
  needOf,
  valueOf,
  type RegisterOperation,
  type RegisterValue,
} from "./register-history.ts";
import { Search } from "./register-search.ts";

/** `unknown`: nobody can say, within the steps that were allowed. Whoever asks treats it as a failure. */
export type Verdict =
  | { readonly kind: "linearizable" }
  | { readonly kind: "violated"; readonly key: KeyName; readonly refutation: Refutation }
  | { readonly kind: "unknown"; readonly key: KeyName; readonly steps: number };

/** Why there is no order: what had returned before the misfit did can be explained, and the misfit cannot. */
export interface Refutation {
  /** The longest order that explains what returned before. */
  readonly explained: readonly RegisterOperation[];
  /** What the register holds behind it. */
  readonly held: RegisterValue;
  /** The operation that fits nowhere. */
  readonly misfit: RegisterOperation;
  readonly why: string;
}

/** Some seconds: a history that needs more has too many clients at one key. */
const stepsMax = 1_000_000;
/** How much of an order people are shown. */
const shownMax = 8;

/** @returns the first key that is not linearizable, or not known to be; every register holds nothing in the beginning */
export function checkLinearizability(operations: readonly RegisterOperation[], steps: number = stepsMax): Verdict {
  for (const [key, ofKey] of byKey(operations)) {
    const verdict = checkRegister(key, ofKey, steps);
    if (verdict.kind !== "linearizable") return verdict;
  }
  return { kind: "linearizable" };
}

export function formatVerdict(verdict: Verdict): string {
  if (verdict.kind === "linearizable") return "linearizable";
  if (verdict.kind === "unknown") return `${verdict.key}: nobody can say after ${verdict.steps} steps`;
  const { explained, held, misfit, why } = verdict.refutation;
  return [
    `${verdict.key}: ${formatRegisterOperation(misfit)} fits nowhere: ${why}`,
    `The register holds ${formatValue(held)} after ${explained.length} operations, the last of them in this order:`,
    ...explained.slice(-shownMax).map((operation) => `  ${formatRegisterOperation(operation)}`),
  ].join("\n");
}

function checkRegister(key: KeyName, operations: readonly RegisterOperation[], steps: number): Verdict {
  const answer = searchOf(operations, operations.filter(isCertain)).run(steps);
  if (answer === "linearizable") return { kind: "linearizable" };
  if (answer === "unknown") return { kind: "unknown", key, steps };
  return { kind: "violated", key, refutation: refutationOf(operations, steps) };
}

/** The more of the history has returned, the less can be explained: the misfit is where that ends, and is found by halving. */
function refutationOf(operations: readonly RegisterOperation[], steps: number): Refutation {
  const certain = operations.filter(isCertain).sort((a, b) => a.returnedAtMs - b.returnedAtMs);
  let from = 0;
  for (let to = certain.length - 1; from < to;) {
    const middle = (from + to) >> 1;
    const search = searchOf(operations, certain.slice(0, middle + 1));
    if (search.run(steps) === "linearizable") from = middle + 1;
    else to = middle;
  }
  const misfit = certain[from]!;
  const search = searchOf(operations, certain.slice(0, from));
  search.run(steps);
  return { explained: search.order, held: search.held, misfit, why: reasonOf(misfit, operations) };
}

/** @param certain those of the operations that must have happened: the others may have, or may not have returned yet */
function searchOf(operations: readonly RegisterOperation[], certain: readonly RegisterOperation[]): Search {
  const returned = new Set(certain);
  const pending = operations.filter((one) => one.outcome !== "none" && !isLook(one) && !returned.has(one));
  return new Search(certain, pending);
}

function isCertain({ outcome }: RegisterOperation): boolean {
  return outcome === "ok" || outcome === "rejected";
}

function reasonOf(misfit: RegisterOperation, operations: readonly RegisterOperation[]): string {
  const value = needOf(misfit)?.value;
  if (misfit.outcome === "rejected" && misfit.action.kind === "compareAndSet" && misfit.action.expected === value)
    return "it was rejected for what it expected.";
  const writers = operations.filter((one) => !isLook(one) && valueOf(one) === value);
  if (value !== undefined && writers.length === 0) return `nobody ever wrote ${formatValue(value)}.`;
  if (writers.length > 0 && writers.every(({ outcome }) => outcome === "none"))
    return `${writers.map(formatRegisterOperation).join(", ")} was told never to happen.`;
  return "the register cannot have held that at any moment between its call and its return.";
}
