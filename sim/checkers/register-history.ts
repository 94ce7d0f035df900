/**
 * What clients did to registers, keys that hold one value each, and what they were told: the history that `linearizability.ts`
 * judges. A register can be read, written, and written on the condition that it holds a certain value (compare-and-set).
 */
import type { KeyName } from "../observation.ts";

/** `undefined`: nothing, the key is not there. Checks are sharper if no two writes write the same. */
export type RegisterValue = string | undefined;

export type RegisterAction =
  | { readonly kind: "read" }
  | { readonly kind: "write"; readonly value: RegisterValue }
  | { readonly kind: "compareAndSet"; readonly expected: RegisterValue; readonly value: RegisterValue };

export interface RegisterOperation {
  readonly number: number;
  readonly client: string;
  readonly key: KeyName;
  readonly action: RegisterAction;
  readonly calledAtMs: number;
  /** When the client was told, or gave up. */
  readonly returnedAtMs: number;
  /**
   * `ok`: it happened. `rejected`: a compare-and-set that found something else than it expected. `none`: it certainly never happens.
   * `unknown`: it may have happened, or may yet, however late.
   */
  readonly outcome: "ok" | "rejected" | "none" | "unknown";
  /** What a read has shown, or a rejected compare-and-set. */
  readonly found: RegisterValue;
}

/** Shows what the register held, and changes nothing: a read, or a compare-and-set that was rejected. */
export function isLook({ action, outcome }: RegisterOperation): boolean {
  return action.kind === "read" || outcome === "rejected";
}

/** Whether it can happen where the register holds this. */
export function isPossible({ action, outcome, found }: RegisterOperation, held: RegisterValue): boolean {
  if (action.kind === "write") return true;
  if (action.kind === "read") return found === held;
  return outcome === "rejected" ? found === held && held !== action.expected : action.expected === held;
}

/** What the register holds after it, of something that is no look. */
export function valueOf({ action }: RegisterOperation): RegisterValue {
  return action.kind === "read" ? undefined : action.value;
}

/** What the register must hold for it to happen, if it asks for anything at all. */
export function needOf(operation: RegisterOperation): { readonly value: RegisterValue } | undefined {
  const { action, found } = operation;
  if (isLook(operation)) return { value: found };
  return action.kind === "compareAndSet" ? { value: action.expected } : undefined;
}

export function formatRegisterOperation(operation: RegisterOperation): string {
  const { client, number, calledAtMs, returnedAtMs, outcome, found } = operation;
  const result = isLook(operation) ? ` found ${formatValue(found)}` : "";
  return `${client}'s ${formatAction(operation)} (${number}, ${outcome}${result}, ${calledAtMs} to ${returnedAtMs} ms)`;
}

export function formatValue(value: RegisterValue): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}

function formatAction({ action }: RegisterOperation): string {
  switch (action.kind) {
    case "read":
      return "read";
    case "write":
      return `write of ${formatValue(action.value)}`;
    case "compareAndSet":
      return `compare-and-set of ${formatValue(action.expected)} to ${formatValue(action.value)}`;
  }
}
