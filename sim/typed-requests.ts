/**
 * Requests about replicated data types, by the client's own pool, retry and numbering of operations; below the handles that users
 * hold, so that a workload can do what a well-behaved handle never would: act on what was seen long ago, or at another client, try an
 * operation again after a long while, or leave without a word.
 */
import type { BucketHost } from "../client/requests.ts";
import type { Operation as Begun } from "../client/operations.ts";
import { Request } from "../client/request.ts";
import { Settings } from "../client/settings.ts";
import { encodeValue } from "../src/value.ts";
import type { CausalContext } from "../src/causal-context.ts";
import { dotsOfChanges, type Change } from "../src/crdt/change.ts";
import { hashKey, makeKey } from "../src/key.ts";
import type { Answer, GetReply, Put, PutReply } from "../src/messages.ts";
import { emptyObject, latest, type StoredObject } from "../src/object.ts";
import type { RequestOptions } from "../src/options.ts";
import { openRecord } from "../src/record.ts";
import { decodeToken, encodeToken } from "../src/token.ts";

export interface TypedKey {
  readonly bucket: string;
  readonly key: string;
  readonly options: RequestOptions;
}

/** What a write is: changes, or the value of a register that is the whole key. */
export type TypedWrite = { readonly changes: readonly Change[] } | { readonly value: unknown };

/** A write that was sent and is over; it may be tried again until it is ended. */
export interface Sent {
  readonly begun: Begun;
  readonly message: Put;
  readonly keyHash: bigint;
}

/** What its answer means is for the workload; a write of which no more is heard is not over either: it may be tried again. */
class TypedRequest<Reply extends Answer> extends Request<Reply, Reply> {
  protected override resultOf(reply: Reply): Reply {
    return reply;
  }
}

export class TypedRequests {
  readonly #host: BucketHost;

  constructor(host: BucketHost) {
    this.#host = host;
  }

  async read({ bucket, key, options }: TypedKey): Promise<StoredObject> {
    const { pool, runtime } = this.#host;
    const { request, n, timeoutMs } = new Settings(bucket, options).settle("get", undefined, pool.options);
    const bytes = makeKey(bucket, key);
    const keyHash = hashKey(bytes);
    const message = {
      kind: "Get",
      id: 0,
      key: bytes,
      timeoutMs,
      options: request,
      head: false,
      details: false,
    } as const;
    const reply = await new TypedRequest<GetReply>({ keyHash, n, host: this.#host }, message).send(
      runtime.now(),
      timeoutMs,
    );
    return reply.record === undefined ? emptyObject : openRecord(keyHash, new Uint8Array(reply.record));
  }

  /** Begins a write: nothing is sent yet. @param seen what its writer knows of the key */
  begin({ bucket, key, options }: TypedKey, write: TypedWrite, seen: StoredObject): Sent {
    const { operations, runtime, pool } = this.#host;
    const { request } = new Settings(bucket, options).settle("put", undefined, pool.options);
    const changes = "changes" in write ? write.changes : undefined;
    const begun = operations.begin(runtime.now(), Math.max(1, dotsOfChanges(changes ?? [])));
    const bytes = makeKey(bucket, key);
    const keyHash = hashKey(bytes);
    const message = {
      kind: "Put",
      id: 0,
      op: begun.op,
      key: bytes,
      value: "value" in write && write.value !== undefined ? encodeValue(write.value) : undefined,
      context: encodeToken(keyHash, { context: seen.context, latest: latest(seen) }),
      timeoutMs: 0,
      options: request,
      returnValue: false,
      details: false,
      changes,
      ageMs: 0,
      settled: operations.settledBefore(begun.sequence, begun.beganAtMs),
    } as const;
    return { begun, message, keyHash };
  }

  /** @returns what the reply covers */
  async send({ bucket, options }: TypedKey, { begun, message, keyHash }: Sent): Promise<CausalContext> {
    const { pool, runtime } = this.#host;
    const { n, timeoutMs } = new Settings(bucket, options).settle("put", undefined, pool.options);
    const again = new TypedRequest<PutReply>({ keyHash, n, host: this.#host }, { ...message }, begun);
    const reply = await again.send(runtime.now(), timeoutMs);
    return decodeToken(keyHash, new Uint8Array(reply.context)).context;
  }

  /** Once more, at a node whichever `pick` picks, whatever came of it before. Nobody is told what comes of it. */
  async sendAgain({ begun, message }: Sent, pick: number, timeoutMs: number): Promise<void> {
    const { pool, runtime } = this.#host;
    const { nodes } = pool;
    const connection = pool.of(nodes[pick % nodes.length]!.node);
    begun.unknownTries += 2;
    const ageMs = Math.round(runtime.now() - begun.beganAtMs);
    await connection?.request({ ...message, timeoutMs, ageMs }, timeoutMs).catch(() => undefined);
  }

  /** It will not be tried again. */
  end({ begun }: Sent, hasSucceeded: boolean): void {
    this.#host.operations.end(begun, hasSucceeded, this.#host.runtime.now());
    this.#host.onWritten();
  }
}
