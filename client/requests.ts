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
import type { Operation, Operations } from "./operations.ts";
import type { Pool } from "./pool.ts";
import { Request, type Call } from "./request.ts";
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

/** A call of a bucket: what reads the options that it came to, and what its caller makes of its outcome. */
interface BucketCall<Outcome, Result> extends Call {
  readonly host: BucketHost;
  readonly settings: Settings;
  readonly chosen: RequestOptions | undefined;
  readonly show: (outcome: Outcome) => Result;
}

class GetRequest<Result> extends Request<GetReply, Result, BucketCall<Got, Result>> {
  protected override resultOf(reply: GetReply): Result {
    const { keyHash, settings, chosen, show } = this.call;
    const object = reply.record === undefined ? emptyObject : openRecord(keyHash, reply.record);
    return show({ keyHash, object, effective: settings.effective(reply.effective, chosen), reply });
  }
}

class PutRequest<Result> extends Request<PutReply, Result, BucketCall<Written, Result>> {
  protected override resultOf(reply: PutReply): Result {
    const { keyHash, settings, chosen, show } = this.call;
    const context = Context.ofBytes(keyHash, new Uint8Array(reply.context)); // a copy: a view would keep the whole frame
    const effective = afterWrite(() => settings.effective(reply.effective, chosen));
    return show({ keyHash, context, effective, reply });
  }

  protected override ended(operation: Operation, hasSucceeded: boolean): void {
    const { operations, runtime, onWritten } = this.call.host;
    operations.end(operation, hasSucceeded, runtime.now());
    onWritten();
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

  /**
   * @param show what the caller makes of the answer: called once, when it comes, and not in a turn of its own
   * @throws INVALID_ARGUMENT, TOO_LARGE, CLOSED before anything is sent, not as a rejection
   */
  get<Result>(
    key: string,
    chosen: RequestOptions | undefined,
    { head, details, resolve = false }: Asked,
    show: (got: Got) => Result,
  ): Promise<Result> {
    const host = this.#openHost();
    const { request, n, timeoutMs } = this.settle("get", chosen);
    const bytes = makeKey(this.#bucket, key);
    const keyHash = hashKey(bytes);
    // Field by field, here and in `put`: a spread would be the dearest step of a request.
    const message = { kind: "Get", id: 0, key: bytes, timeoutMs, options: request, head, details, resolve } as const;
    const call = { keyHash, n, host, settings: this.#settings, chosen, show };
    return new GetRequest(call, message).send(host.runtime.now(), timeoutMs);
  }

  /**
   * @param show as in `get`
   * @throws INVALID_ARGUMENT, TOO_LARGE, CLOSED before anything is sent, not as a rejection
   */
  put<Result>(
    key: string,
    chosen: RequestOptions | undefined,
    sent: Sent,
    show: (written: Written) => Result,
  ): Promise<Result> {
    const host = this.#openHost();
    const { request, n, timeoutMs } = this.settle("put", chosen);
    const bytes = makeKey(this.#bucket, key);
    const keyHash = hashKey(bytes);
    const { value, changes, returnValue, details } = sent;
    const seen = sent.context?.bytes;
    // One that only takes away needs no dot, but an id of its own all the same.
    const dots = changes === undefined ? 1 : Math.max(1, dotsOfChanges(changes));
    const operation = host.operations.begin(host.runtime.now(), dots);
    const { op, sequence, beganAtMs } = operation;
    const message = {
      kind: "Put",
      id: 0,
      op,
      key: bytes,
      value,
      context: seen,
      timeoutMs,
      options: request,
      returnValue,
      details,
      changes,
      ageMs: 0,
      settled: host.operations.settledBefore(sequence, beganAtMs),
    } as const;
    const call = { keyHash, n, host, settings: this.#settings, chosen, show };
    return new PutRequest(call, message, operation).send(beganAtMs, timeoutMs);
  }

  /** @throws CLOSED */
  #openHost(): BucketHost {
    this.#host.checkOpen();
    return this.#host;
  }
}
