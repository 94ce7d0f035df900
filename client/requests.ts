/**
 * The gets and puts of one bucket, from a call's options to its reply: settled and checked before anything is sent, retried under one
 * operation id, and remembered. `Bucket` and the buckets of data types come here; what a key's object means is theirs.
 */
import { dotsOfChanges } from "../src/crdt/change.ts";
import { CoterieError } from "../src/errors.ts";
import { checkBucket, hashKey, makeKey } from "../src/key.ts";
import type { Get, GetReply, Put, PutReply } from "../src/messages.ts";
import { emptyObject, type StoredObject } from "../src/object.ts";
import type { EffectiveOptions, RequestOptions } from "../src/options.ts";
import { openRecord } from "../src/record.ts";
import { listConflicts, type Conflicts, type ConflictsOptions } from "./conflicts.ts";
import { Context } from "./context.ts";
import type { Operations } from "./operations.ts";
import type { Pool } from "./pool.ts";
import { withRetry } from "./retry.ts";
import type { Runtime } from "./runtime.ts";
import type { SeenContexts } from "./seen.ts";
import { Settings, type Settled } from "./settings.ts";
import type { Told } from "./told.ts";

/** What a bucket shares with the client that it belongs to. */
export interface BucketHost {
  readonly pool: Pool;
  readonly runtime: Runtime;
  /** What this client has seen of a bucket. */
  seen(bucket: string): SeenContexts;
  /** What was told of a bucket's siblings and their merge. */
  told(bucket: string): Told;
  readonly operations: Operations;
  /** A write is over: when none is open for a while, the nodes are told what is settled. */
  readonly onWritten: () => void;
  /** @throws CLOSED */
  checkOpen(): void;
}

export interface Got {
  readonly keyHash: bigint;
  readonly object: StoredObject;
  readonly effective: EffectiveOptions;
  readonly reply: GetReply;
}

export interface Written {
  readonly keyHash: bigint;
  /** What was sent as seen before, and what was written now. */
  readonly context: Context;
  readonly effective: EffectiveOptions;
  readonly reply: PutReply;
}

/** What is asked of a get besides the options of the request. */
type Asked = Omit<Get, "kind" | "id" | "key" | "timeoutMs" | "options">;

interface Sent extends Pick<Put, "value" | "changes" | "returnValue" | "details"> {
  readonly context: Context | undefined;
}

/**
 * What a write brought back, as `read` shows it. It cannot be read, perhaps, but the write has happened.
 * @throws what `read` and `openRecord` throw, with outcome `unknown`
 */
export function readAfterWrite<T>(keyHash: bigint, record: Uint8Array, read: (object: StoredObject) => T): T {
  return afterWrite(() => read(openRecord(keyHash, record)));
}

/** @throws what `look` throws, with outcome `unknown`: the write has happened */
function afterWrite<T>(look: () => T): T {
  try {
    return look();
  } catch (error) {
    if (!(error instanceof CoterieError)) throw error;
    const { code, message } = error;
    throw new CoterieError(code, `written, but: ${message}`, { outcome: "unknown", cause: error });
  }
}

/** Calls that choose nothing are settled once: see `Settings`. */
export const noOptions = {};

export class Requests {
  readonly #host: BucketHost;
  readonly #bucket: string;
  readonly #settings: Settings;

  /** @throws INVALID_ARGUMENT */
  constructor(host: BucketHost, bucket: string, options: RequestOptions) {
    checkBucket(bucket);
    this.#host = host;
    this.#bucket = bucket;
    this.#settings = new Settings(bucket, options);
  }

  /** What the options of a call come to. @throws INVALID_ARGUMENT, CLOSED */
  settle(kind: "get" | "put", chosen: RequestOptions | undefined): Settled {
    return this.#settings.settle(kind, chosen, this.#openHost().pool.options);
  }

  /** The options of a write that turned out to have nothing to send. @throws INVALID_ARGUMENT, CLOSED */
  unsent(chosen: RequestOptions): EffectiveOptions {
    return this.#settings.unsent("put", chosen, this.#openHost().pool.options);
  }

  /** @throws INVALID_ARGUMENT, TOO_LARGE, CLOSED */
  conflicts(options: ConflictsOptions): Promise<Conflicts> {
    return listConflicts(this.#openHost().pool, this.#bucket, options);
  }

  /** @throws INVALID_ARGUMENT, TOO_LARGE */
  hash(key: string): bigint {
    return hashKey(makeKey(this.#bucket, key));
  }

  async get(key: string, chosen: RequestOptions | undefined, asked: Asked): Promise<Got> {
    const { pool, runtime } = this.#openHost();
    const { request, n, timeoutMs } = this.settle("get", chosen);
    const bytes = makeKey(this.#bucket, key);
    const keyHash = hashKey(bytes);
    const { head, details, resolve = false } = asked;
    // Field by field, here and in `put`: a spread would be the dearest step of a request.
    const reply = await withRetry(pool, runtime, { keyHash, n }, timeoutMs, (connection, waitMs) =>
      connection.request(
        { kind: "Get", id: 0, key: bytes, timeoutMs: waitMs, options: request, head, details, resolve },
        waitMs,
      ),
    );
    const object = reply.record === undefined ? emptyObject : openRecord(keyHash, reply.record);
    return { keyHash, object, effective: this.#settings.effective(reply.effective, chosen), reply };
  }

  async put(key: string, chosen: RequestOptions | undefined, sent: Sent): Promise<Written> {
    const { pool, runtime, operations, onWritten } = this.#openHost();
    const { request, n, timeoutMs } = this.settle("put", chosen);
    const bytes = makeKey(this.#bucket, key);
    const keyHash = hashKey(bytes);
    // One that only takes away needs no dot, but an id of its own all the same.
    const dots = sent.changes === undefined ? 1 : Math.max(1, dotsOfChanges(sent.changes));
    const operation = operations.begin(runtime.now(), dots);
    const { op, sequence, beganAtMs } = operation;
    const { value, changes, returnValue, details } = sent;
    const seen = sent.context?.bytes;
    const settled = operations.settledBefore(sequence, beganAtMs);
    let reply: PutReply | undefined;
    try {
      reply = await withRetry(
        pool,
        runtime,
        { keyHash, n },
        timeoutMs,
        (connection, waitMs) => {
          const ageMs = Math.round(runtime.now() - beganAtMs);
          return connection.request(
            {
              kind: "Put",
              id: 0,
              op,
              key: bytes,
              value,
              context: seen,
              timeoutMs: waitMs,
              options: request,
              returnValue,
              details,
              changes,
              ageMs,
              settled,
            },
            waitMs,
          );
        },
        operation,
      );
    } finally {
      operations.end(operation, reply !== undefined, runtime.now());
      onWritten();
    }
    const context = Context.ofBytes(keyHash, new Uint8Array(reply.context)); // a copy: a view would keep the whole frame
    const echo = reply.effective;
    return { keyHash, context, effective: afterWrite(() => this.#settings.effective(echo, chosen)), reply };
  }

  /** @throws CLOSED */
  #openHost(): BucketHost {
    this.#host.checkOpen();
    return this.#host;
  }
}
