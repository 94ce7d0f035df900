/**
 * The gets and puts of one bucket, from a call's options to its reply: settled and checked before anything is sent, retried under one
 * operation id, and remembered. `Bucket` and the buckets of data types come here; what a key's object means is theirs.
 */
import { emptyContext } from "../src/causal-context.ts";
import { dotsOfChanges, type Change } from "../src/crdt/change.ts";
import { checkBucket, hashKey, makeKey } from "../src/key.ts";
import type { PutReply } from "../src/messages.ts";
import { emptyObject, type StoredObject } from "../src/object.ts";
import type { EffectiveOptions, RequestOptions } from "../src/options.ts";
import { openRecord } from "../src/record.ts";
import type { NodeId } from "../src/ring.ts";
import { Context } from "./context.ts";
import type { GetOptions, PutOptions } from "./options.ts";
import type { Operations } from "./operations.ts";
import type { Pool } from "./pool.ts";
import { withRetry } from "./retry.ts";
import type { Runtime } from "./runtime.ts";
import type { SeenContexts } from "./seen.ts";
import { Settings } from "./settings.ts";

/** What a bucket shares with the client that it belongs to. */
export interface BucketHost {
  readonly pool: Pool;
  readonly runtime: Runtime;
  /** What this client has seen of a bucket. */
  seen(bucket: string): SeenContexts;
  readonly operations: Operations;
  /** A write is over: when none is open for a while, the nodes are told what is settled. */
  readonly onWritten: () => void;
  /** @throws CLOSED */
  checkOpen(): void;
}

export interface Got {
  readonly keyHash: bigint;
  readonly object: StoredObject;
  /** There is a record of it, even if nothing of it is shown. */
  readonly hasRecord: boolean;
  readonly effective: EffectiveOptions;
  readonly answered: readonly NodeId[] | undefined;
}

export interface Written {
  readonly keyHash: bigint;
  /** What was read before and what was written now. */
  readonly context: Context;
  /** With `returnValue`: the object after the write. */
  readonly record: Uint8Array | undefined;
  readonly effective: EffectiveOptions;
  readonly answered: readonly NodeId[] | undefined;
}

/** Calls that choose nothing are settled once: see `Settings`. */
export const noOptions = {};

export class Requests {
  readonly #host: BucketHost;
  readonly #bucket: string;
  readonly #settings: Settings;
  readonly #seen: SeenContexts;

  /** @throws INVALID_ARGUMENT */
  constructor(host: BucketHost, bucket: string, options: RequestOptions) {
    checkBucket(bucket);
    this.#host = host;
    this.#bucket = bucket;
    this.#settings = new Settings(bucket, options);
    this.#seen = host.seen(bucket);
  }

  async get(key: string, options: GetOptions): Promise<Got> {
    const { pool, runtime } = this.#openHost();
    const { head = false, details = false } = options;
    const chosen = options === noOptions ? undefined : options;
    const { request, n, timeoutMs } = this.#settings.settle("get", chosen, pool.options);
    const bytes = makeKey(this.#bucket, key);
    const keyHash = hashKey(bytes);
    const reply = await withRetry(pool, runtime, { keyHash, n }, timeoutMs, (connection, waitMs) =>
      connection.request(
        { kind: "Get", id: 0, key: bytes, timeoutMs: waitMs, options: request, head, details },
        waitMs,
      ),
    );
    return {
      keyHash,
      object: reply.record === undefined ? emptyObject : openRecord(keyHash, reply.record),
      hasRecord: reply.record !== undefined,
      effective: this.#settings.effective(reply.effective, chosen),
      answered: reply.answered,
    };
  }

  /** @param value `undefined`: a tombstone */
  async put(key: string, value: Uint8Array | undefined, options: PutOptions): Promise<Written> {
    const bytes = makeKey(this.#bucket, key);
    const { context: given } = options;
    const before = given === undefined ? this.#seen.get(key) : Context.parse(hashKey(bytes), given);
    const written = await this.#write(bytes, { value, changes: undefined, context: before }, options);
    this.#seen.advance(key, before, written.context);
    return written;
  }

  /**
   * Of what this client has seen only the latest moment goes along, so that a register which it sets wins over the one that it has
   * read: the changes themselves say what they replace. And no more is remembered: the dots of all that one client ever added would
   * be a list without end.
   */
  async change(key: string, changes: readonly Change[], options: PutOptions): Promise<Written> {
    const bytes = makeKey(this.#bucket, key);
    const seen = this.#seen.get(key);
    const context = seen && latestOf(hashKey(bytes), seen);
    const written = await this.#write(bytes, { value: undefined, changes, context }, options);
    this.saw(key, written.keyHash, written.context);
    return written;
  }

  /** What of a read the next change of this key brings along. */
  saw(key: string, keyHash: bigint, context: Context): void {
    this.#seen.add(key, latestOf(keyHash, context));
  }

  /** The options of a call that turned out to have nothing to send. */
  effective(options: PutOptions): EffectiveOptions {
    return this.#settings.unsent("put", options, this.#openHost().pool.options);
  }

  async #write(
    key: Uint8Array,
    sent: {
      readonly value: Uint8Array | undefined;
      readonly changes: readonly Change[] | undefined;
      readonly context: Context | undefined;
    },
    options: PutOptions,
  ): Promise<Written> {
    const { pool, runtime, operations, onWritten } = this.#openHost();
    const { returnValue = false, details = false } = options;
    const chosen = options === noOptions ? undefined : options;
    const { request, n, timeoutMs } = this.#settings.settle("put", chosen, pool.options);
    const { value, changes, context: before } = sent;
    const keyHash = hashKey(key);
    // One that only takes away needs no dot, but an id of its own all the same.
    const dots = changes === undefined ? 1 : Math.max(1, dotsOfChanges(changes));
    const operation = operations.begin(runtime.now(), dots);
    const message = {
      kind: "Put",
      id: 0,
      op: operation.op,
      key,
      value,
      context: before?.bytes,
      options: request,
      returnValue,
      details,
      changes,
      settled: operations.settledBefore(operation.sequence, operation.beganAtMs),
    } as const;
    let reply: PutReply | undefined;
    try {
      reply = await withRetry(
        pool,
        runtime,
        { keyHash, n },
        timeoutMs,
        (connection, waitMs) => {
          const ageMs = Math.round(runtime.now() - operation.beganAtMs);
          return connection.request({ ...message, timeoutMs: waitMs, ageMs }, waitMs);
        },
        operation,
      );
    } finally {
      operations.end(operation, reply !== undefined, runtime.now());
      onWritten();
    }
    return {
      keyHash,
      context: Context.ofBytes(keyHash, new Uint8Array(reply.context)), // a copy: a view would keep the whole frame
      record: reply.record,
      effective: this.#settings.effective(reply.effective, chosen),
      answered: reply.answered,
    };
  }

  /** @throws CLOSED */
  #openHost(): BucketHost {
    this.#host.checkOpen();
    return this.#host;
  }
}

function latestOf(keyHash: bigint, { token }: Context): Context {
  return Context.ofToken(keyHash, { context: emptyContext, latest: token.latest });
}
