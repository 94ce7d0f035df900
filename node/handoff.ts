/**
 * One hint on its way to its target.
 *
 *   sent ──ReplicaPutReply, from disk──▶ taken
 *     └──anything else, its link is lost, `sendTimeoutMs`──▶ not taken, as far as this node knows
 */
import type { PeerMessage } from "../src/messages.ts";
import type { NodeId } from "../src/ring.ts";
import type { OpenRequest } from "./open-requests.ts";
import type { Self } from "./self.ts";

const sendTimeoutMs = 5000;

export class Handoff implements OpenRequest {
  readonly #self: Self;
  readonly #target: NodeId;
  readonly #key: Uint8Array;
  readonly #record: Uint8Array;
  readonly #done: (isTaken: boolean) => void;
  readonly wakeAtMs: number;
  readonly isBackground = true;
  #id = 0;

  constructor(self: Self, target: NodeId, key: Uint8Array, record: Uint8Array, done: (isTaken: boolean) => void) {
    this.#self = self;
    this.#target = target;
    this.#key = key;
    this.#record = record;
    this.#done = done;
    this.wakeAtMs = self.now.monotonicMs + sendTimeoutMs;
  }

  start(): void {
    this.#id = this.#self.requests.open(this);
    this.#self.send(this.#target, {
      kind: "ReplicaPut",
      id: this.#id,
      key: this.#key,
      record: this.#record,
      timeoutMs: sendTimeoutMs,
      early: false,
      standsFor: undefined,
    });
  }

  receive(node: NodeId, message: PeerMessage): void {
    if (node === this.#target) this.#end(message.kind === "ReplicaPutReply" && message.durable);
  }

  lose(node: NodeId): void {
    if (node === this.#target) this.#end(false);
  }

  wake(): void {
    this.#end(false);
  }

  #end(isTaken: boolean): void {
    this.#self.requests.close(this.#id);
    this.#done(isTaken);
  }
}
