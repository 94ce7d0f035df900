/**
 * Which partitions of this replica are *fresh*: the node began with an empty disk, and has not yet compared the partition with
 * all other primaries. What is absent there may only be absent here, so it is no vote for "not found" (design §6.3).
 *
 *   empty directory ──▶ fresh ──compared with every other primary──▶ settled, for as long as the disk lives
 */
import type { NodeId } from "../src/ring.ts";
import type { Persist } from "./effects.ts";
import type { StoreReader } from "./store.ts";

/** Where a directory says which partitions are fresh. */
export const freshnessKey: Uint8Array = new Uint8Array([2]);

export class Freshness {
  /** Of each fresh partition, the primaries that it has been compared with. What is known of them is lost with a restart. */
  readonly #compared = new Map<number, Set<NodeId>>();
  #partitions = 0;

  /**
   * @param isNew whether the directory had no identity: it is empty, whatever it was before
   * @param isHeld whether this node is a primary of the partition at all: of others it never catches up
   */
  start(
    store: StoreReader,
    partitions: number,
    isNew: boolean,
    isHeld: (partition: number) => boolean,
  ): Persist | undefined {
    this.#partitions = partitions;
    const stored = store.get("meta", freshnessKey);
    const isAllFresh = isNew && stored === undefined;
    for (let partition = 0; partition < partitions; partition++)
      if (isHeld(partition) && (isAllFresh || bitOf(stored, partition))) this.#compared.set(partition, new Set());
    return isAllFresh ? this.#persist() : undefined;
  }

  get count(): number {
    return this.#compared.size;
  }

  isFresh(partition: number): boolean {
    return this.#compared.has(partition);
  }

  /** Whether a partition that is fresh still wants to be compared with `node`. */
  wants(partition: number, node: NodeId): boolean {
    return this.#compared.get(partition)?.has(node) === false;
  }

  /** Everything that `node` holds of the partition is here now. @returns what to write if that was the last of `others` */
  compared(partition: number, node: NodeId, others: readonly NodeId[]): Persist | undefined {
    const nodes = this.#compared.get(partition)?.add(node);
    if (nodes === undefined || !others.every((other) => nodes.has(other))) return undefined;
    this.#compared.delete(partition);
    return this.#persist();
  }

  #persist(): Persist {
    const bits = new Uint8Array(Math.ceil(this.#partitions / 8));
    for (const partition of this.#compared.keys()) bits[partition >>> 3]! |= 1 << (partition & 7);
    return { kind: "persist", writes: [{ table: "meta", key: freshnessKey, value: bits }], then: [] };
  }
}

function bitOf(bits: Uint8Array | undefined, at: number): boolean {
  return ((bits?.[at >>> 3] ?? 0) & (1 << (at & 7))) !== 0;
}
