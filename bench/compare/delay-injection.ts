/**
 * Known delays on the legs of a request: each message is held back by itself, for a time that is drawn from the law of its leg. What is
 * no leg of a put or get is not held back.
 */
import type { PeerMessage } from "../../src/messages.ts";
import type { Random } from "../../src/random.ts";
import { noDelay, type DelayLaw, type LegLaws } from "../../sim/delay-laws.ts";
import type { DueQueue } from "./due-queue.ts";
import { nowMs } from "./monotonic.ts";

export class DelayInjection {
  readonly #random: Random;
  readonly #legs: LegLaws;
  readonly #queue: Pick<DueQueue, "add" | "look">;

  constructor(random: Random, legs: LegLaws, queue: Pick<DueQueue, "add" | "look">) {
    this.#random = random;
    this.#legs = legs;
    this.#queue = queue;
  }

  /** @param pass is called after the message's delay, or at once if there is none, and told when it was due */
  hold({ kind }: PeerMessage, pass: (dueMs: number) => void): void {
    const law = this.#lawOf(kind);
    const dueMs = nowMs() + law(this.#random);
    if (law === noDelay) pass(dueMs);
    else this.#queue.add(dueMs, () => pass(dueMs));
  }

  /** Passes on what is due: it comes before what has only arrived now. */
  look(): void {
    this.#queue.look();
  }

  #lawOf(kind: PeerMessage["kind"]): DelayLaw {
    switch (kind) {
      case "ReplicaPut":
        return this.#legs.w;
      case "ReplicaPutReply":
        return this.#legs.a;
      case "ReplicaGet":
        return this.#legs.r;
      case "ReplicaGetReply":
        return this.#legs.s;
      default:
        return noDelay;
    }
  }
}
