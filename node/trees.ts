/**
 * The hash trees of this node, kept in step with every write. Buckets may have different n, and a node may be a primary of a
 * partition for some of them only: so each partition has one tree per n, of the keys whose bucket has that n.
 *
 *   no tree ──walk begins──▶ growing ──walk ends──▶ ready ◀──▶ ready, and another growing beside it
 *
 * - A tree is never stored. It grows from the disk after every start, and again now and then; until it has seen all of its
 *   partition it is not ready, and nobody is told its digests.
 * - While it grows, a change behind the walk's cursor is applied to it, and one ahead of it is not: the walk will come by.
 * - A record that cannot be read contributes nothing, and is remembered as such. One that was readable when it was counted, and
 *   was replaced when it no longer was, leaves a leaf in doubt: the partition is walked again soon.
 */
import { compareBytes, toBinary } from "../src/bytes.ts";
import { bucketOf } from "../src/key.ts";
import type { TreeName } from "../src/messages.ts";
import { differingDigests, MerkleTree } from "../src/merkle.ts";
import { replicasOf } from "../src/options.ts";
import { digestAt } from "../src/record.ts";
import type { NodeId } from "../src/ring.ts";
import type { NodeConfig, Place } from "./self.ts";

/** What was under a key before it changed: nothing, a record, or one that cannot be read. */
export type Before = Uint8Array | undefined | "bad";

/** Doubts that come from outside, and prove unfounded, may not keep a node walking. */
const doubtPauseMs = 600_000;

export class Trees {
  readonly #config: NodeConfig;
  readonly #partitions: PartitionTrees[];
  readonly #doubtful = new Set<number>();
  readonly #noDoubtUntilMs = new Map<number, number>();
  /** The n of all buckets, each once: mostly one. */
  readonly #ns: readonly number[];

  constructor(config: NodeConfig) {
    this.#config = config;
    const { options, ring } = config;
    const buckets = ["", ...Object.keys(options.buckets)];
    this.#ns = [...new Set(buckets.map((bucket) => replicasOf(bucket, options)))].sort((a, b) => a - b);
    this.#partitions = Array.from({ length: ring.table.partitions }, () => new PartitionTrees());
  }

  /** By other node, the trees that this one and it can compare: of the partitions and n for which both are primaries. */
  shared(): Map<NodeId, TreeName[]> {
    const { ring, id } = this.#config;
    const shared = new Map<NodeId, TreeName[]>();
    for (const partition of this.#partitions.keys())
      for (const n of this.#ns.filter((some) => ring.isPrimary(id, partition, some)))
        for (const { node } of ring.primaries(partition, n)) {
          if (!shared.has(node)) shared.set(node, []);
          shared.get(node)!.push({ partition, n });
        }
    shared.delete(id);
    return shared;
  }

  /** Which of the trees of its partition a key is in. */
  nOf(key: Uint8Array): number {
    return this.#ns.length === 1 ? this.#ns[0]! : replicasOf(bucketOf(key), this.#config.options);
  }

  isReady(partition: number): boolean {
    return this.#partitions[partition]?.isReady ?? false;
  }

  get readyCount(): number {
    return this.#partitions.filter(({ isReady }) => isReady).length;
  }

  /** Nothing if it has not yet been read from the disk, or if there is no such tree. */
  ready({ partition, n }: TreeName): MerkleTree | undefined {
    const trees = this.#partitions[partition];
    return trees?.isReady === true && this.#ns.includes(n) ? trees.ready(n) : undefined;
  }

  /** At every change of a key, with what it replaces: `after` is nothing when the key is removed. */
  changed(place: Place, before: Before, after: Uint8Array | undefined): void {
    const trees = this.#partitions[place.partition]!;
    if (trees.isUnread) return;
    const isKnown = trees.change(place, this.nOf(place.key), before, after);
    if (!isKnown) this.#doubtful.add(place.partition);
  }

  // The walk

  begin(partition: number): void {
    this.#doubtful.delete(partition);
    this.#partitions[partition]!.begin();
  }

  /** The walk has come to this record, the next in store order; nothing if it cannot be read. */
  grow(place: Place, record: Uint8Array | undefined): void {
    this.#partitions[place.partition]!.grow(place, this.nOf(place.key), record);
  }

  /** The walk has seen the whole partition. @returns whether the tree that was kept in step was another */
  finish(partition: number): boolean {
    return this.#partitions[partition]!.finish();
  }

  // Doubts

  /** Two nodes found no difference where their trees have one: one of the two is wrong. */
  doubt(partition: number, nowMs: number): void {
    if (!this.isReady(partition) || (this.#noDoubtUntilMs.get(partition) ?? 0) > nowMs) return;
    this.#noDoubtUntilMs.set(partition, nowMs + doubtPauseMs);
    this.#doubtful.add(partition);
  }

  /** A partition that must be walked soon. */
  get doubtful(): number | undefined {
    for (const partition of this.#doubtful) return partition;
    return undefined;
  }
}

class PartitionTrees {
  #ready: Forest | undefined;
  #growing: Forest | undefined;
  /** How far the walk has come: the last key that it has seen. */
  #cursor: Uint8Array | undefined;

  get isReady(): boolean {
    return this.#ready !== undefined;
  }

  get isUnread(): boolean {
    return this.#ready === undefined && this.#growing === undefined;
  }

  ready(n: number): MerkleTree {
    return this.#ready!.tree(n);
  }

  /** @returns whether what was replaced is known to have been in the tree, or not to have been */
  change(place: Place, n: number, before: Before, after: Uint8Array | undefined): boolean {
    const isBehind = this.#cursor !== undefined && compareBytes(place.storeKey, this.#cursor) <= 0;
    const grown = isBehind ? (this.#growing?.change(place, n, before, after) ?? true) : true;
    const ready = this.#ready?.change(place, n, before, after) ?? true;
    return grown && ready;
  }

  begin(): void {
    this.#growing = new Forest();
    this.#cursor = undefined;
  }

  grow(place: Place, n: number, record: Uint8Array | undefined): void {
    this.#growing!.change(place, n, undefined, record);
    if (record === undefined) this.#growing!.noteBad(place);
    this.#cursor = place.storeKey;
  }

  finish(): boolean {
    const isOther = this.#ready !== undefined && !this.#ready.equals(this.#growing!);
    this.#ready = this.#growing;
    this.#growing = this.#cursor = undefined;
    return isOther;
  }
}

/** The trees of one partition as they were at one moment, by n. */
class Forest {
  /** By n; a place without a tree is one that no bucket uses. */
  readonly #trees: (MerkleTree | undefined)[] = [];
  /** Keys whose records cannot be read, and contribute nothing. */
  readonly #bad = new Set<string>();

  tree(n: number): MerkleTree {
    return (this.#trees[n] ??= new MerkleTree());
  }

  noteBad({ storeKey }: Place): void {
    this.#bad.add(toBinary(storeKey));
  }

  change(place: Place, n: number, before: Before, after: Uint8Array | undefined): boolean {
    const tree = this.tree(n);
    // Most likely it is replaced by the same state, fetched again: then the leaf is right as it is.
    if (before === "bad" && !this.#bad.delete(toBinary(place.storeKey))) return false;
    if (before instanceof Uint8Array) tree.toggle(place.hash, before, digestAt);
    if (after !== undefined) tree.toggle(place.hash, after, digestAt);
    return true;
  }

  equals(other: Forest): boolean {
    const ns = Math.max(this.#trees.length, other.#trees.length);
    for (let n = 0; n < ns; n++) {
      if (this.#trees[n] === undefined && other.#trees[n] === undefined) continue;
      if (differingDigests(this.tree(n).root, other.tree(n).root).length > 0) return false;
    }
    return true;
  }
}
