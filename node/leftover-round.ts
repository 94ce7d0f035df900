/**
 * One question about a batch of leftovers to several nodes, or one order: open until all have answered.
 *
 *   asking ──the last answer──▶ over: what all of them agreed to
 *     └─ a link goes down, a refusal, the deadline ──▶ over: nothing is known
 */
import type { LeftoverCheckReply, LeftoverDropReply, PeerMessage } from "../src/messages.ts";
import type { NodeId } from "../src/ring.ts";
import type { OpenRequest } from "./open-requests.ts";
import type { Self } from "./self.ts";

const roundTimeoutMs = 5000;

export class LeftoverRound implements OpenRequest {
  readonly #self: Self;
  readonly #awaited: Set<NodeId>;
  readonly #isAnswer: (message: PeerMessage) => message is LeftoverCheckReply | LeftoverDropReply;
  readonly #onEnd: (agreed: ReadonlySet<number> | undefined) => void;
  #agreed: ReadonlySet<number>;
  readonly wakeAtMs: number;
  readonly id: number;

  /**
   * @param nodes who will be asked: not this node, and at least one
   * @param kind of the answers
   * @param agreed the places that are asked about
   * @param onEnd is told once which of them all nodes agreed to; nothing, if not all have answered
   */
  constructor(
    self: Self,
    nodes: readonly NodeId[],
    kind: "LeftoverCheckReply" | "LeftoverDropReply",
    agreed: readonly number[],
    onEnd: (agreed: ReadonlySet<number> | undefined) => void,
  ) {
    this.#self = self;
    this.#awaited = new Set(nodes);
    this.#isAnswer = (message): message is LeftoverCheckReply | LeftoverDropReply => message.kind === kind;
    this.#agreed = new Set(agreed);
    this.#onEnd = onEnd;
    this.wakeAtMs = self.now.monotonicMs + roundTimeoutMs;
    this.id = self.requests.open(this);
  }

  receive(node: NodeId, message: PeerMessage): void {
    if (!this.#awaited.has(node)) return;
    if (!this.#isAnswer(message)) return this.#end(undefined);
    if (message.kind === "LeftoverCheckReply")
      this.#agreed = new Set(message.agreed.filter((at) => this.#agreed.has(at)));
    this.#awaited.delete(node);
    if (this.#awaited.size === 0) this.#end(this.#agreed);
  }

  lose(node: NodeId): void {
    if (this.#awaited.has(node)) this.#end(undefined);
  }

  wake(): void {
    this.#end(undefined);
  }

  #end(agreed: ReadonlySet<number> | undefined): void {
    this.#self.requests.close(this.id);
    this.#onEnd(agreed);
  }
}
