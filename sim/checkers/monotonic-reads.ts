/**
 * I17: what strict quorums promise to everybody, whoever asks whom. Let a write be acknowledged by w of a key's n replicas, and a read
 * that starts later ask r of the same n, with r + w > n and no stand-ins: then the read has seen the write. The same for two
 * reads if the first one repaired before it answered (`readRepair: "blocking"`): the second is not older.
 *
 * A replica that has lost its disk or its memory in between has forgotten what it said. Reads of which that may be so prove nothing.
 */
import { addDot, emptyContext, includes, joinContexts, type CausalContext } from "../../src/causal-context.ts";
import type { Dot } from "../../src/dot.ts";
import type { OpId } from "../../src/op-id.ts";
import type { Accuse, Checker } from "../checker.ts";
import { Burials } from "../burials.ts";
import { formatOperation, opsOf, type Operation } from "../history.ts";
import type { EndOfRun, Observation } from "../observation.ts";
import { Promises } from "./promises.ts";

export class MonotonicReads implements Checker {
  readonly invariant = "I17";
  readonly #accuse: Accuse;
  readonly #dots = new Map<OpId, Dot[]>();
  readonly #promises = new Promises();
  readonly #burials = new Burials();
  /** Some disk has lost records: no quorum is what it was. */
  #isDamaged = false;
  /** What was only in memory may be gone; so may be what a read found only there, even before it returned. */
  #hasCrashed = false;

  constructor(accuse: Accuse) {
    this.#accuse = accuse;
  }

  observe(observation: Observation): void {
    this.#burials.observe(observation);
    switch (observation.kind) {
      case "damaged":
        this.#isDamaged = true;
        return;
      case "crashed":
        this.#hasCrashed = true;
        return;
      case "issue":
        if (observation.op !== undefined)
          this.#dots.set(observation.op, [...(this.#dots.get(observation.op) ?? []), observation.dot]);
        return;
      case "returned":
        return this.#returned(observation.operation);
      default:
        return;
    }
  }

  finish(_end: EndOfRun): void {}

  #returned(operation: Operation): void {
    if (this.#isDamaged || operation.outcome !== "ok" || operation.asked.isSloppy) return;
    if (operation.kind === "get") this.#checkRead(operation);
    if (this.#isPromise(operation)) this.#promises.add(operation, this.#promised(operation));
  }

  #checkRead(read: Operation): void {
    const seen = joinContexts(read.context ?? emptyContext, this.#burials.of(read.key));
    if (!includes(seen, this.#promises.owedTo(read)))
      this.#accuse(`${formatOperation(read)} has not seen what was acknowledged before it began`);
  }

  #isPromise({ kind, asked }: Operation): boolean {
    if (kind === "get") return asked.readRepair === "blocking" && !this.#hasCrashed;
    return asked.dw >= asked.w || !this.#hasCrashed;
  }

  #promised(operation: Operation): CausalContext {
    if (operation.kind === "get") return operation.context ?? emptyContext;
    const dots = opsOf(operation).flatMap((op) => this.#dots.get(op) ?? []);
    const own = dots.filter((dot) => includes(operation.context!, addDot(emptyContext, dot)));
    return own.reduce(addDot, emptyContext);
  }
}
