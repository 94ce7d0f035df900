/**
 * I14: an error whose outcome is "none" is a promise that the operation never happens: no dot was or will be issued for it, by
 * any node, and nobody ever reads its value.
 */
import type { OpId } from "../../src/op-id.ts";
import type { Accuse, Checker } from "../checker.ts";
import { formatOperation, opsOf } from "../history.ts";
import type { EndOfRun, Observation } from "../observation.ts";
import { formatDot, type Dot } from "../../src/dot.ts";

export class ErrorHonesty implements Checker {
  readonly invariant = "I14";
  readonly #accuse: Accuse;
  readonly #dots = new Map<OpId, Dot>();

  constructor(accuse: Accuse) {
    this.#accuse = accuse;
  }

  observe(observation: Observation): void {
    if (observation.kind === "issue" && observation.op !== undefined) this.#dots.set(observation.op, observation.dot);
  }

  finish({ operations }: EndOfRun): void {
    const read = new Set(operations.flatMap((operation) => operation.siblings));
    for (const operation of operations) {
      if (operation.kind === "get" || operation.outcome !== "none") continue;
      const dot = opsOf(operation)
        .map((op) => this.#dots.get(op))
        .find((one) => one !== undefined);
      if (dot !== undefined) this.#accuse(`${formatOperation(operation)} happened all the same, as ${formatDot(dot)}`);
      if (operation.value !== undefined && read.has(operation.value))
        this.#accuse(`the value of ${formatOperation(operation)} was read`);
    }
  }
}
