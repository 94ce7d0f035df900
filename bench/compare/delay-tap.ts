/** Puts known delays on what the nodes of a comparison say to each other, and notes nothing. */
import type { PeerTap } from "../../node/io/index.ts";
import type { PeerMessage } from "../../src/messages.ts";
import type { NodeId } from "../../src/ring.ts";
import type { DelayInjection } from "./delay-injection.ts";

export class DelayTap implements PeerTap {
  readonly #injection: Pick<DelayInjection, "look" | "hold">;

  constructor(injection: Pick<DelayInjection, "look" | "hold">) {
    this.#injection = injection;
  }

  out(_to: NodeId, _message: PeerMessage, pass: () => void): void {
    pass();
  }

  /** Held back where it arrives; what is due by now comes before it. */
  in(_from: NodeId, message: PeerMessage, pass: () => void): void {
    this.#injection.look();
    this.#injection.hold(message, pass);
  }

  sees(): void {
    this.#injection.look();
  }
}
