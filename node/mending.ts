/**
 * Blocking read repair of one get: whether what was read is on the disks of w replicas, and what is still to be sent for that.
 * With r + w > n no later strict get is older then, even if the write itself had failed (Cassandra's monotonic quorum reads).
 *
 *   a replica: holds the join ◀──its disk── sent the join ◀── lags;   sent the join ──▶ given up
 *
 * When somebody's late answer makes the join grow, it begins anew: what was sent before is not enough.
 */
import type { ReadRepair, ReadRepairs } from "./read-repair.ts";
import type { Place, Self } from "./self.ts";
import type { Voter, Votes } from "./votes.ts";

export interface MendingPlan {
  readonly place: Place;
  readonly w: number;
  readonly deadlineMs: number;
  /** Called when a replica has the join now, or will not have it. */
  readonly changed: () => void;
}

export class Mending {
  readonly #self: Self;
  readonly #repairs: ReadRepairs;
  readonly #votes: Votes;
  readonly #plan: MendingPlan;
  #repair: ReadRepair | undefined;

  constructor(self: Self, repairs: ReadRepairs, votes: Votes, plan: MendingPlan) {
    this.#self = self;
    this.#repairs = repairs;
    this.#votes = votes;
    this.#plan = plan;
  }

  /** Sends the join to all that lag, unless that has been done. */
  advance(): void {
    const record = this.#votes.record!;
    if (this.#repair?.record !== record) this.#repair = this.#begin(record);
    for (const voter of this.#votes.voters)
      if (this.#mayLag(voter) && !this.#repair.has(voter.node)) this.#repair.send(voter.node);
  }

  get isDone(): boolean {
    return this.holders >= this.#plan.w;
  }

  get holders(): number {
    let count = 0;
    for (const voter of this.#votes.voters) if (this.#isHolder(voter)) count++;
    return count;
  }

  /** How many are missing if all that is under way comes to a good end; those that are silent included, or not. */
  lacking(withSilent: boolean): number {
    const underWay = (this.#repair?.underWay ?? 0) + this.#votes.count("waiting");
    return this.#plan.w - this.holders - underWay - (withSilent ? this.#votes.count("silent") : 0);
  }

  /** Whether the replica has been sent what the get knows now. */
  hasSent(voter: Voter): boolean {
    return this.#repair?.record === this.#votes.record && this.#repair!.has(voter.node);
  }

  #begin(record: Uint8Array): ReadRepair {
    const { place, deadlineMs, changed } = this.#plan;
    const ended = (): void => {
      if (this.#repair === repair) changed();
    };
    const repair = this.#repairs.begin({ place, record, deadlineMs, ended });
    return repair;
  }

  /** This node has read its record and does not know whether it is on disk: it is sent to itself in any case. */
  #mayLag(voter: Voter): boolean {
    if (!voter.hasSaid || voter.standsFor !== undefined) return false;
    return voter.node === this.#self.id || this.#votes.isBehind(voter);
  }

  /** The others have been asked to answer from disk: whoever has said the same state keeps it. */
  #isHolder(voter: Voter): boolean {
    if (this.#repair!.has(voter.node)) return this.#repair!.isMended(voter.node);
    return voter.node !== this.#self.id && voter.state === "counted" && this.#votes.holdsJoin(voter);
  }
}
