/**
 * I1: no acknowledged write is lost. Its dot is in the context of what all nodes hold together, or in that of a tombstone that was
 * collected. (That nothing in these contexts is lost, or false: `exact-states.ts`.)
 *
 * An operation that was tried at two coordinators may own two dots; each counts as a write of its own.
 *
 * It needs the fault atlas: of the disks that acknowledged durably, one at least was never damaged. That is proved here for every
 * acknowledged write rather than assumed, so that a loss is never excused in silence.
 *
 * A write may live as a hint: its keeper is a holder until the hint is removed, because its target has it then, and has said so.
 * One that is removed for its age is a copy lost by the store's own rule, and a write of which no other copy was sure to survive is
 * nobody's mistake.
 */
import {
  contains,
  dotsOf,
  emptyContext,
  includes,
  joinContexts,
  type CausalContext,
} from "../../src/causal-context.ts";
import { formatDot, type Dot } from "../../src/dot.ts";
import type { OpId } from "../../src/op-id.ts";
import type { NodeId } from "../../src/ring.ts";
import type { Accuse, Checker } from "../checker.ts";
import { Burials } from "../burials.ts";
import { formatOperation, mustMint, opsOf, type Operation } from "../history.ts";
import type { Acknowledged, EndOfRun, Hinted, Issue, KeyName, Observation } from "../observation.ts";
import { dotsBeyond } from "../states.ts";

interface Issued extends Issue {
  /** Nodes that had it on disk when they said so. */
  readonly holders: Set<string>;
  /** A hint of it was removed for its age before its target had it. */
  isExpired: boolean;
}

export class AcknowledgedWrites implements Checker {
  readonly invariant = "I1";
  readonly #accuse: Accuse;
  readonly #keys = new Map<KeyName, Map<string, Issued>>();
  readonly #ops = new Map<OpId, Issued[]>();
  /** `node` or `node key`: what has been lost since. */
  readonly #damaged = new Set<string>();
  readonly #burials = new Burials();
  /** By holder and key: of what it has said that it holds it, or was a hint and is gone. Later words about that say nothing new. */
  readonly #settled = new Map<string, CausalContext>();

  constructor(accuse: Accuse) {
    this.#accuse = accuse;
  }

  observe(observation: Observation): void {
    this.#burials.observe(observation);
    if (observation.kind === "issue") this.#issued(observation);
    if (observation.kind === "damaged")
      this.#damaged.add(observation.key === undefined ? observation.node : `${observation.node} ${observation.key}`);
    if (observation.kind === "acknowledged" && observation.isDurable) this.#held(observation);
    if (observation.kind === "hinted" && observation.after === undefined) this.#unhinted(observation);
  }

  #held({ node, key, said, standsFor }: Acknowledged): void {
    const holder = holderOf(node, standsFor);
    const settled = this.#settled.get(`${holder} ${key}`) ?? emptyContext;
    if (includes(settled, said.context)) return;
    for (const dot of dotsBeyond(settled, said.context)) this.#find(key, dot)?.holders.add(holder);
    this.#settled.set(`${holder} ${key}`, joinContexts(settled, said.context));
  }

  /** The word of its disk may come after a hint's removal was submitted: then it has never held it for long. */
  #unhinted({ node, key, target, before, ageMs, ageMsMax }: Hinted): void {
    if (before === undefined) return;
    const name = `${holderOf(node, target)} ${key}`;
    this.#settled.set(name, joinContexts(this.#settled.get(name) ?? emptyContext, before.context));
    for (const dot of dotsOf(before.context)) {
      const issued = this.#find(key, dot);
      issued?.holders.delete(holderOf(node, target));
      if (ageMs >= ageMsMax && issued?.holders.has(target) === false) issued.isExpired = true;
    }
  }

  finish(end: EndOfRun): void {
    for (const operation of end.operations)
      if (operation.outcome === "ok" && operation.kind !== "get") this.#checkAcknowledged(operation, end);
  }

  #issued(issue: Issue): void {
    const issued = { ...issue, holders: new Set<string>(), isExpired: false };
    let dots = this.#keys.get(issue.key);
    if (dots === undefined) this.#keys.set(issue.key, (dots = new Map()));
    if (dots.has(nameOf(issue.dot))) return;
    dots.set(nameOf(issue.dot), issued);
    if (issue.op === undefined) return;
    this.#ops.set(issue.op, [...(this.#ops.get(issue.op) ?? []), issued]);
  }

  #find(key: KeyName, dot: Dot): Issued | undefined {
    return this.#keys.get(key)?.get(nameOf(dot));
  }

  #checkAcknowledged(operation: Operation, end: EndOfRun): void {
    const dots = opsOf(operation).flatMap((op) => this.#ops.get(op) ?? []);
    const own = dots.filter(({ dot }) => contains(operation.context!, dot));
    if (own.length === 0 && mustMint(operation.changes))
      return this.#accuse(`${formatOperation(operation)} was acknowledged without a dot of its own`);
    for (const issued of own) this.#checkPresent(operation, issued, end.keys.get(operation.key)?.joined.context ?? []);
  }

  #checkPresent(operation: Operation, { dot, holders, key, isExpired }: Issued, seen: CausalContext): void {
    const sound = [...holders].filter((holder) => this.#isSound(holder, key));
    const where = `durable on ${[...holders].join(", ") || "nobody"}`;
    if (sound.length === 0 && isExpired) return;
    if (!contains(seen, dot) && !contains(this.#burials.of(key), dot))
      this.#accuse(
        `${formatOperation(operation)} is lost: dot ${formatDot(dot)}, ${where}, undamaged of these: ${sound.join(", ") || "none"}`,
      );
    else if (sound.length === 0)
      this.#accuse(
        `the fault atlas was broken for ${formatOperation(operation)}, ${where}: no copy was sure to survive`,
      );
  }

  #isSound(holder: string, key: KeyName): boolean {
    const [node] = holder.split(" ");
    return !this.#damaged.has(node!) && !this.#damaged.has(`${node} ${key}`);
  }
}

/** A node, or a node and whom it keeps a hint for. */
function holderOf(node: NodeId, standsFor: NodeId | undefined): string {
  return standsFor === undefined ? node : `${node} for ${standsFor}`;
}

function nameOf({ actor, counter }: Dot): string {
  return `${actor} ${counter}`;
}
