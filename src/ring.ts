/**
 * The ring: Q equal slices of the hash space and who owns each of them.
 *
 * - A RingTable is a value: the same table gives the same preference lists on every node and in every process.
 * - `members` is strictly sorted by id, so a table has one encoding and `owners` may name members by index.
 * - Owning a partition makes a member the *first* choice for it; who else holds a replica is the preference list's matter.
 */
import ConsistentHash from "consistent-hash";
import { preferenceList, preferenceOrder } from "./preference-list.ts";
import type { PreferenceEntry } from "./preference-list.ts";

/** Names one node for as long as its data lives; unique in a ring. */
export type NodeId = string;

/** What the ring knows of a node. */
export interface Member {
  readonly id: NodeId;
  /** Where peers and clients reach it, `ws://host:port`. */
  readonly url: string;
  /** What fails together: a rack, a room, a data centre. */
  readonly zone: string;
  /** Its share of the ring relative to the other members' weights; above 0. */
  readonly weight: number;
}

/** The epoch-numbered table *partition → owner* (design.md §5), as the planner makes it and the wire carries it. */
export interface RingTable {
  /** Counts the tables of a cluster from 1; of two tables the one with the higher epoch holds. */
  readonly epoch: number;
  /** Q: a power of two, 1..4096. */
  readonly partitions: number;
  /** N: how many consecutive partitions the planner kept on distinct nodes. A request may still ask for another n. */
  readonly replicas: number;
  /** Strictly sorted by id (by UTF-16 code unit, not by locale). */
  readonly members: readonly Member[];
  /** Per partition, an index into `members`. */
  readonly owners: readonly number[];
}

/** Q at most: one-character names of `consistent-hash` stay clear of the surrogates and its 32-bit shift does not overflow. */
export const partitionsMax = 4096;
/** S at most: bounds what a table from the wire can make us compute. */
export const membersMax = 1024;

/** Whether `value` may be a ring's Q. */
export function isPartitionCount(value: unknown): value is number {
  return isIntegerIn(value, 1, partitionsMax) && (value & (value - 1)) === 0;
}

/** The partition of a key: the top bits of its 64-bit hash, of which only the high 32 are needed. */
export function partitionOf(hashHigh32: number, partitions: number): number {
  // Not `>>> (32 - log2 Q)`: JavaScript shifts by 32 as by 0, and Q = 1 would be wrong.
  return Math.floor(((hashHigh32 >>> 0) * partitions) / 2 ** 32);
}

/** A table with its preference lists: each is computed when first asked for and O(1) from then on. */
export class Ring {
  readonly table: RingTable;
  readonly #memberById: ReadonlyMap<NodeId, Member>;
  readonly #circle: ConsistentHash<Member>;
  readonly #orders: (readonly Member[] | undefined)[] = [];
  readonly #lists = new Map<number, readonly PreferenceEntry[]>();
  readonly #primaries = new Map<number, readonly PreferenceEntry[]>();

  constructor(table: RingTable) {
    this.table = table;
    this.#memberById = new Map(table.members.map((member) => [member.id, member]));
    this.#circle = circleOf(table);
  }

  /** What the table says of a node; undefined if it is no member. */
  member(id: NodeId): Member | undefined {
    return this.#memberById.get(id);
  }

  /**
   * Every member exactly once in order of preference for `partition`: the first `n` are its primaries, the rest its
   * fallbacks. The order does not depend on `n`. With `n` of S or more every member is a primary.
   * @throws Error if `partition` is not one of the table's or `n` is not a positive integer: a bug of the caller.
   */
  preferenceList(partition: number, n: number): readonly PreferenceEntry[] {
    const primaries = Math.min(n, this.table.members.length);
    const slot = partition * (membersMax + 1) + primaries;
    const known = this.#lists.get(slot);
    if (known !== undefined) return known;
    if (!isIntegerIn(primaries, 1, membersMax)) throw wrong("n", "a positive integer", n);
    const list = preferenceList(this.#order(partition), primaries);
    this.#lists.set(slot, list);
    return list;
  }

  /** The first `n` of the preference list: the nodes that a request of this n goes to. */
  primaries(partition: number, n: number): readonly PreferenceEntry[] {
    const slot = partition * (membersMax + 1) + Math.min(n, membersMax);
    const known = this.#primaries.get(slot);
    if (known !== undefined) return known;
    const primaries = this.preferenceList(partition, n).filter(({ role }) => role === "primary");
    this.#primaries.set(slot, primaries);
    return primaries;
  }

  /** Whether `node` is one of the first `n` of the partition's preference list. */
  isPrimary(node: NodeId, partition: number, n: number): boolean {
    return this.primaries(partition, n).some((entry) => entry.node === node);
  }

  #order(partition: number): readonly Member[] {
    return (this.#orders[partition] ??= preferenceOrder(this.#walk(partition)));
  }

  /** All members clockwise from `partition`; those that own nothing come last, turned by `partition` to share the load. */
  #walk(partition: number): readonly Member[] {
    const { members, partitions } = this.table;
    if (!isIntegerIn(partition, 0, partitions - 1)) throw wrong("partition", `in 0..${partitions - 1}`, partition);
    const owners = this.#circle.get(partitionName(partition), members.length) ?? [];
    const idle = members.filter((member) => !owners.includes(member));
    const turn = idle.length === 0 ? 0 : partition % idle.length;
    return [...owners, ...idle.slice(turn), ...idle.slice(0, turn)];
  }
}

/**
 * The table on a `consistent-hash` ring. Explicit control points only: the package's default points come from
 * Math.random and its "uniform" points from the order of calls, and either would make two nodes disagree.
 * Its string hash maps a one-character name to `code << 5`, so partition p, named by the character p, is point 32 * p.
 */
function circleOf(table: RingTable): ConsistentHash<Member> {
  const circle = new ConsistentHash<Member>({ range: 32 * table.partitions });
  const points: number[][] = table.members.map(() => []);
  for (const [partition, owner] of table.owners.entries()) points[owner]?.push(32 * partition);
  for (const [index, member] of table.members.entries()) {
    const own = points[index] ?? [];
    if (own.length > 0) circle.add(member, own.length, own);
  }
  return circle;
}

function partitionName(partition: number): string {
  return String.fromCharCode(partition);
}

/** The table as nested plain arrays, for msgpack: [epoch, Q, N, [[id, url, zone, weight]…], owners]. */
export function encodeRingTable(table: RingTable): unknown {
  const members = table.members.map(({ id, url, zone, weight }) => [id, url, zone, weight]);
  return [table.epoch, table.partitions, table.replicas, members, [...table.owners]];
}

/**
 * The table that `encodeRingTable` encoded, from foreign bytes. Elements added behind the known ones are ignored.
 * @throws Error with a sentence that says what is wrong.
 */
export function parseRingTable(value: unknown): RingTable {
  const [epoch, partitions, replicas, members, owners] = arrayOf(value, "The ring table");
  if (!isIntegerIn(epoch, 1, Number.MAX_SAFE_INTEGER)) throw wrong("epoch", "a positive integer", epoch);
  if (!isPartitionCount(partitions)) throw wrong("partitions", `a power of two in 1..${partitionsMax}`, partitions);
  if (!isIntegerIn(replicas, 1, membersMax)) throw wrong("replicas", `an integer in 1..${membersMax}`, replicas);
  const parsed = parseMembers(members);
  return { epoch, partitions, replicas, members: parsed, owners: parseOwners(owners, partitions, parsed.length) };
}

function parseMembers(value: unknown): readonly Member[] {
  const list = arrayOf(value, "The ring table's members");
  if (!isIntegerIn(list.length, 1, membersMax)) throw wrong("number of members", `1..${membersMax}`, list.length);
  const members = list.map(parseMember);
  for (const [index, member] of members.entries()) {
    const before = members[index - 1];
    if (before !== undefined && before.id >= member.id) throw wrong("members", "sorted by distinct ids", member.id);
  }
  return members;
}

function parseMember(value: unknown): Member {
  const [id, url, zone, weight] = arrayOf(value, "A member of the ring table");
  if (typeof id !== "string" || id === "") throw wrong("member id", "a string that is not empty", id);
  if (typeof url !== "string") throw wrong("member url", "a string", url);
  if (typeof zone !== "string") throw wrong("member zone", "a string", zone);
  if (!isWeight(weight)) throw wrong("member weight", "a finite number above 0", weight);
  return { id, url, zone, weight };
}

function parseOwners(value: unknown, partitions: number, memberCount: number): readonly number[] {
  const list = arrayOf(value, "The ring table's owners");
  if (list.length !== partitions) throw wrong("number of owners", `${partitions}, one per partition`, list.length);
  return list.map((owner) => {
    if (!isIntegerIn(owner, 0, memberCount - 1)) throw wrong("owner", `a member's index, 0..${memberCount - 1}`, owner);
    return owner;
  });
}

/** Whether `value` may be a member's weight. */
export function isWeight(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value > 0;
}

/** Whether `value` is an integer in least..most, both included. */
function isIntegerIn(value: unknown, least: number, most: number): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= least && value <= most;
}

function arrayOf(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error(`${what} must be an array, not ${typeof value}.`);
  return value;
}

function wrong(field: string, expected: string, value: unknown): Error {
  const shown =
    typeof value === "string" || typeof value === "number" ? JSON.stringify(value).slice(0, 80) : typeof value;
  return new Error(`The ring table's ${field} must be ${expected}, not ${shown}.`);
}
