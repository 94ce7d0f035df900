/** Where keys live, computed as nodes and clients compute it. */
import { hashKey, makeKey } from "../../src/key.ts";
import { planRing } from "../../src/ring-planner.ts";
import { partitionOf, Ring } from "../../src/ring.ts";
import type { Nodes } from "./processes.ts";

/** The primaries of a key of bucket "default", in the order in which a client tries them. */
export function primariesOf(nodes: Nodes, key: string): readonly string[] {
  const members = nodes.nodes.map(({ id, url }) => ({ id, url, zone: id, weight: 1 }));
  const ring = new Ring(planRing(members, { partitions: 256, replicas: 3 }));
  const partition = partitionOf(Number(hashKey(makeKey("default", key)) >> 32n), 256);
  return ring.preferenceList(partition, 3).flatMap(({ node, role }) => (role === "primary" ? [node] : []));
}

/** A key whose first primary is this node. */
export function keyOf(nodes: Nodes, id: string): string {
  return keyWhere((key) => primariesOf(nodes, key)[0] === id);
}

export function keyWhere(isRight: (key: string) => boolean): string {
  for (let at = 0; ; at++) if (isRight(`key-${at}`)) return `key-${at}`;
}
