/** The requests that wait for other nodes: found by the ids of the answers, woken at the moments that they name. */
import type { NodeId } from "../src/ring.ts";
import { Deadlines } from "./deadlines.ts";
import type { PeerMessage } from "../src/messages.ts";

/** A request that this node waits for others on, from its first send to its answer. */
export interface OpenRequest {
  /** When it wants to be woken, on the monotonic clock. */
  readonly wakeAtMs: number;
  /** `node` answered; a `Failure` is an answer too. */
  receive(node: NodeId, message: PeerMessage): void;
  /** The link to `node` went down: from there nothing will come. */
  lose(node: NodeId): void;
  /** `wakeAtMs` has come. Afterwards it is closed, or wants to be woken later. */
  wake(): void;
}

export class OpenRequests {
  readonly #bySlot = new Map<number, OpenRequest>();
  readonly #deadlines: Deadlines;
  /** Where this start's ids begin: a late answer to a request of before the start must not find a new one. */
  #firstId = 0;
  #opened = 0;

  constructor(nowMs: number) {
    this.#deadlines = new Deadlines(nowMs);
  }

  get size(): number {
    return this.#bySlot.size;
  }

  /** Since the start, however they ended. */
  get finished(): number {
    return this.#opened - this.#bySlot.size;
  }

  /** @param random at least six random characters, drawn for this start: 48 bits of first id */
  start(random: string): void {
    for (let at = 0; at < 6; at++) this.#firstId = this.#firstId * 0x100 + random.charCodeAt(at);
  }

  /** @returns the id under which answers find the request */
  open(request: OpenRequest): number {
    const slot = ++this.#opened;
    this.#bySlot.set(slot, request);
    this.#deadlines.add(request.wakeAtMs, slot);
    return this.#firstId + slot;
  }

  close(id: number): void {
    this.#bySlot.delete(id - this.#firstId);
  }

  find(id: number): OpenRequest | undefined {
    return this.#bySlot.get(id - this.#firstId);
  }

  lose(node: NodeId): void {
    for (const request of this.#bySlot.values()) request.lose(node);
  }

  wakeDue(nowMs: number): void {
    for (const slot of this.#deadlines.due(nowMs)) {
      const request = this.#bySlot.get(slot);
      if (request === undefined) continue;
      if (request.wakeAtMs <= nowMs) request.wake();
      if (this.#bySlot.has(slot)) this.#deadlines.add(request.wakeAtMs, slot);
    }
  }
}
