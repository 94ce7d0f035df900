/** What a node says of itself to people: `coterie status`. Nothing in it is secret, and no program may depend on all of it. */
import { hexOf } from "../src/bytes.ts";
import type { NodeId } from "../src/ring.ts";
import type { Identity } from "./identity.ts";
import type { Counters, Self } from "./self.ts";

export interface NodeStatus {
  readonly node: NodeId;
  /** 16 hexadecimal digits: changes when the node has lost its disk. */
  readonly replicaId: string;
  readonly ring: {
    readonly epoch: number;
    readonly partitions: number;
    readonly nodes: number;
    readonly owned: number;
  };
  readonly links: Readonly<Record<NodeId, "up" | "down">>;
  /** While it is full this node refuses writes, and reads as ever. */
  readonly disk: "ok" | "full";
  readonly openRequests: number;
  readonly counters: Counters;
}

export function statusOf(self: Self, identity: Identity): NodeStatus {
  const { table } = self.ring;
  const others = table.members.filter(({ id }) => id !== self.id);
  return {
    node: self.id,
    replicaId: hexOf(identity.replicaId),
    ring: {
      epoch: table.epoch,
      partitions: table.partitions,
      nodes: table.members.length,
      owned: table.owners.filter((owner) => table.members[owner]?.id === self.id).length,
    },
    links: Object.fromEntries(others.map(({ id }) => [id, self.links.has(id) ? "up" : "down"])),
    disk: self.isDiskFull ? "full" : "ok",
    openRequests: self.requests.size,
    counters: { ...self.counters },
  };
}
