/**
 * I4, a second way: a register that holds a list, to which clients append by compare-and-set. Whatever anybody sees of such a list
 * says which appends came before, and in which order, so that nothing has to be searched for.
 *
 * - All lists that were seen are beginnings of the longest one, and name no append twice.
 * - Each append came into the list at one moment, in the order of the list: after it was called and after everybody who did not see
 *   it had started (`notBeforeMs`), and before it returned and before anybody who saw it had finished (`byMs`).
 * - What was acknowledged and seen by nobody came last: whoever started after its return has seen it.
 * - What was told never to happen is in no list.
 *
 * These hold if and only if the history is linearizable. Intervals are closed, as in `linearizability.ts`.
 *
 * Source: Kingsbury, Alvaro: Elle (2020), list append; the windows are those of Cassandra's strict serialisability verifier.
 */
import type { KeyName } from "../observation.ts";
import { byKey } from "./grouped.ts";

export interface ListOperation {
  readonly number: number;
  readonly client: string;
  readonly key: KeyName;
  /** What it appends, unique; `undefined`: it only reads. */
  readonly appends: string | undefined;
  readonly calledAtMs: number;
  readonly returnedAtMs: number;
  /** `none`: it certainly never happens. `unknown`: it may have happened, or may yet. */
  readonly outcome: "ok" | "none" | "unknown";
  /** The list as it was shown: by a read, by a rejected append, by an append that tells what it made. */
  readonly seen: readonly string[] | undefined;
}

/** When an append came into the list. */
interface Slot {
  readonly id: string;
  notBeforeMs: number;
  byMs: number;
}

/** @returns what is wrong with the lists, in words: nothing if they are linearizable */
export function listProblems(operations: readonly ListOperation[]): string[] {
  return [...byKey(operations)].flatMap(([key, ofKey]) => problemsOf(ofKey).map((problem) => `${key}: ${problem}`));
}

function problemsOf(operations: readonly ListOperation[]): string[] {
  const longest = operations.reduce<readonly string[]>(
    (best, { seen }) => (seen !== undefined && seen.length > best.length ? seen : best),
    [],
  );
  const problems = [...orderProblems(operations, longest), ...originProblems(operations, longest)];
  // Without one order of the list there is no sense in asking when.
  return problems.length > 0 ? problems : timeProblems(operations, longest);
}

function orderProblems(operations: readonly ListOperation[], longest: readonly string[]): string[] {
  return operations.flatMap((operation) => {
    const at = operation.seen?.findIndex((id, place) => id !== longest[place]) ?? -1;
    if (at < 0) return [];
    return [
      `${formatListOperation(operation)} saw ${operation.seen![at]} in place ${at + 1}, where another one saw ${longest[at]}`,
    ];
  });
}

function originProblems(operations: readonly ListOperation[], longest: readonly string[]): string[] {
  const appends = new Map(operations.filter(isAppend).map((append) => [append.appends, append]));
  const places = new Map(longest.map((id, at) => [id, at]));
  const twice = longest.filter((id, at) => places.get(id) !== at).map((id) => `${id} is in the list twice`);
  const strange = longest.flatMap((id) => {
    const append = appends.get(id);
    if (append === undefined) return [`${id} is in the list, and nobody has appended it`];
    return append.outcome === "none" ? [`${formatListOperation(append)} is in the list`] : [];
  });
  const blind = operations.filter(isAppend).flatMap((append) => {
    if (append.outcome !== "ok" || append.seen === undefined || append.seen.at(-1) === append.appends) return [];
    return [`${formatListOperation(append)} made a list that does not end with it`];
  });
  return [...twice, ...strange, ...blind];
}

function timeProblems(operations: readonly ListOperation[], longest: readonly string[]): string[] {
  const slots = slotsOf(operations, longest);
  for (let at = 1; at < slots.length; at++)
    slots[at]!.notBeforeMs = Math.max(slots[at]!.notBeforeMs, slots[at - 1]!.notBeforeMs);
  for (let at = slots.length - 2; at >= 0; at--) slots[at]!.byMs = Math.min(slots[at]!.byMs, slots[at + 1]!.byMs);
  const misfit = [...slots, ...unseenSlots(operations, slots)].find(({ notBeforeMs, byMs }) => notBeforeMs > byMs);
  if (misfit === undefined) return [];
  return [`${misfit.id} was in the list by ${misfit.byMs} ms, and not before ${misfit.notBeforeMs} ms`];
}

/** What each place of the list says by itself. */
function slotsOf(operations: readonly ListOperation[], longest: readonly string[]): Slot[] {
  const slots = longest.map((id): Slot => ({ id, notBeforeMs: -Infinity, byMs: Infinity }));
  const places = new Map(longest.map((id, at) => [id, at]));
  for (const { appends, calledAtMs, returnedAtMs, outcome, seen } of operations) {
    const own = appends === undefined ? undefined : slots[places.get(appends) ?? -1];
    if (own !== undefined) own.notBeforeMs = Math.max(own.notBeforeMs, calledAtMs);
    if (own !== undefined && outcome === "ok") own.byMs = Math.min(own.byMs, returnedAtMs);
    if (seen === undefined) continue;
    const [last, next] = [slots[seen.length - 1], slots[seen.length]];
    if (last !== undefined) last.byMs = Math.min(last.byMs, returnedAtMs);
    if (next !== undefined) next.notBeforeMs = Math.max(next.notBeforeMs, calledAtMs);
  }
  return slots;
}

/** Behind all that anybody saw: after the last of those, and after everybody had started who looked. */
function unseenSlots(operations: readonly ListOperation[], slots: readonly Slot[]): Slot[] {
  const seen = new Set(slots.map(({ id }) => id));
  const looks = operations.filter((operation) => operation.seen !== undefined).map(({ calledAtMs }) => calledAtMs);
  const lastLookMs = looks.reduce((a, b) => Math.max(a, b), slots.at(-1)?.notBeforeMs ?? -Infinity);
  return operations
    .filter(isAppend)
    .filter(({ appends, outcome }) => outcome === "ok" && !seen.has(appends))
    .map(({ appends, returnedAtMs }) => ({ id: appends, notBeforeMs: lastLookMs, byMs: returnedAtMs }));
}

function isAppend(operation: ListOperation): operation is ListOperation & { readonly appends: string } {
  return operation.appends !== undefined;
}

function formatListOperation({ client, number, appends, outcome, calledAtMs, returnedAtMs }: ListOperation): string {
  const what = appends === undefined ? "read" : `append of ${appends}`;
  return `${client}'s ${what} (${number}, ${outcome}, ${calledAtMs} to ${returnedAtMs} ms)`;
}
