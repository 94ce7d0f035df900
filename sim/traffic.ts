/** How much is said: by nodes to each other, and by clients for their calls. */
import type { PeerMessage } from "../src/messages.ts";

export class Traffic {
  /** Of every kind of message between nodes, since the last `reset`. */
  readonly sent: Map<string, number> = new Map();
  /** The same in bytes, for whoever says what a message weighs. */
  readonly sentBytes: Map<string, number> = new Map();
  /** What clients sent for their calls: first tries and further ones. */
  requests = 0;
  readonly #weigh: ((message: PeerMessage) => number) | undefined;

  /** @param weigh the bytes of a message: to know them costs as much as sending it, so mostly nobody asks */
  constructor(weigh?: (message: PeerMessage) => number) {
    this.#weigh = weigh;
  }

  count(message: PeerMessage): void {
    add(this.sent, message.kind, 1);
    if (this.#weigh !== undefined) add(this.sentBytes, message.kind, this.#weigh(message));
  }

  reset(): void {
    this.sent.clear();
    this.sentBytes.clear();
  }
}

function add(sums: Map<string, number>, kind: string, amount: number): void {
  sums.set(kind, (sums.get(kind) ?? 0) + amount);
}
