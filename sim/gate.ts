/**
 * Stops messages between nodes one by one, for stories told by hand: some kind of message, on one way, is dropped or held until it is
 * let go. What is stopped vanishes between the node that says it and its link.
 */
import type { PeerMessage } from "../src/messages.ts";
import type { NodeId } from "../src/ring.ts";

interface Rule {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly kind: PeerMessage["kind"];
  /** What was held, in order; `undefined`: it is dropped. */
  readonly held: PeerMessage[] | undefined;
}

export class Gate {
  #rules: Rule[] = [];

  drop(from: NodeId, to: NodeId, kind: PeerMessage["kind"]): void {
    this.#rules.push({ from, to, kind, held: undefined });
  }

  hold(from: NodeId, to: NodeId, kind: PeerMessage["kind"]): void {
    this.#rules.push({ from, to, kind, held: [] });
  }

  /** Ends what was said of such messages. @returns those that were held */
  release(from: NodeId, to: NodeId, kind: PeerMessage["kind"]): readonly PeerMessage[] {
    const ended = this.#rules.filter((rule) => rule.from === from && rule.to === to && rule.kind === kind);
    this.#rules = this.#rules.filter((rule) => !ended.includes(rule));
    return ended.flatMap(({ held }) => held ?? []);
  }

  /** Everything passes again; what was held is gone. */
  open(): void {
    this.#rules = [];
  }

  stops(from: NodeId, to: NodeId, message: PeerMessage): boolean {
    if (this.#rules.length === 0) return false;
    const rule = this.#rules.find((one) => one.from === from && one.to === to && one.kind === message.kind);
    rule?.held?.push(message);
    return rule !== undefined;
  }
}
