/**
 * How far the eventual level is from what sessions would like: how often in a run each guarantee was broken that it does not give.
 * A measure and no invariant: each client stands for a session, and what it asked for may have been as little as one answer.
 */
import { emptyContext } from "../src/causal-context.ts";
import type { Dot } from "../src/dot.ts";
import type { OpId } from "../src/op-id.ts";
import { breachesOf, type Breach } from "./checkers/session-guarantees.ts";
import type { SessionOperation } from "./checkers/session-history.ts";
import type { Operation } from "./history.ts";
import type { Observation } from "./observation.ts";

export class SessionMeasure {
  readonly #dots = new Map<OpId, Dot[]>();

  observe(observation: Observation): void {
    if (observation.kind !== "issue" || observation.op === undefined) return;
    this.#dots.set(observation.op, [...(this.#dots.get(observation.op) ?? []), observation.dot]);
  }

  breachesIn(operations: readonly Operation[]): Breach[] {
    return breachesOf(
      operations.map((operation) => this.#asOfSession(operation)),
      "each key",
    );
  }

  #asOfSession({
    number,
    client,
    key,
    kind,
    op,
    outcome,
    calledAtMs,
    returnedAtMs,
    context,
  }: Operation): SessionOperation {
    return {
      number,
      session: client,
      key,
      kind: kind === "get" ? "read" : "write",
      calledAtMs,
      returnedAtMs: returnedAtMs ?? Infinity,
      outcome: outcome === "pending" ? "unknown" : outcome,
      dots: (op === undefined ? undefined : this.#dots.get(op)) ?? [],
      context: context ?? emptyContext,
    };
  }
}
