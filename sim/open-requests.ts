/** The requests that a node has not answered yet, by asker and number: while there are any, it has something to do. */
import type { Effect, Input } from "../node/effects.ts";
import { isAnswer } from "./speech.ts";

export class OpenRequests {
  readonly #names = new Set<string>();

  get size(): number {
    return this.#names.size;
  }

  asked(input: Input): void {
    if (input.kind !== "client" && input.kind !== "peer") return;
    const { kind, id } = input.message;
    if (kind !== "Get" && kind !== "Put" && kind !== "Status") return;
    this.#names.add(`${input.kind === "client" ? `c${input.connection}` : input.node} #${id}`);
  }

  answered(effect: Effect): void {
    if (effect.kind === "reply") this.#names.delete(`c${effect.connection} #${effect.message.id}`);
    if (effect.kind === "send" && isAnswer(effect.message)) this.#names.delete(`${effect.node} #${effect.message.id}`);
  }

  clear(): void {
    this.#names.clear();
  }
}
