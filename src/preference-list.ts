/**
 * Preference lists: in which order the members of the ring are asked to hold a partition (Dynamo, SOSP 2007, §4.3).
 *
 * - The order holds every member exactly once, so a list can never run out of fallbacks before the ring does.
 * - The order does not depend on n: raising n only turns the next fallbacks into primaries.
 * - Distinct zones stand first, so the first n lie in as many zones as n and the ring allow.
 */
import type { Member, NodeId } from "./ring.ts";

/** A node on a preference list. The role travels with it, so that later code filters and does not count again. */
export interface PreferenceEntry {
  readonly node: NodeId;
  readonly role: "primary" | "fallback";
  /** Of a fallback that is asked: the primary in whose place it is. */
  readonly standsFor?: NodeId;
}

/**
 * The members in order of preference.
 * @param walk every member once, in the order in which a clockwise walk from the partition first meets it.
 * @returns the first member of each zone in walk order, then the others in walk order.
 */
export function preferenceOrder(walk: readonly Member[]): readonly Member[] {
  const zonesSeen = new Set<string>();
  const firsts: Member[] = [];
  const others: Member[] = [];
  for (const member of walk) {
    (zonesSeen.has(member.zone) ? others : firsts).push(member);
    zonesSeen.add(member.zone);
  }
  return [...firsts, ...others];
}

/** The list for one n: the first `n` of `order` are primaries, the rest are fallbacks in the order to try them. */
export function preferenceList(order: readonly Member[], n: number): readonly PreferenceEntry[] {
  return order.map(({ id }, place) => ({ node: id, role: place < n ? "primary" : "fallback" }));
}
