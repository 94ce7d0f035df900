/**
 * What a thousand seeds must have been through, each thing at least once: otherwise what is drawn is not what ought to be tried
 * (scenarios.md §6). Most are marked where they happen; this one watches for what only shows from outside.
 */
import type { Coverage } from "./coverage.ts";
import { nodeFaults } from "./fault.ts";
import type { Coordinated, Issue, Observation, Stored } from "./observation.ts";
import type { OpId } from "../src/op-id.ts";
import { whims } from "../node/whims.ts";

/** Seeds after which each must have happened. */
export const milestoneSeeds = 1000;

/** Of other faults. */
const faultMarks = ["block", "clog", "lose", "flip", "setClock", "driftClock", "wiped disk", "set back disk"];

export const milestones: readonly string[] = [
  ...nodeFaults,
  ...faultMarks,
  ...whims,
  "core",
  "crash with unsynced writes",
  "bad frame",
  "bad record",
  "amnesia",
  "disk full",
  "disk has room again",
  "stand-in asked",
  "hint stored",
  "hint removed",
  "hint dropped",
  "tombstone collected",
  "counted operationsForgotten",
  "member suspect",
  "member dead",
  "member alive",
  "refutes",
  "paused",
  "link silent",
  "link lost",
  "merged three siblings",
  "tried again at the same node",
  "minted twice",
  "tree rebuilt",
  "counted keysRepairedHere",
  "counted keysRepairedThere",
  "counted readRepairs",
  "counted readRepairsShed",
  "counted hedges",
  "counted hedgesWon",
  "counted forwards",
  "counted lateReplies",
  "counted recoveries",
];

export class Milestones {
  readonly #coverage: Coverage;
  /** Who has minted a dot for an operation. */
  readonly #minters = new Map<OpId, Set<string>>();

  constructor(coverage: Coverage) {
    this.#coverage = coverage;
  }

  observe(observation: Observation): void {
    if (observation.kind === "issue") this.#issued(observation);
    if (observation.kind === "coordinated") this.#coordinated(observation);
    if (observation.kind === "stored") this.#stored(observation);
  }

  #issued({ op, node }: Issue): void {
    if (op === undefined) return;
    const minters = (this.#minters.get(op) ?? new Set()).add(node);
    this.#minters.set(op, minters);
    if (minters.size === 2) this.#coverage.mark("minted twice");
  }

  #coordinated({ write, node }: Coordinated): void {
    if (write !== undefined && this.#minters.get(write.op)?.has(node) === true)
      this.#coverage.mark("tried again at the same node");
  }

  #stored({ before, after }: Stored): void {
    const count = after?.siblings.length ?? 0;
    if (count >= 3 && (before?.siblings.length ?? 0) < count) this.#coverage.mark("merged three siblings");
  }
}

/** Those that never happened. */
export function unmet(coverage: Readonly<Record<string, number>>): string[] {
  return milestones.filter((mark) => (coverage[mark] ?? 0) === 0);
}
