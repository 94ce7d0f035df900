/**
 * What the replicas that one get has asked hold, as far as they have said: what of it counts for the quorum, and the join of it.
 *
 *   waiting ──a record, `same`, `absent`────────────▶ counted
 *      │    ──`fresh`; `absent` where a stand-in says it──▶ held back ──(below)──▶ counted
 *      ├──nothing for long──▶ silent ──▶ as from waiting
 *      └──fails, its link is lost──▶ failed ──▶ as from waiting;   has lost its record──▶ failed for good
 *
 * - `fresh` is no vote, until all n primaries have said what they hold: then everything that can be known is known.
 * - `absent` where a stand-in says it counts beside a record, and never for "not found": it was not there when others wrote.
 * - `missing` is no vote at all.
 */
import { decodeRecord, encodeRecord, isSameState, openRecord } from "../src/record.ts";
import { sync, type StoredObject } from "../src/object.ts";
import { formatKey } from "../src/key.ts";
import type { PeerMessage } from "../src/messages.ts";
import type { PreferenceEntry } from "../src/preference-list.ts";
import { Tally, type Needs, type Verdict } from "../src/quorum.ts";
import type { NodeId } from "../src/ring.ts";
import type { Local } from "./partition.ts";
import type { Place, Self } from "./self.ts";

export interface Voter {
  readonly node: NodeId;
  /** Of a stand-in: the primary in whose place it was asked. What it has it keeps for that one, and it is not repaired. */
  readonly standsFor: NodeId | undefined;
  readonly askedAtMs: number;
  /** Asked because another was slow. */
  readonly isHedge: boolean;
  /** When it is to be looked at: it is late for a hedge then, and later silent. */
  lookAtMs: number;
  state: "waiting" | "silent" | "held back" | "counted" | "failed";
  /** Whether it has said what it holds, be it nothing, or that it cannot read it. */
  hasSaid: boolean;
  record: Uint8Array | undefined;
}

export class Votes {
  readonly tally: Tally;
  readonly voters: Voter[] = [];
  /** Why replicas refused, for the error's sentence. */
  readonly refusals: string[] = [];
  readonly #self: Self;
  readonly #place: Place;
  readonly #primaries: number;
  #primariesThatSaid = 0;
  /** What this node holds itself: sound, and part of the join before anybody is asked. */
  readonly own: Uint8Array | undefined;
  /** The join of all that was said: its bytes, its object, or both. */
  #record: Uint8Array | undefined;
  #object: StoredObject | undefined;

  constructor(self: Self, place: Place, primaries: readonly PreferenceEntry[], needs: Needs, local: Local) {
    this.#self = self;
    this.#place = place;
    this.#primaries = primaries.length;
    this.tally = new Tally(primaries, needs);
    this.own = this.#record = typeof local === "string" ? undefined : local;
  }

  /** Somebody is asked. */
  add(candidate: PreferenceEntry, isHedge: boolean): Voter {
    const { node, standsFor } = candidate;
    if (standsFor !== undefined) this.tally.add(candidate);
    const askedAtMs = this.#self.now.monotonicMs;
    const voter: Voter = {
      node,
      standsFor,
      askedAtMs,
      isHedge,
      lookAtMs: Infinity,
      state: "waiting",
      hasSaid: false,
      record: undefined,
    };
    this.voters.push(voter);
    return voter;
  }

  /** Whose link was lost may have answered over the next one. @returns who has answered; `undefined` if that is news of nobody */
  receive(node: NodeId, message: PeerMessage): Voter | undefined {
    const voter = this.#find(node);
    if (voter === undefined) return undefined;
    if (voter.hasSaid) return this.#hearAgain(voter, message) ? voter : undefined;
    if (message.kind !== "ReplicaGetReply") {
      if (message.kind === "Failure") this.refusals.push(`${node}: ${message.message}`);
      return this.lose(node);
    }
    const { monotonicMs } = this.#self.now;
    if (isAwaited(voter)) this.#self.latencies.answered(node, monotonicMs - voter.askedAtMs, monotonicMs);
    // Whoever says `same` to a node that has nothing has not answered.
    if (message.answer === "record") this.hear(voter, message.record!);
    else this.hear(voter, message.answer === "same" ? (this.own ?? "missing") : message.answer);
    return voter;
  }

  /** No answer of it will come. @returns who was waited for */
  lose(node: NodeId): Voter | undefined {
    const voter = this.#find(node);
    if (voter === undefined || !isAwaited(voter)) return undefined;
    this.#self.latencies.lost(node);
    this.#fail(voter);
    return voter;
  }

  /** Nobody waits any more. */
  abandon(): void {
    const { latencies, now } = this.#self;
    for (const voter of this.voters)
      if (isAwaited(voter)) latencies.abandoned(voter.node, now.monotonicMs - voter.askedAtMs, now.monotonicMs);
  }

  hear(voter: Voter, said: Local): void {
    if (said instanceof Uint8Array && said !== this.own && !this.#take(voter, said)) return this.#fail(voter);
    voter.hasSaid = true;
    if (said === "missing") return this.#fail(voter);
    if (voter.standsFor === undefined) this.#primariesThatSaid++;
    if (typeof said !== "string") voter.record = said;
    const isWeak = said === "fresh" || (said === "absent" && voter.standsFor !== undefined);
    if (isWeak) voter.state = "held back";
    else this.#count(voter);
    this.#release();
  }

  verdict(): Verdict {
    return this.tally.verdict();
  }

  /** Those that have answered, or may soon. */
  get inHand(): number {
    let count = 0;
    for (const { state } of this.voters) if (state === "waiting" || state === "counted") count++;
    return count;
  }

  count(state: Voter["state"]): number {
    let count = 0;
    for (const voter of this.voters) if (voter.state === state) count++;
    return count;
  }

  /** Whether anybody may still answer. */
  get isWaiting(): boolean {
    for (const voter of this.voters) if (isAwaited(voter)) return true;
    return false;
  }

  get isFound(): boolean {
    return this.#record !== undefined || this.#object !== undefined;
  }

  /** The join of what was said; the same bytes every time, until somebody says more. */
  get record(): Uint8Array | undefined {
    if (this.#record === undefined && this.#object !== undefined)
      this.#record = encodeRecord(this.#place.hash, this.#object);
    return this.#record;
  }

  get object(): StoredObject | undefined {
    if (this.#object === undefined && this.#record !== undefined) this.#object = decodeRecord(this.#record);
    return this.#object;
  }

  holdsJoin({ record }: Voter): boolean {
    const join = this.record;
    return join !== undefined && record !== undefined && (record === join || isSameState(record, join));
  }

  /** Whether it has said what it holds, and that is less than the join. */
  isBehind(voter: Voter): boolean {
    return voter.hasSaid && this.isFound && !this.holdsJoin(voter);
  }

  /** Why those that answered and do not count did not. */
  excuses(): string[] {
    return this.voters
      .filter(({ state }) => state === "held back")
      .map(({ node, standsFor }) =>
        standsFor === undefined
          ? `${node} has nothing, but began with an empty disk and has not caught up`
          : `${node} has nothing, but only stands in for ${standsFor}`,
      );
  }

  /** A network may deliver twice: the second answer is no second vote, but what it brings is part of the join. */
  #hearAgain(voter: Voter, message: PeerMessage): boolean {
    if (message.kind !== "ReplicaGetReply" || message.record === undefined) return false;
    if (!this.#take(voter, message.record)) return false;
    voter.record = message.record;
    return true;
  }

  /** Joins a record into what is known. False if it is none: then its sender has not answered. */
  #take({ node }: Voter, said: Uint8Array): boolean {
    try {
      this.#join(said, openRecord(this.#place.hash, said));
      return true;
    } catch (error) {
      const problem = (error as Error).message;
      this.#self.warnRarely("bad record from peer", { node, key: formatKey(this.#place.key), problem });
      return false;
    }
  }

  #join(said: Uint8Array, incoming: StoredObject): void {
    const mine = this.object;
    const joined = mine === undefined ? incoming : sync(incoming, mine);
    if (joined === incoming) {
      this.#record = said;
      this.#object = incoming;
    } else if (sync(mine!, incoming) !== mine) {
      this.#record = undefined;
      this.#object = joined;
    }
  }

  #find(node: NodeId): Voter | undefined {
    for (const voter of this.voters) if (voter.node === node) return voter;
    return undefined;
  }

  #fail(voter: Voter): void {
    voter.state = "failed";
    this.tally.fail(voter.node);
  }

  #release(): void {
    for (const voter of this.voters) {
      if (voter.state !== "held back") continue;
      const counts = voter.standsFor === undefined ? this.#primariesThatSaid === this.#primaries : this.isFound;
      if (counts) this.#count(voter);
    }
  }

  #count(voter: Voter): void {
    voter.state = "counted";
    this.tally.answer(voter.node, false);
  }
}

/** Silent ones may still answer. */
export function isAwaited({ state }: Voter): boolean {
  return state === "waiting" || state === "silent";
}
