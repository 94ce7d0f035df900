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
  /** Partition by partition, and in each by n. */
  readonly #slots: readonly TreeSlot[];
  readonly #doubtful = new Set<number>();
  readonly #noDoubtUntilMs = new Map<number, number>();
  /** The n of all buckets, each once: mostly one. */
  readonly #ns: readonly number[];

  constructor(config: NodeConfig) {
    this.#config = config;
    const { options, ring } = config;
    const buckets = ["", ...Object.keys(options.buckets)];
    this.#ns = [...new Set(buckets.map((bucket) => replicasOf(bucket, options)))].sort((a, b) => a - b);
    this.#slots = Array.from({ length: ring.table.partitions * this.#ns.length }, () => new TreeSlot());
  }

  /** By other node, the trees that this one and it can compare: of the partitions and n for which both are primaries. */
  shared(): Map<NodeId, TreeName[]> {
    const { ring, id } = this.#config;
    const shared = new Map<NodeId, TreeName[]>();
    for (let partition = 0; partition < ring.table.partitions; partition++)
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

  /** All trees of a partition become ready at once. */
  isReady(partition: number): boolean {
    return this.#slot(partition, this.#ns[0]!)?.ready !== undefined;
  }

  get readyCount(): number {
    return this.#slots.filter(({ ready }) => ready !== undefined).length / this.#ns.length;
  }

  /** Nothing if it has not yet been read from the disk, or if there is no such tree. */
  ready({ partition, n }: TreeName): MerkleTree | undefined {
    return this.#slot(partition, n)?.ready;
  }

  /** At every change of a key, with what it replaces: `after` is nothing when the key is removed. */
  changed(place: Place, before: Before, after: Uint8Array | undefined): void {
    if (!this.#slotOf(place).change(place, before, after)) this.#doubtful.add(place.partition);
  }

  // The walk

  begin(partition: number): void {
    this.#doubtful.delete(partition);
    for (const slot of this.#slotsOf(partition)) slot.begin();
  }

  /** The walk has come to this record, the next in store order; nothing if it cannot be read. */
  grow(place: Place, record: Uint8Array | undefined): void {
    this.#slotOf(place).grow(place, record);
    for (const slot of this.#slotsOf(place.partition)) slot.advance(place);
  }

  /** The walk has seen the whole partition. @returns whether a tree that was kept in step was another */
  finish(partition: number): boolean {
    // Not `some`, which would stop at the first that was another: every walk has to end.
    return this.#slotsOf(partition).filter((slot) => slot.finish()).length > 0;
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

  #slot(partition: number, n: number): TreeSlot | undefined {
    const place = this.#ns.indexOf(n);
    return place === -1 ? undefined : this.#slots[partition * this.#ns.length + place];
  }

  #slotOf({ partition, key }: Place): TreeSlot {
    return this.#slot(partition, this.nOf(key))!;
  }

  #slotsOf(partition: number): readonly TreeSlot[] {
    const first = partition * this.#ns.length;
    return this.#slots.slice(first, first + this.#ns.length);
  }
}

/** The tree of a partition and an n, and the one that grows to take its place. */
class TreeSlot {
  #ready: RecordTree | undefined;
  #growing: RecordTree | undefined;
  /** How far the walk has come: the last key of the partition that it has seen. The same in all trees of it: a change finds it here. */
  #cursor: Uint8Array | undefined;

  get ready(): MerkleTree | undefined {
    return this.#ready;
  }

  /** @returns whether what was replaced is known to have been in the tree, or not to have been */
  change(place: Place, before: Before, after: Uint8Array | undefined): boolean {
    const isBehind = this.#cursor !== undefined && compareBytes(place.storeKey, this.#cursor) <= 0;
    const grown = isBehind ? (this.#growing?.change(place, before, after) ?? true) : true;
    const ready = this.#ready?.change(place, before, after) ?? true;
    return grown && ready;
  }

  begin(): void {
    this.#growing = new RecordTree();
    this.#cursor = undefined;
  }

  grow(place: Place, record: Uint8Array | undefined): void {
    if (record === undefined) this.#growing!.noteBad(place);
    else this.#growing!.change(place, undefined, record);
  }

  advance({ storeKey }: Place): void {
    this.#cursor = storeKey;
  }

  finish(): boolean {
    const isOther = this.#ready !== undefined && differingDigests(this.#ready.root, this.#growing!.root).length > 0;
    this.#ready = this.#growing;
    this.#growing = this.#cursor = undefined;
    return isOther;
  }
}

/** The hash tree of records, and those that it could not count. One object, as of a `MerkleTree`. */
class RecordTree extends MerkleTree {
  /** Keys whose records cannot be read, and contribute nothing. */
  #bad: Set<string> | undefined;

  noteBad({ storeKey }: Place): void {
    this.#bad ??= new Set();
    this.#bad.add(toBinary(storeKey));
  }

  /** @returns whether what was replaced is known to have been in it, or not to have been */
  change(place: Place, before: Before, after: Uint8Array | undefined): boolean {
    // Most likely it is replaced by the same state, fetched again: then the leaf is right as it is.
    if (before === "bad" && this.#bad?.delete(toBinary(place.storeKey)) !== true) return false;
    if (before instanceof Uint8Array) this.toggle(place.hash, before, digestAt);
    if (after !== undefined) this.toggle(place.hash, after, digestAt);
    return true;
  }
}
