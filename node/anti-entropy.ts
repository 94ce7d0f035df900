/**
 * Finds and repairs what two primaries hold differently, whatever the reason: each pair compares its hash trees now and then.
 *
 * - Of each pair the node with the smaller name asks, every `antiEntropyIntervalMs`; a node that began with an empty disk asks all
 *   others at once, because it is no vote for "not found" until it has what they have (freshness.ts).
 * - The cost is in proportion to the difference: eight bytes a tree where there is none.
 * - Two nodes whose trees differ while no key does both build that tree again: one of the two was wrong.
 *
 * Source: DeCandia et al.: Dynamo (2007), §4.7; the trees of Riak's active anti-entropy.
 */
import { invalidArgument, unavailable } from "../src/errors.ts";
import { roughSize } from "../src/codec.ts";
import { branchCount, leafCount, leavesOf } from "../src/merkle.ts";
import type { PeerMessage, ReplicaReply, TreeKeys, TreeName, TreeNodes, TreeRoots } from "../src/messages.ts";
import { replicasMax } from "../src/options.ts";
import type { NodeId } from "../src/ring.ts";
import { compareRoots, Exchange, type ExchangeOwner } from "./exchange.ts";
import { readLeafPage } from "./leaf-page.ts";
import type { Partitions } from "./partition.ts";
import { failureOf, type Self } from "./self.ts";

/** How soon a fresh node asks again where it was not finished. */
const freshPauseMs = 1000;

/** What this node knows of its rounds with one other. */
interface Peer {
  readonly id: NodeId;
  /** What both keep. */
  readonly trees: readonly TreeName[];
  exchange: Exchange | undefined;
  nextAtMs: number;
  freshAtMs: number;
  /** When a round ended in which every tree was compared; `undefined`: none has yet. */
  completedAtMs: number | undefined;
  /** Of which the next round tells that they were futile in this one. */
  doubted: TreeName[];
  /** Trees that the round at hand has still to settle, by partition. */
  readonly unsettled: Map<number, number>;
}

export interface AntiEntropyStatus {
  /** Seconds since the last round in which all trees were compared, by peer; `null`: there was none. Only those that this node asks. */
  readonly lastRoundSeconds: Readonly<Record<NodeId, number | null>>;
  readonly keysRepairedHere: number;
  readonly keysRepairedThere: number;
  readonly sentBytes: number;
  readonly treesReady: number;
  readonly treesRebuilt: number;
  readonly freshPartitions: number;
}

export class AntiEntropy implements ExchangeOwner {
  readonly #self: Self;
  readonly #partitions: Partitions;
  readonly #peers: readonly Peer[];
  #hasBegun = false;

  constructor(self: Self, partitions: Partitions) {
    this.#self = self;
    this.#partitions = partitions;
    this.#peers = [...self.trees.shared()].map(([id, trees]) => newPeer(id, trees));
  }

  status(): AntiEntropyStatus {
    const { counters, trees, freshness, now, id } = this.#self;
    const asked = this.#peers.filter((peer) => id < peer.id);
    const secondsSince = (ms: number | undefined): number | null =>
      ms === undefined ? null : Math.floor((now.monotonicMs - ms) / 1000);
    return {
      lastRoundSeconds: Object.fromEntries(asked.map((peer) => [peer.id, secondsSince(peer.completedAtMs)])),
      keysRepairedHere: counters.keysRepairedHere,
      keysRepairedThere: counters.keysRepairedThere,
      sentBytes: counters.antiEntropyBytes,
      treesReady: trees.readyCount,
      treesRebuilt: counters.treesRebuilt,
      freshPartitions: freshness.count,
    };
  }

  tick(): void {
    if (!Number.isFinite(this.#self.tuning.antiEntropyIntervalMs)) return;
    if (!this.#hasBegun) this.#start();
    for (const peer of this.#peers) this.#tend(peer);
  }

  // Asking

  #tend(peer: Peer): void {
    if (peer.exchange === undefined) this.#beginIfDue(peer);
    peer.exchange?.proceed();
    if (peer.exchange?.isOver !== true) return;
    if (peer.exchange.left === 0) peer.completedAtMs = this.#self.now.monotonicMs;
    peer.exchange = undefined;
  }

  #beginIfDue(peer: Peer): void {
    const { now, tuning, id, freshness } = this.#self;
    const isDue = id < peer.id && now.monotonicMs >= peer.nextAtMs;
    const isFreshDue = freshness.count > 0 && now.monotonicMs >= peer.freshAtMs;
    // In this order: at every tick all peers are looked at, and hardly any is due.
    if (!(isDue || isFreshDue) || !this.#self.canReach(peer.id)) return;
    if (isDue) {
      peer.nextAtMs = now.monotonicMs + tuning.antiEntropyIntervalMs;
      return this.#self.whim("leaves a round out") ? undefined : this.#begin(peer, peer.trees);
    }
    const fresh = peer.trees.filter(({ partition }) => this.#self.freshness.wants(partition, peer.id));
    if (fresh.length === 0 || !fresh.some((tree) => this.#self.trees.ready(tree) !== undefined)) return;
    peer.freshAtMs = now.monotonicMs + freshPauseMs;
    this.#begin(peer, fresh);
  }

  #begin(peer: Peer, trees: readonly TreeName[]): void {
    peer.unsettled.clear();
    for (const { partition } of trees) peer.unsettled.set(partition, (peer.unsettled.get(partition) ?? 0) + 1);
    const plan = { peer: peer.id, trees, doubted: peer.doubted };
    peer.doubted = [];
    peer.exchange = new Exchange(this.#self, this.#partitions, this, plan);
  }

  treeSettled(node: NodeId, { partition }: TreeName): void {
    const unsettled = this.#peer(node)?.unsettled;
    const left = (unsettled?.get(partition) ?? 0) - 1;
    unsettled?.set(partition, left);
    if (left === 0) this.#compared(partition, node);
  }

  treeFutile(node: NodeId, tree: TreeName): void {
    this.#self.log("debug", "trees differ, keys do not", { node, partition: tree.partition });
    this.#self.trees.doubt(tree.partition, this.#self.now.monotonicMs);
    this.#peer(node)?.doubted.push(tree);
  }

  #compared(partition: number, node: NodeId): void {
    const effect = this.#self.freshness.compared(partition, node, this.#othersOf(partition));
    if (effect !== undefined) this.#self.emit(effect);
  }

  /** Rounds begin at different moments, so that not all nodes talk at once. */
  #start(): void {
    this.#hasBegun = true;
    const { now, tuning, random } = this.#self;
    for (const peer of this.#peers)
      peer.nextAtMs = now.monotonicMs + Math.floor(random.fraction() * tuning.antiEntropyIntervalMs);
    // Where there is no other primary, there is nobody to wait for.
    for (const partition of this.#self.ring.table.owners.keys())
      if (this.#othersOf(partition).length === 0) this.#compared(partition, this.#self.id);
  }

  #othersOf(partition: number): readonly NodeId[] {
    const primaries = this.#self.ring.primaries(partition, replicasMax(this.#self.options));
    return primaries.filter(({ node }) => node !== this.#self.id).map(({ node }) => node);
  }

  #peer(id: NodeId): Peer | undefined {
    return this.#peers.find((peer) => peer.id === id);
  }

  // Answering

  answer(node: NodeId, message: TreeRoots | TreeNodes | TreeKeys): void {
    const reply = this.#reply(node, message);
    this.#self.counters.antiEntropyBytes += roughSize(reply);
    this.#self.send(node, reply);
  }

  #reply(node: NodeId, message: TreeRoots | TreeNodes | TreeKeys): PeerMessage {
    if (message.kind === "TreeRoots") return this.#roots(node, message);
    if (this.#self.trees.ready(message.tree) === undefined)
      return failureOf(message.id, unavailable(`tree ${message.tree.partition} is not ready`, "none"));
    return message.kind === "TreeNodes" ? this.#nodes(message) : this.#keys(message);
  }

  #roots(node: NodeId, message: TreeRoots): ReplicaReply {
    const { trees, now } = this.#self;
    for (const place of message.doubted) {
      const partition = message.trees[place]?.partition;
      if (partition !== undefined) trees.doubt(partition, now.monotonicMs);
    }
    const rootOf = (tree: TreeName): Uint8Array | undefined =>
      this.#isFetching(node, tree) ? undefined : trees.ready(tree)?.root;
    return { kind: "TreeRootsReply", id: message.id, ...compareRoots(message, rootOf) };
  }

  /** What this node is fetching from `node` needs no second exchange the other way round; of two that do so, one must answer. */
  #isFetching(node: NodeId, { partition }: TreeName): boolean {
    if (this.#self.id < node || !this.#self.freshness.wants(partition, node)) return false;
    return this.#peer(node)?.exchange !== undefined;
  }

  #nodes({ id, tree, branches, leaves }: TreeNodes): PeerMessage {
    const merkle = this.#self.trees.ready(tree)!;
    if (!arePlaces(branches, branchCount) || !arePlaces(leaves, leafCount))
      return failureOf(id, invalidArgument(`a tree has ${branchCount} branches and ${leafCount} leaves`));
    if (leaves !== undefined) return { kind: "TreeNodesReply", id, digests: merkle.digestsOf(leaves) };
    if (branches === undefined) return { kind: "TreeNodesReply", id, digests: merkle.branches.slice() };
    return { kind: "TreeNodesReply", id, digests: merkle.digestsOf(branches.flatMap(leavesOf)) };
  }

  #keys({ id, tree, leaves, after }: TreeKeys): PeerMessage {
    if (!arePlaces(leaves, leafCount)) return failureOf(id, invalidArgument(`a tree has ${leafCount} leaves`));
    const { states, end } = readLeafPage(this.#self, tree, leaves === undefined ? undefined : new Set(leaves), after);
    return { kind: "TreeKeysReply", id, states, end };
  }
}

function newPeer(id: NodeId, trees: readonly TreeName[]): Peer {
  return {
    id,
    trees,
    exchange: undefined,
    nextAtMs: 0,
    freshAtMs: 0,
    completedAtMs: undefined,
    doubted: [],
    unsettled: new Map(),
  };
}

/** Whether numbers from outside name some of `count` things, and not more than there are. */
function arePlaces(places: readonly number[] | undefined, count: number): boolean {
  return places === undefined || (places.length <= count && places.every((place) => place < count));
}
