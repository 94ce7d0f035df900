/**
 * Who takes part in a request: the first n of the preference list and, in a sloppy request, the next live node for each of
 * them that is down or fails. Whom a node stands for travels with it: the tally counts primaries by it, and the stand-in
 * keeps what it gets as a hint for that one.
 *
 * A stand-in in a zone where nobody takes part yet is preferred: two copies in one rack are half a copy each.
 */
import type { PreferenceEntry } from "../src/preference-list.ts";
import type { NodeId } from "../src/ring.ts";
import type { Self } from "./self.ts";

export class Candidates {
  readonly #self: Self;
  readonly #partition: number;
  readonly #n: number;
  readonly #isSloppy: boolean;
  /** Those that take part already: mostly none. */
  readonly #standIns: PreferenceEntry[] = [];
  readonly primaries: readonly PreferenceEntry[];

  constructor(self: Self, partition: number, n: number, isSloppy: boolean) {
    this.#self = self;
    this.#partition = partition;
    this.#n = n;
    this.#isSloppy = isSloppy;
    this.primaries = self.ring.primaries(partition, n);
  }

  /** The next live node to take the place of `primary`; nobody if the request is strict, or none is left. */
  standInFor(primary: NodeId): PreferenceEntry | undefined {
    if (!this.#isSloppy) return undefined;
    const free = this.#self.ring.preferenceList(this.#partition, this.#n).filter((entry) => this.#isFree(entry));
    const zones = new Set(
      [...this.primaries, ...this.#standIns].filter(({ node }) => this.#isUp(node)).map((entry) => this.#zoneOf(entry)),
    );
    // A node that coordinates without being a primary is the first stand-in: it is certainly there.
    const own = free.find(({ node }) => node === this.#self.id);
    const entry = own ?? free.find((one) => !zones.has(this.#zoneOf(one))) ?? free[0];
    if (entry === undefined) return undefined;
    const standIn: PreferenceEntry = { ...entry, standsFor: primary };
    this.#standIns.push(standIn);
    return standIn;
  }

  #isFree({ node, role }: PreferenceEntry): boolean {
    return role === "fallback" && this.#isUp(node) && this.#standIns.every((other) => other.node !== node);
  }

  #isUp(node: NodeId): boolean {
    return this.#self.canReach(node);
  }

  #zoneOf({ node }: PreferenceEntry): string | undefined {
    return this.#self.ring.member(node)?.zone;
  }
}
