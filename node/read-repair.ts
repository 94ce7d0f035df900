/**
 * Sends what a get has learned to the replicas that lag: the join of the answers, as a `ReplicaPut` each. A read of a converged
 * key finds nobody behind, writes nothing and sends nothing.
 *
 * Repairs yield to clients: those that no client waits for are bounded in number and bytes and shed while the node is overloaded.
 * What is shed, or fails, is left to anti-entropy: nothing is tried twice.
 *
 *   sent ──ReplicaPutReply, from disk──▶ mended
 *     └──Failure, lost link, deadline──▶ given up
 */
import { CoterieError } from "../src/errors.ts";
import { formatKey } from "../src/key.ts";
import type { PeerMessage } from "../src/messages.ts";
import type { NodeId } from "../src/ring.ts";
import type { Partitions } from "./partition.ts";
import type { OpenRequest } from "./open-requests.ts";
import type { Place, Self } from "./self.ts";
import type { Voter, Votes } from "./votes.ts";

/** A copy that is not on disk by then is no longer waited for, and dropped where it arrives later. */
const repairTimeoutMs = 2000;
/** Copies under way that no client waits for, and their bytes. */
const copiesMax = 1024;
const copyBytesMax = 16 * 1024 * 1024;
/** Gets that were answered and wait for late answers, and the bytes of what they have read. */
const lingeringMax = 4096;
const lingeringBytesMax = 16 * 1024 * 1024;

export class ReadRepairs {
  readonly #self: Self;
  readonly #partitions: Partitions;
  #gets = 0;
  #copies = 0;
  #copyBytes = 0;
  #lingering = 0;
  #lingeringBytes = 0;

  constructor(self: Self, partitions: Partitions) {
    this.#self = self;
    this.#partitions = partitions;
  }

  /** Whether the get that begins is one of those that ask all n, for those that are seldom asked: every tenth, not one in ten by chance. */
  isTurn(): boolean {
    const share = this.#self.tuning.readRepairShare;
    const before = Math.floor(this.#gets * share);
    return Math.floor(++this.#gets * share) > before && !this.#self.isOverloaded;
  }

  /** Room for one more get that waits for late answers. Whoever gets it gives it back with `leave`. */
  linger(bytes: number): boolean {
    if (this.#lingering >= lingeringMax || this.#lingeringBytes + bytes > lingeringBytesMax) return false;
    this.#lingering++;
    this.#lingeringBytes += bytes;
    return true;
  }

  leave(bytes: number): void {
    this.#lingering--;
    this.#lingeringBytes -= bytes;
  }

  /**
   * Sends the join to all that have said less, this node perhaps among them, and waits for nobody.
   * @param hasSent whom it was sent to already
   */
  mendLagging(place: Place, votes: Votes, hasSent?: (voter: Voter) => boolean): void {
    let nodes: NodeId[] | undefined;
    for (const voter of votes.voters) {
      if (voter.standsFor !== undefined || !votes.isBehind(voter) || hasSent?.(voter) === true) continue;
      (nodes ??= []).push(voter.node);
      voter.record = votes.record; // soon: it is not sent the same again
    }
    if (nodes !== undefined) this.#mend(place, votes.record!, nodes);
  }

  /** A repair that somebody waits for, who says whom it goes to. */
  begin(plan: RepairPlan): ReadRepair {
    return new ReadRepair(this.#self, this.#partitions, plan);
  }

  #mend(place: Place, record: Uint8Array, nodes: readonly NodeId[]): void {
    const { counters, isOverloaded, now } = this.#self;
    const bytes = record.length * nodes.length;
    const isLeftOut = isOverloaded || this.#self.whim("leaves a repair out");
    if (isLeftOut || this.#copies + nodes.length > copiesMax || this.#copyBytes + bytes > copyBytesMax) {
      counters.readRepairsShed += nodes.length;
      return;
    }
    this.#copies += nodes.length;
    this.#copyBytes += bytes;
    const ended = (): void => {
      this.#copies--;
      this.#copyBytes -= record.length;
    };
    const repair = this.begin({ place, record, deadlineMs: now.monotonicMs + repairTimeoutMs, ended });
    for (const node of nodes) repair.send(node);
  }
}

export interface RepairPlan {
  readonly place: Place;
  readonly record: Uint8Array;
  readonly deadlineMs: number;
  /** Called for each replica that it was sent to, once it is mended or given up. */
  readonly ended: () => void;
}

export class ReadRepair implements OpenRequest {
  readonly #self: Self;
  readonly #partitions: Partitions;
  readonly #plan: RepairPlan;
  readonly #states = new Map<NodeId, "under way" | "mended" | "given up">();
  readonly wakeAtMs: number;
  #id = 0;

  constructor(self: Self, partitions: Partitions, plan: RepairPlan) {
    this.#self = self;
    this.#partitions = partitions;
    this.#plan = plan;
    this.wakeAtMs = plan.deadlineMs;
  }

  get record(): Uint8Array {
    return this.#plan.record;
  }

  get underWay(): number {
    let count = 0;
    for (const state of this.#states.values()) if (state === "under way") count++;
    return count;
  }

  /** Whether it was sent there, whatever came of it. */
  has(node: NodeId): boolean {
    return this.#states.has(node);
  }

  isMended(node: NodeId): boolean {
    return this.#states.get(node) === "mended";
  }

  send(node: NodeId): void {
    if (this.#id === 0) this.#open();
    this.#states.set(node, "under way");
    // It was lost since it answered: nobody would say so once more.
    if (!this.#self.canReach(node)) return this.#end(node, false);
    this.#self.counters.readRepairs++;
    if (node === this.#self.id) return this.#mendHere();
    const { place, record } = this.#plan;
    const timeoutMs = this.#self.timeLeftMs(this.wakeAtMs);
    const shared = { key: place.key, record, timeoutMs, early: false, standsFor: undefined };
    this.#self.send(node, { kind: "ReplicaPut", id: this.#id, ...shared });
  }

  receive(node: NodeId, message: PeerMessage): void {
    this.#end(node, message.kind === "ReplicaPutReply" && message.durable);
  }

  lose(node: NodeId): void {
    this.#end(node, false);
  }

  wake(): void {
    for (const node of this.#states.keys()) this.#end(node, false);
  }

  #open(): void {
    this.#id = this.#self.requests.open(this);
    this.#self.requests.demote(this.#id);
  }

  /** Like any other replica it answers when its own disk has it; if it refuses, as it would refuse a `ReplicaPut`, it lags on. */
  #mendHere(): void {
    const { place, record } = this.#plan;
    const message = { kind: "ReplicaPutReply", id: this.#id, durable: true } as const;
    try {
      this.#partitions.sync(place, record, [
        { kind: "deliver", input: { kind: "peer", node: this.#self.id, message } },
      ]);
    } catch (error) {
      if (!(error instanceof CoterieError)) throw error;
      this.#self.warnRarely("read repair refused", { key: formatKey(place.key), problem: error.message });
      this.#end(this.#self.id, false);
    }
  }

  #end(node: NodeId, isMended: boolean): void {
    if (this.#states.get(node) !== "under way") return;
    this.#states.set(node, isMended ? "mended" : "given up");
    if (this.underWay === 0) this.#close();
    this.#plan.ended();
  }

  /** Further copies get an id of their own. */
  #close(): void {
    this.#self.requests.close(this.#id);
    this.#id = 0;
  }
}
