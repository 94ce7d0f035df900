/**
 * What nodes have been told they may store later: a read repair stores the join of several answers, when the last of them comes.
 * Only with this can be told what a node has minted itself.
 */
import { emptyContext, joinContexts, type CausalContext } from "../src/causal-context.ts";
import { formatKey } from "../src/key.ts";
import type { Effect, Input } from "../node/effects.ts";
import type { KeyName } from "./observation.ts";
import { repliesIn } from "./speech.ts";

export class Told {
  /** By `node#id`: the key that a node has asked for. */
  readonly #questions = new Map<string, KeyName>();
  /** By `node key`: the context of all that a node was told of the key. */
  readonly #contexts = new Map<string, CausalContext>();

  /**
   * @param node with its incarnation
   * @param contextOf of a record, if that can be read
   */
  hear(
    node: string,
    input: Input,
    effects: readonly Effect[],
    contextOf: (record: Uint8Array | undefined) => CausalContext | undefined,
  ): void {
    for (const { message } of repliesIn(effects))
      if (message.kind === "ReplicaGet") this.#questions.set(`${node}#${message.id}`, formatKey(message.key));
    if (input.kind !== "peer") return;
    const { message } = input;
    if (message.kind !== "ReplicaPut" && message.kind !== "ReplicaGetReply") return;
    const context = contextOf(message.record);
    const key = message.kind === "ReplicaPut" ? formatKey(message.key) : this.#questions.get(`${node}#${message.id}`);
    if (context === undefined || key === undefined) return;
    this.learn(node, key, context);
  }

  /** A node has this in its memory, wherever it comes from. */
  learn(node: string, key: KeyName, context: CausalContext): void {
    const name = `${node} ${key}`;
    this.#contexts.set(name, joinContexts(this.#contexts.get(name) ?? emptyContext, context));
  }

  of(node: string, key: KeyName): CausalContext {
    return this.#contexts.get(`${node} ${key}`) ?? emptyContext;
  }
}
