/** What the clients did and what they were told: one entry per call, in the order of the calls. */
import { emptyContext, type CausalContext } from "../src/causal-context.ts";
import type { ErrorCode } from "../src/errors.ts";
import type { OpId } from "../src/op-id.ts";
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
  readonly kind: "get" | "put" | "delete";
  /** Unique in the run. */
  readonly value: string | undefined;
  readonly calledAtMs: number;
  readonly asked: Asked;
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
}

export class History {
  readonly operations: Operation[] = [];

  call(call: Pick<Operation, "client" | "key" | "kind" | "value" | "calledAtMs" | "asked">): Operation {
    const { client, key, kind, value, calledAtMs, asked } = call;
    const operation: Operation = {
      number: this.operations.length + 1,
      client,
      key,
      kind,
      value,
      calledAtMs,
      asked,
      contextIn: emptyContext,
      op: undefined,
      returnedAtMs: undefined,
      outcome: "pending",
      error: undefined,
      context: undefined,
      siblings: [],
    };
    this.operations.push(operation);
    return operation;
  }

  count(outcome: Operation["outcome"]): number {
    return this.operations.filter((operation) => operation.outcome === outcome).length;
  }
}

export function formatOperation({ client, number, kind, key, outcome, error }: Operation): string {
  return `${client}'s ${kind} ${number} of ${key} (${error === undefined ? outcome : `${error}, outcome ${outcome}`})`;
}
