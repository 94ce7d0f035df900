/**
 * A table being planned: the owners so far, and what its windows still lack.
 *
 * - A *window* is N consecutive partitions, counted across the wrap. It wants as many distinct nodes, and as many
 *   distinct zones, as there are, up to N; its shortfall is what it lacks.
 * - A vacant partition lacks nothing: it may still get the node that its windows want.
 */
import type { Member } from "./ring.ts";
import { membersByZone } from "./ring-quota.ts";

/** No owner yet: its node left. Does not stand in a window's way. */
export const vacant: number = -1;
/** A window short of one node weighs more than all windows short of zones together: Q × N is below it. */
export const nodeShortfall: number = 2 ** 23;

export class Layout {
  readonly owners: number[];
  readonly quotas: readonly number[];
  /** Partitions per node now. */
  readonly held: number[];
  /** Partitions whose owner is not the one at the start. */
  displaced = 0;
  readonly #start: readonly number[];
  readonly #zoneOf: readonly number[];
  readonly #window: number;
  readonly #nodesWanted: number;
  readonly #zonesWanted: number;
  // Which nodes and zones a window has shown: those marked with the window's own mark. Saves a Set per window.
  readonly #nodeMarks: number[];
  readonly #zoneMarks: number[];
  #mark = 0;

  constructor(members: readonly Member[], replicas: number, quotas: readonly number[], start: readonly number[]) {
    const zones = membersByZone(members);
    this.owners = [...start];
    this.quotas = quotas;
    this.held = members.map((_, index) => start.filter((owner) => owner === index).length);
    this.#start = start;
    this.#zoneOf = members.map((_, index) => zones.findIndex((zone) => zone.includes(index)));
    this.#window = Math.min(replicas, start.length);
    this.#nodesWanted = Math.min(this.#window, members.length);
    this.#zonesWanted = Math.min(this.#window, zones.length);
    this.#nodeMarks = members.map(() => 0);
    this.#zoneMarks = zones.map(() => 0);
  }

  /** Whether `node` may take this partition: it is vacant, or its owner has more than its quota. */
  isFree(position: number): boolean {
    const owner = this.owners[position]!;
    return owner === vacant || this.held[owner]! > this.quotas[owner]!;
  }

  assign(position: number, node: number): void {
    const owner = this.owners[position]!;
    const start = this.#start[position]!;
    this.owners[position] = node;
    this.displaced += Number(node !== start) - Number(owner !== start);
    if (owner !== vacant) this.held[owner]! -= 1;
    if (node !== vacant) this.held[node]! += 1;
  }

  swap(a: number, b: number): void {
    const owner = this.owners[a]!;
    this.assign(a, this.owners[b]!);
    this.assign(b, owner);
  }

  /** How many nodes all windows together lack. */
  nodesMissing(): number {
    const shortfall = this.owners.reduce((sum, _, position) => sum + this.#windowShortfall(position), 0);
    return Math.floor(shortfall / nodeShortfall);
  }

  /** What the windows that contain `position` lack. */
  shortfallAt(position: number): number {
    let sum = 0;
    for (let back = 0; back < this.#window; back += 1) {
      sum += this.#windowShortfall((position - back + this.owners.length) % this.owners.length);
    }
    return sum;
  }

  /** What `shortfallAt(position)` would be with `node` as its owner. */
  shortfallWith(position: number, node: number): number {
    const owner = this.owners[position]!;
    this.owners[position] = node;
    const shortfall = this.shortfallAt(position);
    this.owners[position] = owner;
    return shortfall;
  }

  #windowShortfall(start: number): number {
    this.#mark += 1;
    let nodesMissing = this.#nodesWanted;
    let zonesMissing = this.#zonesWanted;
    for (let step = 0; step < this.#window; step += 1) {
      const owner = this.owners[(start + step) % this.owners.length]!;
      if (owner === vacant || this.#isNew(this.#nodeMarks, owner)) nodesMissing -= 1;
      if (owner === vacant || this.#isNew(this.#zoneMarks, this.#zoneOf[owner]!)) zonesMissing -= 1;
    }
    return nodeShortfall * Math.max(0, nodesMissing) + Math.max(0, zonesMissing);
  }

  #isNew(marks: number[], index: number): boolean {
    if (marks[index] === this.#mark) return false;
    marks[index] = this.#mark;
    return true;
  }
}
