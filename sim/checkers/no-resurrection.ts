/**
 * I2b to I2d: what was replaced or deleted stays so.
 *
 * - b: in the end nothing is alive that an acknowledged write or delete had seen.
 * - c: a tombstone is first removed only when every primary holds it, or something that has seen it, and nobody keeps a hint of the key.
 *   After that, nothing that it had seen is alive in any hint. (On no disk: `buried-dots.ts`.)
 * - d: a strict read with r + w > n that starts after a delete was acknowledged shows nothing that the delete had seen.
 */
import { contains, emptyContext, joinContexts, type CausalContext } from "../../src/causal-context.ts";
import { formatDot, type Dot } from "../../src/dot.ts";
import { isIncluded, type StoredObject } from "../../src/object.ts";
import type { OpId } from "../../src/op-id.ts";
import type { NodeId } from "../../src/ring.ts";
import type { Accuse, Checker } from "../checker.ts";
import { formatOperation, opsOf, type Operation } from "../history.ts";
import type { Collected, EndOfRun, KeyName, Observation } from "../observation.ts";
import { isDead } from "../states.ts";
import { Promises } from "./promises.ts";

export class NoResurrection implements Checker {
  readonly invariant = "I2";
  readonly #accuse: Accuse;
  /** What acknowledged writes had replaced; and reads that may not show it. */
  readonly #replaced = new Promises();
  readonly #reads: { readonly read: Operation; readonly replaced: CausalContext }[] = [];
  readonly #dots = new Map<OpId, Dot[]>();
  /** Per key all that removed tombstones had seen. */
  readonly #dead = new Map<KeyName, CausalContext>();
  readonly #damaged = new Set<NodeId>();
  #hasCrashed = false;

  constructor(accuse: Accuse) {
    this.#accuse = accuse;
  }

  observe(observation: Observation): void {
    switch (observation.kind) {
      case "issue":
        if (observation.op !== undefined)
          this.#dots.set(observation.op, [...(this.#dots.get(observation.op) ?? []), observation.dot]);
        return;
      case "damaged":
        this.#damaged.add(observation.node);
        return;
      case "crashed":
        this.#hasCrashed = true;
        return;
      case "collected":
        return this.#collect(observation);
      case "hinted":
        return this.#checkDead(observation.node, observation.key, observation.after);
      case "returned":
        return this.#returned(observation.operation);
      default:
        return;
    }
  }

  finish({ keys, operations }: EndOfRun): void {
    for (const operation of operations) this.#checkEnd(operation, keys.get(operation.key)?.joined);
    const writers = new Map(operations.map((operation) => [`${operation.key} ${operation.value}`, operation.op]));
    for (const { read, replaced } of this.#reads)
      for (const value of read.siblings ?? []) {
        const op = writers.get(`${read.key} ${value}`);
        const dots = op === undefined ? [] : (this.#dots.get(op) ?? []);
        // A write that was tried twice may own two dots.
        if (dots.length > 0 && dots.every((dot) => contains(replaced, dot)))
          this.#accuse(`${formatOperation(read)} shows what an acknowledged write had replaced before it began`);
      }
  }

  #checkEnd(operation: Operation, object: StoredObject | undefined): void {
    if (operation.kind === "get" || operation.outcome !== "ok" || object === undefined) return;
    // Whether it may be lost, I1 says.
    const dots = opsOf(operation).flatMap((op) => this.#dots.get(op) ?? []);
    if (!dots.some((dot) => contains(object.context, dot))) return;
    const risen = object.siblings.find(({ dot }) => contains(operation.contextIn, dot));
    if (risen !== undefined)
      this.#accuse(
        `${formatDot(risen.dot)} of ${operation.key} is alive, which ${formatOperation(operation)} had replaced`,
      );
  }

  #collect({ node, key, before, primaries = new Map(), hinting = [] }: Collected): void {
    if (before === undefined) return;
    const dead = this.#dead.get(key) ?? emptyContext;
    const isFirst = before.siblings.some(({ dot }) => !contains(dead, dot));
    if (isFirst)
      for (const [primary, state] of primaries)
        if (!this.#damaged.has(primary) && (state === undefined || !isIncluded(before, state)))
          this.#accuse(`${node} removes the tombstone of ${key}, which ${primary} does not hold`);
    if (isFirst && hinting.length > 0)
      this.#accuse(`${node} removes the tombstone of ${key}, of which ${hinting.join(", ")} keeps a hint`);
    this.#dead.set(key, joinContexts(dead, before.context));
  }

  #checkDead(node: NodeId, key: KeyName, after: StoredObject | undefined): void {
    const dead = this.#dead.get(key);
    if (dead === undefined || after === undefined || isDead(after)) return;
    const risen = after.siblings.find(({ dot, value }) => value !== undefined && contains(dead, dot));
    if (risen !== undefined)
      this.#accuse(`${formatDot(risen.dot)} of ${key} is alive again at ${node}, though its tombstone was collected`);
  }

  #returned(operation: Operation): void {
    const { kind, outcome, asked } = operation;
    if (outcome !== "ok" || asked.isSloppy || this.#damaged.size > 0) return;
    if (kind === "get") this.#reads.push({ read: operation, replaced: this.#replaced.owedTo(operation) });
    else if (asked.dw >= asked.w || !this.#hasCrashed) this.#replaced.add(operation, operation.contextIn);
  }
}
