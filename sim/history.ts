/** What the clients did and what they were told: one entry per call, in the order of the calls. */
import { emptyContext, type CausalContext } from "../src/causal-context.ts";
import { dotsOfChanges, type Change } from "../src/crdt/change.ts";
import { typeAt } from "../src/crdt/path.ts";
import type { ErrorCode } from "../src/errors.ts";
import type { StoredObject } from "../src/object.ts";
import { makeOpId, sequenceOf, type OpId } from "../src/op-id.ts";
import type { ReadRepair } from "../src/options.ts";

/** What was asked for, as far as later reads may be held to it. */
export interface Asked {
  readonly n: number;
  /** r of a get; w of a write, and of a get's repair. */
  readonly r: number;
  readonly w: number;
  readonly dw: number;
  readonly isSloppy: boolean;
  readonly readRepair: ReadRepair;
}

export interface Operation {
  readonly number: number;
  readonly client: string;
  /** `bucket/key` */
  readonly key: string;
  readonly kind: "get" | "put" | "delete" | "change" | "assign";
  /** Unique in the run. */
  readonly value: string | undefined;
  readonly calledAtMs: number;
  readonly asked: Asked;
  /** Of a `change`. */
  readonly changes?: readonly Change[] | undefined;
  /** Of a write, what it was told to replace. */
  contextIn: CausalContext;
  /** Known once it was sent; a call that was never sent has none. */
  op: OpId | undefined;
  returnedAtMs: number | undefined;
  /** `ok`: acknowledged. `none`: it failed and certainly never happens. `unknown`: it may have happened, or may yet. */
  outcome: "pending" | "ok" | "none" | "unknown";
  error: ErrorCode | undefined;
  /** What the reply's context covers. */
  context: CausalContext | undefined;
  /** What a read was shown; unknown where values are not unique. */
  siblings: readonly string[] | undefined;
  /** What a read of a replicated data type was given. */
  object?: StoredObject | undefined;
}

export type Called = Pick<Operation, "client" | "key" | "kind" | "value" | "calledAtMs" | "asked"> &
  Partial<Pick<Operation, "changes">>;

export class History {
  readonly operations: Operation[] = [];

  call(call: Called): Operation {
    const { client, key, kind, value, calledAtMs, asked, changes } = call;
    const operation: Operation = {
      number: this.operations.length + 1,
      client,
      key,
      kind,
      value,
      calledAtMs,
      asked,
      changes,
      contextIn: emptyContext,
      op: undefined,
      returnedAtMs: undefined,
      outcome: "pending",
      error: undefined,
      context: undefined,
      siblings: [],
      object: undefined,
    };
    this.operations.push(operation);
    return operation;
  }

  count(outcome: Operation["outcome"]): number {
    return this.operations.filter((operation) => operation.outcome === outcome).length;
  }
}

/** The ids of all elements that it may write; none if it was never sent. */
export function opsOf({ op, changes }: Operation): readonly OpId[] {
  if (op === undefined) return [];
  const count = changes === undefined ? 1 : dotsOfChanges(changes);
  return Array.from({ length: count }, (_, at) => makeOpId(op.slice(0, 8), sequenceOf(op) + at));
}

/** Whether it writes something under a dot, whatever is there already: removing needs none, nor what a grow-only set has. */
export function mustMint(changes: readonly Change[] | undefined): boolean {
  return changes === undefined || changes.some(({ kind, path }) => kind !== "drop" && typeAt(path) !== "gSet");
}

export function formatOperation({ client, number, kind, key, outcome, error }: Operation): string {
  return `${client}'s ${kind} ${number} of ${key} (${error === undefined ? outcome : `${error}, outcome ${outcome}`})`;
}
