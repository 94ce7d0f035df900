/** The requests that wait for other nodes: found by the ids of the answers, woken at the moments that they name. */
import type { NodeId } from "../src/ring.ts";
import { Deadlines } from "./deadlines.ts";
import type { PeerMessage } from "../src/messages.ts";

/** What waits for other nodes, from its first send until nothing is left to do: a put and a get outlive their answers. */
export interface OpenRequest {
  /** When it wants to be woken, on the monotonic clock. */
  readonly wakeAtMs: number;
  /** No client waits for it: a clean stop does not either. */
  readonly isBackground?: true;
  /** `node` answered; a `Failure` is an answer too. */
  receive(node: NodeId, message: PeerMessage): void;
  /** The link to `node` went down: from there nothing will come. */
  lose(node: NodeId): void;
  /** `wakeAtMs` has come. Afterwards it is closed, or wants to be woken later. */
  wake(): void;
}

export class OpenRequests {
  readonly #bySlot = new Map<number, OpenRequest>();
  /** Those for which nobody waits, and of the others those that have answered and have something left to do. */
  readonly #background = new Set<number>();
  readonly #released = new Set<number>();
  readonly #deadlines: Deadlines;
  /** Where this start's ids begin: a late answer to a request of before the start must not find a new one. */
  #firstId = 0;
  #opened = 0;

  constructor(nowMs: number) {
    this.#deadlines = new Deadlines(nowMs);
  }

  /** Those that a client waits for, or that end by themselves before a clean stop. */
  get size(): number {
    return this.#bySlot.size - this.#background.size;
  }

  /** Those that somebody waits for. */
  get unanswered(): number {
    return this.size - this.#released.size;
  }

  /** Those that have answered, and have something left to do before a clean stop. */
  get released(): number {
    return this.#released.size;
  }

  /** Nobody waits for it: it goes on, and neither counts against a limit nor holds up a clean stop. */
  demote(id: number): void {
    this.#background.add(id - this.#firstId);
  }

  /** It has answered whoever asked, and stays open for what is left to do. */
  release(id: number, request: OpenRequest): void {
    this.#released.add(id - this.#firstId);
    this.hurry(id, request);
  }

  /** A clean stop waits no longer: what those that have answered have left to do, they do now. */
  wakeReleased(): void {
    for (const slot of this.#released) this.#bySlot.get(slot)?.wake();
  }

  /** What answers still come under the id go to `request` from now on, for which nobody waits. */
  handOver(id: number, request: OpenRequest): void {
    this.#bySlot.set(id - this.#firstId, request);
    this.demote(id);
    this.hurry(id, request);
  }

  /** It wants to be woken earlier than it has said before. */
  hurry(id: number, request: OpenRequest): void {
    this.#deadlines.add(request.wakeAtMs, id - this.#firstId);
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
    if (request.isBackground === true) this.#background.add(slot);
    this.#deadlines.add(request.wakeAtMs, slot);
    return this.#firstId + slot;
  }

  close(id: number): void {
    const slot = id - this.#firstId;
    this.#bySlot.delete(slot);
    if (this.#released.size > 0) this.#released.delete(slot);
    if (this.#background.size > 0) this.#background.delete(slot);
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
