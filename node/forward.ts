/**
 * Hands a request to a node that may coordinate it, because this one is not among the key's primaries: once, unchanged but
 * for its id, and hands the answer back. The fastest is asked first, one that may be down last. A get whose coordinator is lost
 * goes to the next one; a put does not, since it may have happened: its client retries it under the same operation id.
 */
import { timedOut, unavailable, type CoterieError, type Outcome } from "../src/errors.ts";
import type { Get, Put, PeerMessage } from "../src/messages.ts";
import type { PreferenceEntry } from "../src/preference-list.ts";
import type { NodeId } from "../src/ring.ts";
import type { Origin } from "./effects.ts";
import type { OpenRequest } from "./open-requests.ts";
import type { Self } from "./self.ts";

export class ForwardedRequest implements OpenRequest {
  readonly #self: Self;
  readonly #origin: Origin;
  readonly #message: Get | Put;
  /** Its deadline. */
  readonly wakeAtMs: number;
  #untried: NodeId[];
  #target: NodeId | undefined;
  #id = 0;

  constructor(self: Self, origin: Origin, message: Get | Put, primaries: readonly PreferenceEntry[]) {
    this.#self = self;
    this.#origin = origin;
    this.#message = message;
    this.wakeAtMs = self.now.monotonicMs + message.timeoutMs;
    this.#untried = self.latencies.order(primaries, self.now.monotonicMs).map((entry) => entry.node);
  }

  start(): void {
    this.#self.counters.forwards++;
    this.#id = this.#self.requests.open(this);
    this.#tryNext();
  }

  receive(node: NodeId, message: PeerMessage): void {
    if (node !== this.#target) return;
    if (message.kind !== "GetReply" && message.kind !== "PutReply" && message.kind !== "Failure") return;
    this.#self.requests.close(this.#id);
    this.#self.answer(this.#origin, { ...message, id: this.#message.id });
  }

  lose(node: NodeId): void {
    if (node !== this.#target) return;
    if (this.#message.kind === "Get") this.#tryNext();
    else this.#fail(unavailable(`the link to ${node}, which coordinates this put, went down`, "unknown"));
  }

  wake(): void {
    this.#fail(timedOut(`${this.#target} did not answer within ${this.#message.timeoutMs} ms`, this.#outcome));
  }

  get #outcome(): Outcome {
    return this.#message.kind === "Get" ? "none" : "unknown";
  }

  #tryNext(): void {
    do this.#target = this.#untried.shift();
    while (this.#target !== undefined && !this.#self.canReach(this.#target));
    if (this.#target === undefined)
      return this.#fail(unavailable("none of the key's primaries can be reached", "none", { need: 1, got: 0 }));
    const timeoutMs = this.#self.timeLeftMs(this.wakeAtMs);
    this.#self.send(this.#target, { ...this.#message, id: this.#id, timeoutMs });
  }

  #fail(error: CoterieError): void {
    this.#self.requests.close(this.#id);
    this.#self.fail(this.#origin, this.#message.id, error);
  }
}
