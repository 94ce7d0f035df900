/**
 * The planner: members, weights, zones and the previous table → the next table (design.md §5).
 *
 * - Deterministic: the result depends on the values of the arguments alone, not on the order of the members.
 * - The owners of a window (ring-layout.ts) are the primaries of its first partition, so a window wants as many distinct
 *   nodes, then zones, as there are, up to N, the windows across the wrap too (the tail violation of riak_core#913).
 *   Distinct nodes come first; distinct zones are kept by fresh plans and approached by later ones.
 * - Everybody owns its quota exactly (ring-quota.ts): its fair share rounded down or up.
 * - While every node holds every partition (S ≤ N), and when that ends, owners change without a byte being moved, so
 *   such tables are planned afresh. Other tables keep the previous owners and move what the quotas ask for.
 */
import { Layout, nodeShortfall, vacant } from "./ring-layout.ts";
import { membersMax, partitionsMax, isPartitionCount, isWeight } from "./ring.ts";
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

/** Rounds of repair at most; two or three are usual. */
const repairRoundsMax = 12;
/** Repairing zones may displace this many times the partitions that the quotas moved: keeps a join below 1.5 × the minimum. */
const zoneRepairFactor = 1.4;

/**
 * Plans the table that follows `plan.previous`, or the first one.
 *
 * What holds of the result, for S members and N = `replicas`:
 * - ownership: each member owns its fair share rounded down or up; shares are proportional to the weights, limited as
 *   ring-quota.ts says.
 * - distinct nodes: with S > N no window names a member twice, if weights are equal and there is one zone, or if no
 *   share is above 3/4 of Q/N. Nearer to Q/N the ring has hardly room for it: about one random ring in 80 keeps a
 *   clash or more. (S = N has no such ring unless N divides Q.) A clash costs balance only: lists name distinct nodes.
 * - replicas: with equal weights and one zone, N × ⌊Q/S⌋ to N × ⌈Q/S⌉ per member, hence below 1.15 × the mean where
 *   ⌈Q/S⌉ is below 1.15 × Q/S, and within one partition's worth (N) of the mean anywhere.
 * - a join with equal weights and one zone moves replicas to the new member only: the minimum, ⌊Q/(S+1)⌋·N. With
 *   zones of equal size or nearly so it stays below 1.5 × that at N = 3, Q = 256 while Q/S is 8 or more (the worst seen
 *   elsewhere under that condition is 1.7, at Q = 64 in four zones).
 * - a node leaving moves at most 1.4 × what it held at N = 3, 1.7 × at N = 5; between S = N+2 and 2N, where windows are
 *   tight, up to N times what it held.
 * - zones: a first plan with equal zones, more than N of them, has distinct zones in every window. Unequal zones cost
 *   balance: preference lists name distinct zones first, so a small zone's nodes hold more than the mean.
 * @throws Error with a sentence if an argument is wrong.
 */
export function planRing(members: readonly Member[], plan: RingPlan): RingTable {
  checkPlan(members, plan);
  const { partitions, replicas, previous } = plan;
  const sorted = members.map(({ id, url, zone, weight }) => ({ id, url, zone, weight })).sort(byId);
  const kept = keptOwners(sorted, plan);
  const { owners } = kept === undefined ? freshLayout(sorted, plan) : adaptedLayout(sorted, plan, kept);
  return { epoch: (previous?.epoch ?? 0) + 1, partitions, replicas, members: sorted, owners };
}

function checkPlan(members: readonly Member[], { partitions, replicas }: RingPlan): void {
  if (!isPartitionCount(partitions)) throw wrong("partitions", `a power of two in 1..${partitionsMax}`, partitions);
  if (!isCount(replicas)) throw wrong("replicas", `an integer in 1..${membersMax}`, replicas);
  if (!isCount(members.length)) throw wrong("the number of members", `1..${membersMax}`, members.length);
  const ids = new Set<string>();
  for (const { id, weight } of members) {
    if (id === "") throw new Error("A member's id must not be empty.");
    if (ids.has(id)) throw new Error(`Two members have the id ${JSON.stringify(id)}.`);
    if (!isWeight(weight)) throw wrong(`the weight of member ${JSON.stringify(id)}`, "a finite number above 0", weight);
    ids.add(id);
  }
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= membersMax;
}

function wrong(what: string, expected: string, value: unknown): Error {
  return new Error(`planRing: ${what} must be ${expected}, not ${String(value)}.`);
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
  const indexes = previous.members.map(({ id }) => indexById.get(id) ?? vacant);
  return previous.owners.map((owner) => indexes[owner] ?? vacant);
}

/** The kept owners with every quota met; a fresh layout, turned towards them, if only that keeps nodes distinct. */
function adaptedLayout(members: readonly Member[], plan: RingPlan, kept: readonly number[]): Layout {
  const held = members.map((_, index) => kept.filter((owner) => owner === index).length);
  const quotas = partitionQuotas(members, plan.partitions, plan.replicas, held);
  const layout = new Layout(members, plan.replicas, quotas, kept);
  for (const node of neediestFirst(quotas, held)) claimQuota(layout, node);
  repair(layout, Math.floor(layout.displaced * zoneRepairFactor));
  if (layout.nodesMissing() === 0) return layout;
  const fresh = freshLayout(members, plan, kept);
  return fresh.nodesMissing() < layout.nodesMissing() ? fresh : layout;
}

/** Those that hold less than their quota. */
function neediestFirst(quotas: readonly number[], held: readonly number[]): readonly number[] {
  const missing = quotas.map((quota, index) => quota - held[index]!);
  const needy = [...missing.keys()].filter((index) => missing[index]! > 0);
  return needy.sort((a, b) => missing[b]! - missing[a]! || a - b);
}

/** Owners dealt from nothing; turned to agree with `kept` where they can. */
function freshLayout(members: readonly Member[], { partitions, replicas }: RingPlan, kept?: readonly number[]): Layout {
  const nothing = members.map(() => 0);
  const quotas = partitionQuotas(members, partitions, replicas, nothing);
  const dealt = dealZones(members, quotas);
  const layout = new Layout(members, replicas, quotas, kept ? turnTowards(kept, dealt) : dealt);
  repair(layout, Infinity);
  return layout;
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
  for (let round = 0; round < repairRoundsMax; round += 1) {
    let improved = false;
    for (const position of layout.owners.keys()) {
      const tolerated = layout.displaced < displacedMax ? 0 : nodeShortfall - 1;
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
  return won > 0 ? (displaced - 4 * won) * partitionsMax + distance : Infinity;
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
