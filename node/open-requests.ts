/** The requests that wait for other nodes: found by the ids of the answers, woken at the moments that they name. */
import type { NodeId } from "../src/ring.ts";
import { Deadlines } from "./deadlines.ts";
import type { PeerMessage } from "../src/messages.ts";
import { SlotTable } from "../src/slot-table.ts";

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

interface Entry {
  request: OpenRequest;
  /** Whether it has answered whoever asked, or nobody waits for it at all. */
  state: "open" | "released" | "background";
}

export class OpenRequests {
  readonly #entries = new SlotTable<Entry>();
  readonly #counts = { open: 0, released: 0, background: 0 };
  readonly #deadlines: Deadlines;
  /** Where this start's ids begin: a late answer to a request of before the start must not find a new one. */
  #firstId = 0;
  #opened = 0;

  constructor(nowMs: number) {
    this.#deadlines = new Deadlines(nowMs);
  }

  /** Those that a client waits for, or that end by themselves before a clean stop. */
  get size(): number {
    return this.#counts.open + this.#counts.released;
  }

  /** Those that somebody waits for. */
  get unanswered(): number {
    return this.#counts.open;
  }

  /** Those that have answered, and have something left to do before a clean stop. */
  get released(): number {
    return this.#counts.released;
  }

  /** Nobody waits for it: it goes on, and neither counts against a limit nor holds up a clean stop. */
  demote(id: number): void {
    this.#enter(this.#entryOf(id), "background");
  }

  /** It has answered whoever asked, and stays open for what is left to do. */
  release(id: number, request: OpenRequest): void {
    this.#enter(this.#entryOf(id), "released");
    this.hurry(id, request);
  }

  /** A clean stop waits no longer: what those that have answered have left to do, they do now. */
  wakeReleased(): void {
    for (const number of this.#entries.ids()) {
      const entry = this.#entries.find(number);
      if (entry?.state === "released") entry.request.wake();
    }
  }

  /** What answers still come under the id go to `request` from now on, for which nobody waits. */
  handOver(id: number, request: OpenRequest): void {
    const entry = this.#entryOf(id);
    if (entry !== undefined) entry.request = request;
    this.demote(id);
    this.hurry(id, request);
  }

  /** It wants to be woken earlier than it has said before. */
  hurry(id: number, request: OpenRequest): void {
    this.#deadlines.add(request.wakeAtMs, id - this.#firstId);
  }

  /** Since the start, however they ended. */
  get finished(): number {
    return this.#opened - this.#entries.size;
  }

  /** @param random at least six random characters, drawn for this start: 48 bits of first id */
  start(random: string): void {
    for (let at = 0; at < 6; at++) this.#firstId = this.#firstId * 0x100 + random.charCodeAt(at);
  }

  /** @returns the id under which answers find the request */
  open(request: OpenRequest): number {
    this.#opened++;
    const state = request.isBackground === true ? "background" : "open";
    const number = this.#entries.add({ request, state });
    this.#counts[state]++;
    this.#deadlines.add(request.wakeAtMs, number);
    return this.#firstId + number;
  }

  close(id: number): void {
    const entry = this.#entries.remove(id - this.#firstId);
    if (entry !== undefined) this.#counts[entry.state]--;
  }

  find(id: number): OpenRequest | undefined {
    return this.#entryOf(id)?.request;
  }

  lose(node: NodeId): void {
    for (const number of this.#entries.ids()) this.#entries.find(number)?.request.lose(node);
  }

  wakeDue(nowMs: number): void {
    for (const number of this.#deadlines.due(nowMs)) {
      const request = this.#entries.find(number)?.request;
      if (request === undefined) continue;
      if (request.wakeAtMs <= nowMs) request.wake();
      if (this.#entries.find(number) !== undefined) this.#deadlines.add(request.wakeAtMs, number);
    }
  }

  #entryOf(id: number): Entry | undefined {
    return this.#entries.find(id - this.#firstId);
  }

  #enter(entry: Entry | undefined, state: Entry["state"]): void {
    if (entry === undefined) return;
    this.#counts[entry.state]--;
    entry.state = state;
    this.#counts[state]++;
  }
}
