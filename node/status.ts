/** What a node says of itself to people: `coterie status`. Nothing in it is secret, and no program may depend on all of it. */
import { hexOf } from "../src/bytes.ts";
import { replicasMax } from "../src/options.ts";
import type { Member, NodeId } from "../src/ring.ts";
import type { Hints, HintsStatus } from "./hints.ts";
import type { AntiEntropy, AntiEntropyStatus } from "./anti-entropy.ts";
import type { ConflictsStatus } from "./conflict-ledger.ts";
import type { Identity } from "./identity.ts";
import type { Scrub, ScrubStatus } from "./scrub.ts";
import type { Leftovers, LeftoversStatus } from "./leftovers.ts";
import type { LatencyFigures } from "./latencies.ts";
import type { Liveness } from "./liveness.ts";
import type { MemberView } from "./members.ts";
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
  /** What this node believes of every member's life, and why. */
  readonly members: Readonly<Record<NodeId, MemberView>>;
  /** 1 for a healthy node; more if it doubts itself, and waits so much longer before it suspects others. */
  readonly healthMultiplier: number;
  /** While it is full this node refuses writes, and reads as ever. */
  readonly disk: "ok" | "full";
  /** While it is, this node refuses new requests of clients. */
  readonly overloaded: boolean;
  readonly openRequests: number;
  /** What this node keeps for others that have missed it. */
  readonly hints: HintsStatus;
  /** What last-write-wins left out here. */
  readonly conflicts: ConflictsStatus;
  readonly counters: Counters;
  readonly antiEntropy: AntiEntropyStatus;
  readonly scrub: ScrubStatus;
  readonly leftovers: LeftoversStatus;
  /** How fast the others answer, as far as they were asked. */
  readonly latencies: Readonly<Record<NodeId, LatencyFigures>>;
  /** Only if it was asked for: of each partition that this node is a primary of. */
  readonly partitions?: readonly PartitionStatus[];
}

export interface PartitionStatus {
  readonly partition: number;
  /** In order of preference. */
  readonly primaries: readonly NodeId[];
  /** Whether its hash trees have been read from the disk. */
  readonly isReady: boolean;
  readonly isFresh: boolean;
}

/** The parts of a node that have something to tell. */
export interface Parts {
  readonly identity: Identity;
  readonly liveness: Liveness;
  readonly hints: Hints;
  readonly antiEntropy: AntiEntropy;
  readonly scrub: Scrub;
  readonly leftovers: Leftovers;
}

/** @param withPartitions tell of each partition too */
export function statusOf(
  self: Self,
  { identity, liveness, hints, antiEntropy, scrub, leftovers }: Parts,
  withPartitions: boolean,
): NodeStatus {
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
    members: liveness.members,
    healthMultiplier: liveness.healthMultiplier,
    disk: self.isDiskFull ? "full" : "ok",
    overloaded: self.isOverloaded,
    openRequests: self.requests.size,
    hints: hints.status(),
    conflicts: self.conflicts.status(),
    counters: { ...self.counters },
    antiEntropy: antiEntropy.status(),
    scrub: scrub.status(),
    leftovers: leftovers.status(),
    latencies: latenciesOf(self, others),
    ...(withPartitions && { partitions: partitionsOf(self) }),
  };
}

function latenciesOf({ latencies }: Self, others: readonly Member[]): Record<NodeId, LatencyFigures> {
  const known = others.flatMap(({ id }) => {
    const figures = latencies.of(id);
    return figures === undefined ? [] : [[id, figures] as const];
  });
  return Object.fromEntries(known);
}

function partitionsOf({ ring, trees, freshness, options, id }: Self): PartitionStatus[] {
  const n = replicasMax(options);
  return ring.table.owners.flatMap((_, partition) => {
    if (!ring.isPrimary(id, partition, n)) return [];
    const primaries = ring.primaries(partition, n).map(({ node }) => node);
    return [{ partition, primaries, isReady: trees.isReady(partition), isFresh: freshness.isFresh(partition) }];
  });
}
