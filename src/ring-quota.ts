/**
 * How many partitions each member of a ring owns.
 *
 * - Fair share: proportional to the weight, but no more than can be used. A node holds one replica of a partition at
 *   most, so with more than N nodes it can use Q/N at most; with N nodes or fewer every node holds everything and
 *   shares are equal. A zone is limited likewise: one replica of each partition if there are N zones, and all but one
 *   per other zone if there are fewer, since preference lists name distinct zones first whatever the weights say.
 * - Quota: the fair share rounded down or up. Quotas add up to Q, and so do those of a zone to the zone's share, within 1.
 */
import type { Member } from "./ring.ts";

/** Anything that claims a share of something by weight, up to a limit. */
interface Claim {
  readonly weight: number;
  readonly limit: number;
}

/** Takes up what floating-point division leaves: 85.99999999999999 is 86. */
const shareErrorMax = 1e-9;

/** The members' indexes, zone by zone, zones in order of their first member. */
export function membersByZone(members: readonly Member[]): readonly (readonly number[])[] {
  const zones = new Map<string, number[]>();
  for (const [index, { zone }] of members.entries()) {
    const inZone = zones.get(zone);
    if (inZone === undefined) zones.set(zone, [index]);
    else inZone.push(index);
  }
  return [...zones.values()];
}

/** Each member's fair share of `partitions`, a real number, for `replicas` replicas. */
export function fairShares(members: readonly Member[], partitions: number, replicas: number): readonly number[] {
  if (members.length <= replicas) return members.map(() => partitions / members.length);
  const zones = membersByZone(members);
  const limit = shareLimit(members.length, partitions, replicas);
  const zoneLimit = shareLimit(zones.length, partitions, replicas);
  // Weights are cut to what their node can use before zones are compared, or a giant would enrich its whole zone.
  const usable = divide(
    partitions,
    members.map(({ weight }) => ({ weight, limit })),
  );
  const zoneShares = divide(
    partitions,
    zones.map((zone) => ({ weight: sumOf(usable, zone), limit: Math.min(zoneLimit, zone.length * limit) })),
  );
  return joinZones(zones, (zone, z) =>
    divide(
      zoneShares[z]!,
      zone.map((index) => ({ weight: usable[index]!, limit })),
    ),
  );
}

/**
 * Each member's quota: its fair share by largest remainder, first among the zones, then among the members of a zone.
 * @param held partitions that each member owns now: of equal remainders the one that holds more is rounded up, so
 *   that a new plan moves nothing for the sake of rounding.
 */
export function partitionQuotas(
  members: readonly Member[],
  partitions: number,
  replicas: number,
  held: readonly number[],
): readonly number[] {
  const shares = fairShares(members, partitions, replicas);
  const zones = membersByZone(members);
  const zoneShares = zones.map((zone) => sumOf(shares, zone));
  const zoneHeld = zones.map((zone) => sumOf(held, zone));
  const zoneQuotas = roundToSum(zoneShares, partitions, zoneHeld);
  return joinZones(zones, (zone, z) =>
    roundToSum(
      zone.map((index) => shares[index]!),
      zoneQuotas[z]!,
      zone.map((index) => held[index]!),
    ),
  );
}

/** What one of `claimants` nodes or zones can use of the partitions without standing twice on a preference list. */
function shareLimit(claimants: number, partitions: number, replicas: number): number {
  const turns = Math.max(1, replicas - claimants + 1);
  return Math.max(Math.floor((partitions * turns) / replicas), partitions / claimants);
}

/** Divides `total` in proportion to the weights; what is above a claim's limit goes to the others. */
function divide(total: number, claims: readonly Claim[]): readonly number[] {
  const limited = new Set<Claim>();
  for (;;) {
    const open = claims.filter((claim) => !limited.has(claim));
    const weight = open.reduce((sum, claim) => sum + claim.weight, 0);
    const left = total - [...limited].reduce((sum, claim) => sum + claim.limit, 0);
    const over = open.filter((claim) => (left * claim.weight) / weight > claim.limit + shareErrorMax);
    if (over.length === 0)
      return claims.map((claim) => (limited.has(claim) ? claim.limit : (left * claim.weight) / weight));
    for (const claim of over) limited.add(claim);
  }
}

/** Whole numbers that add up to `total`, each its share rounded down or up: the largest remainders go up. */
function roundToSum(shares: readonly number[], total: number, held: readonly number[]): readonly number[] {
  const quotas = shares.map((share) => Math.floor(share + shareErrorMax));
  const remainders = shares.map((share, index) => Math.round((share - quotas[index]!) / shareErrorMax));
  const order = [...shares.keys()].sort((a, b) => remainders[b]! - remainders[a]! || held[b]! - held[a]! || a - b);
  const left = total - quotas.reduce((sum, quota) => sum + quota, 0);
  for (let turn = 0; turn < left; turn += 1) quotas[order[turn % order.length]!]! += 1;
  return quotas;
}

/** One number per member, from a list per zone. */
function joinZones(
  zones: readonly (readonly number[])[],
  ofZone: (zone: readonly number[], z: number) => readonly number[],
): readonly number[] {
  const joined: number[] = [];
  for (const [z, zone] of zones.entries()) {
    const values = ofZone(zone, z);
    for (const [place, index] of zone.entries()) joined[index] = values[place]!;
  }
  return joined;
}

function sumOf(values: readonly number[], indexes: readonly number[]): number {
  return indexes.reduce((sum, index) => sum + values[index]!, 0);
}
