/** What a node says of itself to people: `coterie status`. Nothing in it is secret, and no program may depend on all of it. */
import { hexOf } from "../src/bytes.ts";
import type { NodeId } from "../src/ring.ts";
import type { Hints, HintsStatus } from "./hints.ts";
import type { Identity } from "./identity.ts";
import type { Counters, Self } from "./self.ts";

export interface NodeStatus {
  readonly node: NodeId;
  /** 16 hexadecimal digits. Stays over a clean stop; a crash, and data that was lost, copied or restored, change it. */
  readonly replicaId: string;
  readonly ring: {
    readonly epoch: number;
    readonly partitions: number;
    readonly nodes: number;
    readonly owned: number;
  };
  readonly links: Readonly<Record<NodeId, "up" | "down">>;
  readonly openRequests: number;
  /** What this node keeps for others that have missed it. */
  readonly hints: HintsStatus;
  readonly counters: Counters;
}

export function statusOf(self: Self, identity: Identity, hints: Hints): NodeStatus {
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
    openRequests: self.requests.size,
    hints: hints.status(),
    counters: { ...self.counters },
  };
}
