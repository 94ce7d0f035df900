/**
 * Where things belong and lie, worked out here once more from the ring, the options and the formats that node/ documents: the
 * checkers believe no node.
 */
import { fromBinary, toBinary } from "../src/bytes.ts";
import { CoterieError } from "../src/errors.ts";
import { bucketOf, hashKey, makeKey } from "../src/key.ts";
import type { Get, Put } from "../src/messages.ts";
import { replicasOf, settleOptions } from "../src/options.ts";
import { partitionOf, type NodeId } from "../src/ring.ts";
import type { NodeConfig } from "../node/self.ts";

/** What a hint's value begins with: when it was made. */
const createdBytes = 6;

export interface Placed {
  readonly config: NodeConfig;
}

/** The bytes of a key by its name, `bucket/key`. */
export function keyNamed(name: string): Uint8Array {
  const slash = name.indexOf("/");
  return makeKey(name.slice(0, slash), name.slice(slash + 1));
}

/** What a coordinator owes a request. */
export interface Plan {
  readonly what: "get" | "put";
  readonly list: readonly NodeId[];
  readonly isSloppy: boolean;
  readonly needs: { readonly answers: number; readonly primaries: number; readonly durable: number };
}

/** Computed from the request and the cluster's options, never taken from what the coordinator says of itself. */
export function planOf({ config }: Placed, message: Get | Put): Plan | undefined {
  const what = message.kind === "Get" ? "get" : "put";
  try {
    const settled = settleOptions(what, message.options ?? {}, bucketOf(message.key), config.options);
    const { n, r, w, pr, pw, dw, sloppy: isSloppy } = settled;
    const list = firstOf(config, message.key, n);
    const needs =
      what === "get" ? { answers: r, primaries: pr, durable: 0 } : { answers: w, primaries: pw, durable: dw };
    return { what, list, isSloppy, needs };
  } catch (error) {
    if (error instanceof CoterieError) return undefined;
    throw error;
  }
}

/** Who holds a key for good: as many as its bucket has replicas. */
export function primariesOf({ config }: Placed, key: Uint8Array): readonly NodeId[] {
  return firstOf(config, key, replicasOf(bucketOf(key), config.options));
}

/** As `Self.locate` has it: two bytes of partition, then the key. */
export function storeKeyOf({ config }: Placed, key: Uint8Array): Uint8Array {
  const partition = partitionOfKey(config, key);
  const storeKey = new Uint8Array(2 + key.length);
  storeKey[0] = partition >>> 8;
  storeKey[1] = partition & 0xff;
  storeKey.set(key, 2);
  return storeKey;
}

/** In the table `hints`: the target's name behind its length, then as in the table `objects`. */
export function hintKeyOf(placed: Placed, target: NodeId, key: Uint8Array): Uint8Array {
  const storeKey = storeKeyOf(placed, key);
  const hintKey = new Uint8Array(1 + target.length + storeKey.length);
  hintKey[0] = target.length;
  hintKey.set(fromBinary(target), 1);
  hintKey.set(storeKey, 1 + target.length);
  return hintKey;
}

export function targetAndKeyIn(hintKey: Uint8Array): readonly [target: NodeId, key: Uint8Array] {
  const end = 1 + (hintKey[0] ?? 0);
  return [toBinary(hintKey.subarray(1, end)), hintKey.subarray(end + 2)];
}

/** A hint's value: when it was made, in milliseconds of its holder's wall clock, then the record. */
export function recordInHint(value: Uint8Array): Uint8Array {
  return value.subarray(createdBytes);
}

export function createdInHint(value: Uint8Array): number {
  return value.subarray(0, createdBytes).reduce((ms, byte) => ms * 256 + byte, 0);
}

/** Whether the node's own notes say that it began with an empty disk and has not caught up: node/freshness.ts. */
export function isFresh({ config }: Placed, notes: Uint8Array | undefined, key: Uint8Array): boolean {
  const partition = partitionOfKey(config, key);
  return ((notes?.[partition >>> 3] ?? 0) & (1 << (partition & 7))) !== 0;
}

function firstOf(config: NodeConfig, key: Uint8Array, n: number): readonly NodeId[] {
  return config.ring
    .preferenceList(partitionOfKey(config, key), n)
    .slice(0, n)
    .map(({ node }) => node);
}

function partitionOfKey({ ring }: NodeConfig, key: Uint8Array): number {
  return partitionOf(Number(hashKey(key) >> 32n), ring.table.partitions);
}
