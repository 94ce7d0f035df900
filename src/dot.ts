/**
 * A dot names one write: the counter-th event of an actor, on one key.
 *
 * - An actor is one epoch of one replica: 8 bytes of replica id and 6 bytes of epoch, as a binary string of 14
 *   characters, so that the order of strings is the canonical order.
 * - Within an actor the counters of a key are 1, 2, 3, …; no dot is ever issued twice (design §4.3).
 */
import { binary48, hexOf, number48 } from "./bytes.ts";

/** Random 64 bits, created with a data directory: 8 characters of binary string. */
export type ReplicaId = string;
export type Actor = string;

export interface Dot {
  readonly actor: Actor;
  /** From 1. */
  readonly counter: number;
}

export function makeActor(replica: ReplicaId, epoch: number): Actor {
  return replica + binary48(epoch);
}

export function replicaOf(actor: Actor): ReplicaId {
  return actor.slice(0, 8);
}

export function epochOf(actor: Actor): number {
  return number48(actor, 8);
}

export function compareDots(a: Dot, b: Dot): number {
  if (a.actor !== b.actor) return a.actor < b.actor ? -1 : 1;
  return a.counter - b.counter;
}

/** For people: the first half of the replica id, the epoch, the counter, as in `9f03a1c2.5:17`. */
export function formatDot(dot: Dot): string {
  return `${formatActor(dot.actor)}:${dot.counter}`;
}

export function formatActor(actor: Actor): string {
  return `${hexOf(replicaOf(actor)).slice(0, 8)}.${epochOf(actor)}`;
}
