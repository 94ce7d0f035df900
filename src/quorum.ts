/**
 * Quorum arithmetic, with no sends: who was asked, who answered how, and whether the request is met, impossible or pending.
 *
 * - Distinct nodes count, never answers: a node that answers twice is one node.
 * - A primary and all that stand in for it are one: what they keep for it will soon lie there once, not twice.
 * - Met as soon as every need is covered; impossible as soon as one cannot be any more, even if all that are open answer.
 * - A met tally stays met.
 *
 *   open ──answers──▶ accepted ──its disk──▶ durable
 *     │                  └──────fails──────▶ volatile   (it holds the write, and no word of its disk will come)
 *     └──fails──▶ failed   (a late answer is an answer all the same: failed and volatile go on to accepted and durable)
 */
import type { NodeId } from "./ring.ts";
import type { PreferenceEntry } from "./preference-list.ts";

export type Verdict = "pending" | "met" | "impossible";

export interface Needs {
  /** r or w: nodes that answered. */
  readonly answers: number;
  /** pr or pw: primaries among them. */
  readonly primaries: number;
  /** dw: nodes that answered from disk. */
  readonly durable: number;
}

type State = "open" | "accepted" | "durable" | "volatile" | "failed";

function counts(state: State, hopeful: boolean): boolean {
  return state !== "failed" && (state !== "open" || hopeful);
}

function isDurable(state: State, hopeful: boolean): boolean {
  return state === "durable" || (hopeful && state !== "volatile" && state !== "failed");
}

function isPendingState(state: State | undefined): boolean {
  return state === "open" || state === "accepted";
}

export class Tally {
  #entries: readonly PreferenceEntry[];
  readonly #needs: Needs;
  readonly #states: State[];

  constructor(entries: readonly PreferenceEntry[], needs: Needs) {
    this.#entries = entries;
    this.#needs = needs;
    this.#states = entries.map(() => "open");
  }

  /** One more is asked: somebody who stands in for one that failed. */
  add(entry: PreferenceEntry): void {
    this.#entries = [...this.#entries, entry];
    this.#states.push("open");
  }

  /** Strangers are ignored: whoever is not in the request's own list cannot make its quorum. */
  answer(node: NodeId, durable: boolean): void {
    const at = this.#indexOf(node);
    if (at >= 0 && this.#states[at] !== "durable") this.#states[at] = durable ? "durable" : "accepted";
  }

  fail(node: NodeId): void {
    const at = this.#indexOf(node);
    if (at < 0) return;
    if (this.#states[at] === "open") this.#states[at] = "failed";
    if (this.#states[at] === "accepted") this.#states[at] = "volatile";
  }

  isOpen(node: NodeId): boolean {
    const at = this.#indexOf(node);
    return at >= 0 && this.#states[at] === "open";
  }

  /** Whether an answer of it, or its word that it is on disk, may still come. */
  isPending(node: NodeId): boolean {
    return isPendingState(this.#states[this.#indexOf(node)]);
  }

  get isAnyPending(): boolean {
    return this.#states.some(isPendingState);
  }

  /** Whether it is not known to have it on disk. */
  isLacking(node: NodeId): boolean {
    return this.#states[this.#indexOf(node)] !== "durable";
  }

  verdict(): Verdict {
    if (this.shortfall(false) === undefined) return "met";
    return this.shortfall(true) === undefined ? "pending" : "impossible";
  }

  /** The first need that is not covered; counting those that may still come as if they had, if `hopeful`. */
  shortfall(hopeful: boolean): { readonly of: keyof Needs; readonly need: number; readonly got: number } | undefined {
    let answers = 0;
    let primaries = 0;
    let durable = 0;
    for (let at = 0; at < this.#entries.length; at++) {
      const state = this.#states[at]!;
      if (!counts(state, hopeful)) continue;
      if (this.#entries[at]!.role === "primary") primaries++;
      if (!this.#isRepeated(at, counts, hopeful)) answers++;
      if (isDurable(state, hopeful) && !this.#isRepeated(at, isDurable, hopeful)) durable++;
    }
    const needs = this.#needs;
    if (answers < needs.answers) return { of: "answers", need: needs.answers, got: answers };
    if (primaries < needs.primaries) return { of: "primaries", need: needs.primaries, got: primaries };
    if (durable < needs.durable) return { of: "durable", need: needs.durable, got: durable };
    return undefined;
  }

  /** Whether the primary that a stand-in is there for, or another one that is, stands before it and is as far. */
  #isRepeated(at: number, isFar: (state: State, hopeful: boolean) => boolean, hopeful: boolean): boolean {
    const { standsFor } = this.#entries[at]!;
    if (standsFor === undefined) return false;
    for (let before = 0; before < at; before++) {
      const other = this.#entries[before]!;
      const isSameSeat = other.node === standsFor || other.standsFor === standsFor;
      if (isSameSeat && isFar(this.#states[before]!, hopeful)) return true;
    }
    return false;
  }

  answered(): NodeId[] {
    return this.#entries
      .filter((_, at) => this.#states[at] !== "open" && this.#states[at] !== "failed")
      .map((e) => e.node);
  }

  #indexOf(node: NodeId): number {
    for (let at = 0; at < this.#entries.length; at++) if (this.#entries[at]!.node === node) return at;
    return -1;
  }
}
