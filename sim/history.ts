/** What the clients did and what they were told: one entry per call, in the order of the calls. */
import type { CausalContext } from "../src/causal-context.ts";
import type { ErrorCode } from "../src/errors.ts";
import type { OpId } from "../src/op-id.ts";

export interface Operation {
  readonly number: number;
  readonly client: string;
  /** `bucket/key` */
  readonly key: string;
  readonly kind: "get" | "put" | "delete";
  /** Unique in the run. */
  readonly value: string | undefined;
  readonly calledAtMs: number;
  /** Known once it was sent; a call that was never sent has none. */
  op: OpId | undefined;
  returnedAtMs: number | undefined;
  /** `ok`: acknowledged. `none`: it failed and certainly never happens. `unknown`: it may have happened, or may yet. */
  outcome: "pending" | "ok" | "none" | "unknown";
  error: ErrorCode | undefined;
  /** What the reply's context covers. */
  context: CausalContext | undefined;
  siblings: readonly string[];
}

export class History {
  readonly operations: Operation[] = [];

  call(client: string, key: string, kind: Operation["kind"], value: string | undefined, calledAtMs: number): Operation {
    const operation: Operation = {
      number: this.operations.length + 1,
      client,
      key,
      kind,
      value,
      calledAtMs,
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
