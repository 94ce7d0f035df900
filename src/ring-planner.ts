// The planner: members, weights, zones and the previous table → the next table (design.md §5).
//
// - Deterministic: the result depends on the values of the arguments alone, not on the order of the members.
// - A *window* is N consecutive partitions, counted across the wrap (the tail violation of riak_core#913). The owners
//   of a window are the primaries of its first partition, so a window wants as many distinct nodes, then zones, as
//   there are, up to N. The first is a promise; the second is kept by fresh plans and approached by later ones.
// - Everybody owns its quota exactly (ring-quota.ts): its fair share rounded down or up.
// - While every node holds every partition (S ≤ N), and when that ends, owners change without a byte being moved, so
//   such tables are planned afresh. Other tables keep the previous owners and move what the quotas ask for.

import { MEMBERS_MAX, PARTITIONS_MAX, isPartitionCount, isWeight } from "./ring.ts";
import type { Member, RingTable } from "./ring.ts";
import { membersByZone, partitionQuotas } from "./ring-quota.ts";

/** What a table is planned for. */
export interface RingPlan {
  /** Q: a power of two, 1..4096; it stays the same for the life of a cluster. */
  readonly partitions: number;
  /** N: replicas per partition, the windows' length. */
  readonly replicas: number;
  /** The table in force. Without it the plan is the first one, epoch 1. */
  readonly previous?: RingTable | undefined;
}

/** No owner yet: its node left. Does not stand in a window's way. */
const VACANT = -1;
/** A window short of one node weighs more than any number of zones that a swap could win. */
const NODE_SHORTFALL = 1_000;
/** Rounds of repair at most; two or three are usual. */
const REPAIR_ROUNDS_MAX = 12;
/** Repairing zones may displace this many times the partitions that the quotas moved: keeps a join below 1.5 × the minimum. */
const ZONE_REPAIR_FACTOR = 1.4;

/**
 * Plans the table that follows `plan.previous`, or the first one.
 *
 * What holds of the result, for S members and N = `replicas`:
 * - ownership: each member owns its fair share rounded down or up; shares are proportional to the weights, limited as
 *   ring-quota.ts says.
 * - distinct nodes: with more than N members and no share above ⌊Q/N⌋, no window names a member twice.
 * - replicas: with equal weights and one zone, N × ⌊Q/S⌋ to N × ⌈Q/S⌉ per member, hence below 1.15 × the mean where
 *   ⌈Q/S⌉ is below 1.15 × Q/S, and within one partition's worth (N) of the mean anywhere.
 * - a join with equal weights and one zone moves replicas to the new member only: the minimum, Q·N/(S+1), up to rounding.
 * - zones: a first plan with equal zones, more than N of them, has distinct zones in every window. Unequal zones cost
 *   balance: preference lists name distinct zones first, so a small zone's nodes hold more than the mean.
 * @throws Error with a sentence if an argument is wrong.
 */
export function planRing(members: readonly Member[], plan: RingPlan): RingTable {
  checkPlan(members, plan);
  const { partitions, replicas, previous } = plan;
  const sorted = members.map(({ id, url, zone, weight }) => ({ id, url, zone, weight })).sort(byId);
  const kept = keptOwners(sorted, plan);
  const owners = (kept && ownersFromKept(sorted, replicas, kept)) ?? freshOwners(sorted, plan, kept);
  return { epoch: (previous?.epoch ?? 0) + 1, partitions, replicas, members: sorted, owners };
}

function checkPlan(members: readonly Member[], { partitions, replicas }: RingPlan): void {
  if (!isPartitionCount(partitions))
    throw new Error(`partitions must be a power of two in 1..${PARTITIONS_MAX}, not ${partitions}.`);
  if (!Number.isInteger(replicas) || replicas < 1)
    throw new Error(`replicas must be a positive integer, not ${replicas}.`);
  if (replicas > MEMBERS_MAX) throw new Error(`replicas must be at most ${MEMBERS_MAX}, not ${replicas}.`);
  if (members.length === 0) throw new Error("A ring needs at least one member.");
  if (members.length > MEMBERS_MAX)
    throw new Error(`A ring has at most ${MEMBERS_MAX} members, not ${members.length}.`);
  const ids = new Set<string>();
  for (const { id, weight } of members) {
    if (id === "") throw new Error("A member's id must not be empty.");
    if (ids.has(id)) throw new Error(`Two members have the id ${JSON.stringify(id)}.`);
    if (!isWeight(weight))
      throw new Error(`The weight of member ${JSON.stringify(id)} must be above 0, not ${weight}.`);
    ids.add(id);
  }
}

/** By UTF-16 code unit: a locale's order would differ from process to process. */
function byId(a: Member, b: Member): number {
  return a.id < b.id ? -1 : 1;
}

/** The previous owners as indexes into `members`, or undefined if there are none worth keeping. */
function keptOwners(
  members: readonly Member[],
  { partitions, replicas, previous }: RingPlan,
): readonly number[] | undefined {
  if (previous === undefined || previous.partitions !== partitions) return undefined;
  const heldByAll = previous.members.length <= previous.replicas || members.length <= replicas;
  if (heldByAll) return undefined;
  const indexById = new Map(members.map(({ id }, index) => [id, index]));
  const indexes = previous.members.map(({ id }) => indexById.get(id) ?? VACANT);
  return previous.owners.map((owner) => indexes[owner] ?? VACANT);
}

/** The kept owners with every quota met, or undefined if some windows stay short of nodes: then a fresh plan is better. */
function ownersFromKept(
  members: readonly Member[],
  replicas: number,
  kept: readonly number[],
): readonly number[] | undefined {
  const held = members.map((_, index) => kept.filter((owner) => owner === index).length);
  const quotas = partitionQuotas(members, kept.length, replicas, held);
  const layout = new Layout(members, replicas, quotas, kept);
  const missing = quotas.map((quota, index) => quota - held[index]!);
  const needy = [...missing.keys()].filter((index) => missing[index]! > 0);
  for (const node of needy.sort((a, b) => missing[b]! - missing[a]! || a - b)) claimQuota(layout, node);
  repair(layout, Math.floor(layout.displaced * ZONE_REPAIR_FACTOR));
  return layout.shortfall() < NODE_SHORTFALL ? layout.owners : undefined;
}

/** Owners dealt from nothing; turned to agree with `kept` where they can. */
function freshOwners(
  members: readonly Member[],
  plan: RingPlan,
  kept: readonly number[] | undefined,
): readonly number[] {
  const nothing = members.map(() => 0);
  const quotas = partitionQuotas(members, plan.partitions, plan.replicas, nothing);
  const dealt = dealZones(members, quotas);
  const layout = new Layout(members, plan.replicas, quotas, kept ? turnTowards(kept, dealt) : dealt);
  repair(layout, Infinity);
  return layout.owners;
}

/** Deals turns to zones, then each zone's turns to its members: zones alternate, and so do the nodes of a zone. */
function dealZones(members: readonly Member[], quotas: readonly number[]): readonly number[] {
  const hands = membersByZone(members).map((zone) =>
    dealEvenly(zone.map((index) => quotas[index]!)).map((place) => zone[place]!),
  );
  const dealtOf = hands.map(() => 0);
  return dealEvenly(hands.map((hand) => hand.length)).map((z) => hands[z]![dealtOf[z]!++]!);
}

/** Each index as often as its quota says, evenly spread over the circle: with equal quotas a plain round robin. */
function dealEvenly(quotas: readonly number[]): readonly number[] {
  const turns = quotas.flatMap((quota, index) => {
    const start = (index + 0.5) / quotas.length;
    return Array.from({ length: quota }, (_, turn) => ({ index, at: (turn + start) / quota }));
  });
  return turns.sort((a, b) => a.at - b.at || a.index - b.index).map(({ index }) => index);
}

/** `dealt` turned round the circle to where it has the most owners in common with `kept`. Keeps every window whole. */
function turnTowards(kept: readonly number[], dealt: readonly number[]): readonly number[] {
  const twice = [...dealt, ...dealt];
  const inCommon = dealt.map((_, turn) =>
    kept.reduce((sum, owner, position) => sum + Number(twice[turn + position] === owner), 0),
  );
  const turn = inCommon.indexOf(inCommon.reduce((most, count) => Math.max(most, count)));
  return twice.slice(turn, turn + dealt.length);
}

/** A table being planned: the owners so far and how good they are. */
class Layout {
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
    return owner === VACANT || this.held[owner]! > this.quotas[owner]!;
  }

  assign(position: number, node: number): void {
    const owner = this.owners[position]!;
    const start = this.#start[position]!;
    this.owners[position] = node;
    this.displaced += Number(node !== start) - Number(owner !== start);
    if (owner !== VACANT) this.held[owner]! -= 1;
    if (node !== VACANT) this.held[node]! += 1;
  }

  swap(a: number, b: number): void {
    const owner = this.owners[a]!;
    this.assign(a, this.owners[b]!);
    this.assign(b, owner);
  }

  /** What all windows lack. */
  shortfall(): number {
    return this.owners.reduce((sum, _, position) => sum + this.#windowShortfall(position), 0);
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
      if (owner === VACANT || this.#isNew(this.#nodeMarks, owner)) nodesMissing -= 1;
      if (owner === VACANT || this.#isNew(this.#zoneMarks, this.#zoneOf[owner]!)) zonesMissing -= 1;
    }
    return NODE_SHORTFALL * Math.max(0, nodesMissing) + Math.max(0, zonesMissing);
  }

  #isNew(marks: number[], index: number): boolean {
    if (marks[index] === this.#mark) return false;
    marks[index] = this.#mark;
    return true;
  }
}

/**
 * Lets `node` take partitions up to its quota: each time the one that harms its windows least, and of those one far
 * from the node's others. Distances above the even spacing count as that spacing: chasing larger ones would halve
 * gaps until some are too small for a window.
 */
function claimQuota(layout: Layout, node: number): void {
  const spacing = Math.floor(layout.owners.length / layout.quotas[node]!);
  const distances = layout.owners.map(() => spacing);
  for (const [position, owner] of layout.owners.entries())
    if (owner === node) noteNeighbour(distances, position, spacing);
  while (layout.held[node]! < layout.quotas[node]!) {
    const position = cheapestClaim(layout, node, distances, spacing);
    layout.assign(position, node);
    noteNeighbour(distances, position, spacing);
  }
}

function noteNeighbour(distances: number[], position: number, spacing: number): void {
  for (let offset = 1 - spacing; offset < spacing; offset += 1) {
    const near = (position + offset + distances.length) % distances.length;
    distances[near] = Math.min(distances[near]!, Math.abs(offset));
  }
}

function cheapestClaim(layout: Layout, node: number, distances: readonly number[], spacing: number): number {
  return positionOfLeast(layout, (position) => {
    if (!layout.isFree(position)) return Infinity;
    const harm = layout.shortfallWith(position, node) - layout.shortfallAt(position);
    return harm * (spacing + 1) - distances[position]!;
  });
}

/**
 * Hill climb by swaps until no swap helps: swaps keep quotas as they are.
 * @param displacedMax from that many displaced partitions on, windows are repaired for nodes only, not for zones.
 */
function repair(layout: Layout, displacedMax: number): void {
  for (let round = 0; round < REPAIR_ROUNDS_MAX; round += 1) {
    let improved = false;
    for (const position of layout.owners.keys()) {
      const tolerated = layout.displaced < displacedMax ? 0 : NODE_SHORTFALL - 1;
      if (layout.shortfallAt(position) > tolerated) improved = swapForBetter(layout, position) || improved;
    }
    if (!improved) return;
  }
}

/** Makes the swap with `position` that wins most, of equal ones the one that displaces least, then the nearest; false if none wins. */
function swapForBetter(layout: Layout, position: number): boolean {
  const other = positionOfLeast(layout, (other) => swapCost(layout, position, other));
  if (other === -1) return false;
  layout.swap(position, other);
  return true;
}

/** Below 0 if swapping wins; Infinity if it does not. */
function swapCost(layout: Layout, a: number, b: number): number {
  if (layout.owners[a] === layout.owners[b]) return Infinity;
  const shortfallBefore = layout.shortfallAt(a) + layout.shortfallAt(b);
  const displacedBefore = layout.displaced;
  layout.swap(a, b);
  const won = shortfallBefore - layout.shortfallAt(a) - layout.shortfallAt(b);
  const displaced = layout.displaced - displacedBefore;
  layout.swap(a, b);
  const distance = Math.min(Math.abs(a - b), layout.owners.length - Math.abs(a - b));
  return won > 0 ? (displaced - 4 * won) * PARTITIONS_MAX + distance : Infinity;
}

/** The first position of the least finite cost; -1 if every cost is infinite. */
function positionOfLeast(layout: Layout, costOf: (position: number) => number): number {
  let least = Infinity;
  let found = -1;
  for (const position of layout.owners.keys()) {
    const cost = costOf(position);
    if (cost < least) [least, found] = [cost, position];
  }
  return found;
}
