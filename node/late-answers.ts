/**
 * What becomes of a get that was answered before everybody whom it asked had answered: late answers still tell how fast their
 * sender is, and who lags. No client waits for it; it ends with the last answer, or after `lingerMs`.
 */
import type { PeerMessage } from "../src/messages.ts";
import type { NodeId } from "../src/ring.ts";
import type { OpenRequest } from "./open-requests.ts";
import type { ReadRepairs } from "./read-repair.ts";
import type { Place, Self } from "./self.ts";
import type { Votes } from "./votes.ts";

const lingerMs = 1000;

export interface LateAnswersPlan {
  /** The get's, under which the answers come. */
  readonly id: number;
  readonly place: Place;
  readonly votes: Votes;
  /** False: nobody is to be repaired. */
  readonly repairs: boolean;
}

export class LateAnswers implements OpenRequest {
  readonly #self: Self;
  readonly #readRepairs: ReadRepairs;
  readonly #plan: LateAnswersPlan;
  readonly #bytes: number;
  readonly wakeAtMs: number;

  constructor(self: Self, readRepairs: ReadRepairs, plan: LateAnswersPlan) {
    this.#self = self;
    this.#readRepairs = readRepairs;
    this.#plan = plan;
    this.#bytes = plan.votes.record?.length ?? 0;
    this.wakeAtMs = self.now.monotonicMs + lingerMs;
  }

  start(): void {
    const { id, votes } = this.#plan;
    if (this.#readRepairs.linger(this.#bytes)) return this.#self.requests.handOver(id, this);
    votes.abandon();
    this.#self.requests.close(id);
  }

  receive(node: NodeId, message: PeerMessage): void {
    const { votes, place, repairs } = this.#plan;
    if (votes.receive(node, message) !== undefined && repairs) this.#readRepairs.mendLagging(place, votes);
    if (!votes.isWaiting) this.#end();
  }

  lose(node: NodeId): void {
    this.#plan.votes.lose(node);
    if (!this.#plan.votes.isWaiting) this.#end();
  }

  wake(): void {
    this.#plan.votes.abandon();
    this.#end();
  }

  #end(): void {
    this.#readRepairs.leave(this.#bytes);
    this.#self.requests.close(this.#plan.id);
  }
}
