/** One request that a story puts to a node directly, without a client or a network between, and what was answered. */
import { decodeValue } from "../client/value.ts";
import { emptyContext, type CausalContext } from "../src/causal-context.ts";
import { hashKey } from "../src/key.ts";
import type { Answer } from "../src/messages.ts";
import { emptyObject, latest, visibleSiblings, type StoredObject } from "../src/object.ts";
import type { OpId } from "../src/op-id.ts";
import { openRecord } from "../src/record.ts";
import { decodeToken, encodeToken } from "../src/token.ts";

export class Request {
  readonly key: Uint8Array;
  /** Of a write: the same for all its tries. */
  readonly op: OpId | undefined;
  answer: Answer | undefined;

  constructor(key: Uint8Array, op: OpId | undefined) {
    this.key = key;
    this.op = op;
  }

  /** `ok`, or the code of the error; `undefined` while nothing was answered. */
  get outcome(): string | undefined {
    return this.answer?.kind === "Failure" ? this.answer.code : this.answer && "ok";
  }

  /** What a read was shown. @throws Error if it was not answered so */
  get object(): StoredObject {
    if (this.answer?.kind !== "GetReply") throw new Error(`no GetReply, but ${describe(this.answer)}`);
    const { record } = this.answer;
    return record === undefined ? emptyObject : openRecord(hashKey(this.key), record);
  }

  get values(): readonly unknown[] {
    return valuesOf(this.object);
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

function describe(answer: Answer | undefined): string {
  return answer?.kind === "Failure" ? `${answer.code} ${answer.message}` : (answer?.kind ?? "no answer");
}
