/** One request that a story puts to a node directly, without a client or a network between, and what was answered. */
import { decodeValue } from "../src/value.ts";
import { emptyContext, type CausalContext } from "../src/causal-context.ts";
import type { ErrorCode } from "../src/errors.ts";
import { hashKey } from "../src/key.ts";
import type { Answer } from "../src/messages.ts";
import { emptyObject, latest, type StoredObject } from "../src/object.ts";
import { visibleSiblings } from "../src/shown.ts";
import type { OpId } from "../src/op-id.ts";
import { openRecord } from "../src/record.ts";
import { decodeToken, encodeToken } from "../src/token.ts";

/** `lost`: the node's process ended before it had answered. */
export type RequestOutcome = "ok" | ErrorCode | "lost";

export class Request {
  /** For people: `the put of b/k at n1`. */
  readonly title: string;
  readonly key: Uint8Array;
  /** Of a write: the same for all its tries. */
  readonly op: OpId | undefined;
  answer: Answer | undefined;
  isLost = false;

  constructor(title: string, key: Uint8Array, op: OpId | undefined) {
    this.title = title;
    this.key = key;
    this.op = op;
  }

  /** `undefined` while nothing was answered, and may still be. */
  get outcome(): RequestOutcome | undefined {
    if (this.answer === undefined) return this.isLost ? "lost" : undefined;
    return this.answer.kind === "Failure" ? this.answer.code : "ok";
  }

  /** The outcome as a sentence goes on with it: `UNAVAILABLE (1 of 2 …)`. */
  get outcomeText(): string {
    const { answer } = this;
    if (answer?.kind === "Failure") return `${answer.code}, outcome ${answer.outcome} (${answer.message})`;
    if (this.isLost) return "lost: the node's process ended first";
    return answer === undefined ? "not answered at all" : "ok";
  }

  /** Who answered in time: a request of a story always asks for it. @throws Error if it was not answered so */
  get answered(): readonly string[] {
    if (this.answer?.kind === "GetReply" || this.answer?.kind === "PutReply") return this.answer.answered ?? [];
    throw new Error(`${this.title} is ${this.outcomeText}: nobody's answers counted`);
  }

  /** What a read was shown. @throws Error if it was not answered so */
  get object(): StoredObject {
    if (this.answer?.kind !== "GetReply") throw new Error(`${this.title} shows no object: it is ${this.outcomeText}`);
    const { record } = this.answer;
    return record === undefined ? emptyObject : openRecord(hashKey(this.key), record);
  }

  get values(): readonly unknown[] {
    return valuesOf(this.object);
  }

  /** What the node's merge made of them; `undefined` if it was not asked, or could not. */
  get merged(): unknown {
    return this.answer?.kind === "GetReply" ? decodeValue(this.answer.merged) : undefined;
  }

  /** What a later write may replace: what was read, or read and written. */
  get context(): Uint8Array {
    if (this.answer?.kind === "PutReply") return this.answer.context;
    const { object } = this;
    return encodeToken(hashKey(this.key), { context: object.context, latest: latest(object) });
  }

  /** The dots that the context covers. */
  get covered(): CausalContext {
    return this.answer?.kind === "Failure" ? emptyContext : decodeToken(hashKey(this.key), this.context).context;
  }
}

/** The values that are alive, in order. */
export function valuesOf(object: StoredObject): readonly unknown[] {
  return visibleSiblings(object).map(({ value }) => decodeValue(value));
}
