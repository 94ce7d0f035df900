/** A bucket as its users hold it: typed values under text keys. */
import { CoterieError, tooManySiblings } from "../src/errors.ts";
import { checkBucket, hashKey, makeKey } from "../src/key.ts";
import type { PutReply } from "../src/messages.ts";
import { emptyObject, latest, type StoredObject } from "../src/object.ts";
import { visibleSiblings } from "../src/shown.ts";
import type { EffectiveOptions, RequestOptions } from "../src/options.ts";
import { openRecord } from "../src/record.ts";
import type { NodeId } from "../src/ring.ts";
import { listConflicts, type Conflicts, type ConflictsOptions } from "./conflicts.ts";
import { Context } from "./context.ts";
import { checkNames, type GetOptions, type PutOptions, type UpdateOptions } from "./options.ts";
import type { Operations } from "./operations.ts";
import type { Pool } from "./pool.ts";
import { resolve, type Resolver } from "./resolver.ts";
import { withRetry } from "./retry.ts";
import type { Runtime } from "./runtime.ts";
import type { SeenContexts } from "./seen.ts";
import { Settings } from "./settings.ts";
import { decodeValue, encodeValue } from "./value.ts";

export interface BucketOptions<T> extends Omit<RequestOptions, "resolver"> {
  readonly resolver?: Resolver<T> | undefined;
}

export interface GetResult<T> {
  readonly found: boolean;
  /** The only sibling's value, or what the bucket's resolver makes of several. `undefined` if there are several and no resolver. */
  readonly value: T | undefined;
  /** All values that stand side by side, none of which has replaced another. */
  readonly siblings: readonly T[];
  /** Hand it to a write, and the write replaces exactly these siblings. */
  readonly context: Context;
  /** The options as they were used, and where each came from. */
  readonly effective: EffectiveOptions;
  /** With `details`: the nodes that answered. */
  readonly answered?: readonly NodeId[];
}

export interface PutResult<T> {
  /** What was read before and what was written now. */
  readonly context: Context;
  readonly effective: EffectiveOptions;
  /** With `returnValue`: the siblings after the write. */
  readonly siblings?: readonly T[];
  readonly answered?: readonly NodeId[];
}

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

/** Calls that choose nothing are settled once: see `Settings`. */
const noOptions = {};

export class Bucket<T> {
  readonly name: string;
  readonly #host: BucketHost;
  readonly #settings: Settings;
  readonly #resolver: Resolver<T> | undefined;
  readonly #seen: SeenContexts;

  constructor(host: BucketHost, name: string, options: BucketOptions<T>) {
    checkBucket(name);
    checkNames("bucket", options);
    const { resolver, ...requests } = options;
    this.name = name;
    this.#host = host;
    this.#settings = new Settings(name, requests);
    this.#resolver = resolver;
    this.#seen = host.seen(name);
  }

  /**
   * Reads a key at r of its n replicas.
   * @throws CoterieError: INVALID_ARGUMENT, TOO_LARGE (the key), UNAVAILABLE, TIMEOUT, OVERLOADED, CLOSED, PROTOCOL
   */
  async get(key: string, options: GetOptions = noOptions): Promise<GetResult<T>> {
    checkNames("get", options);
    const { pool, runtime } = this.#openHost();
    const { head = false, details = false } = options;
    const chosen = options === noOptions ? undefined : options;
    const { request, n, timeoutMs } = this.#settings.settle("get", chosen, pool.options);
    const bytes = makeKey(this.name, key);
    const keyHash = hashKey(bytes);
    const reply = await withRetry(pool, runtime, { keyHash, n }, timeoutMs, (connection, waitMs) =>
      connection.request(
        { kind: "Get", id: 0, key: bytes, timeoutMs: waitMs, options: request, head, details },
        waitMs,
      ),
    );
    const object = reply.record === undefined ? emptyObject : openRecord(keyHash, reply.record);
    const context = Context.ofToken(keyHash, { context: object.context, latest: latest(object) });
    const siblings = head ? visibleSiblings(object).map(() => undefined as T) : this.#values(object);
    const value = head ? undefined : resolve(this.#resolver, siblings);
    const effective = this.#settings.effective(reply.effective, chosen);
    const found = siblings.length > 0;
    // Last of all: what could not be shown has not been seen, and a put must not replace it.
    if (reply.record !== undefined && !head) this.#seen.add(key, context);
    return { found, value, siblings, context, effective, ...(reply.answered && { answered: reply.answered }) };
  }

  /**
   * Writes a value at w of the key's n replicas, replacing what the context covers and nothing else.
   * @throws CoterieError: INVALID_ARGUMENT, TOO_LARGE, BAD_CONTEXT, TOO_MANY_SIBLINGS, CLOCK_SKEW, UNAVAILABLE, TIMEOUT, OVERLOADED,
   * CLOSED, PROTOCOL; its `outcome` says whether the write certainly did not happen or may have
   */
  async put(key: string, value: T, options: PutOptions = noOptions): Promise<PutResult<T>> {
    return this.#write(key, encodeValue(value), options);
  }

  /** Deletes by writing a tombstone: what the context covers is gone, what was written meanwhile stays. */
  delete(key: string, options: PutOptions = noOptions): Promise<PutResult<T>> {
    return this.#write(key, undefined, options);
  }

  /**
   * Reads, changes and writes with the context of the read. `change` gets `undefined` for a key that is not there.
   * @throws TOO_MANY_SIBLINGS if there are several and the bucket has no resolver: nobody could say which one to change
   */
  async update(
    key: string,
    change: (value: T | undefined) => T | Promise<T>,
    options: UpdateOptions = noOptions,
  ): Promise<PutResult<T>> {
    checkNames("update", options);
    const { r, pr, fanout, readRepair, ...writing } = options;
    const { n, timeoutMs, sloppy } = writing;
    const read = await this.get(key, { n, timeoutMs, sloppy, r, pr, fanout, readRepair });
    if (read.siblings.length > 1 && this.#resolver === undefined)
      throw tooManySiblings(
        `${this.name}/${key} has ${read.siblings.length} siblings and the bucket no resolver: read it, and put what they amount to with its context`,
      );
    return this.put(key, await change(read.value), { ...writing, context: read.context });
  }

  /**
   * What last-write-wins has left out here for some hours (`conflictAgeMsMax` of the nodes' tuning): values of registers that lost to
   * others which were written without knowledge of them. All nodes are asked.
   * @throws INVALID_ARGUMENT, TOO_LARGE, CLOSED
   */
  conflicts(options: ConflictsOptions = noOptions): Promise<Conflicts> {
    return listConflicts(this.#openHost().pool, this.name, options);
  }

  async #write(key: string, value: Uint8Array | undefined, options: PutOptions): Promise<PutResult<T>> {
    checkNames("put", options);
    const { pool, runtime, operations, onWritten } = this.#openHost();
    const { context: given, returnValue = false, details = false } = options;
    const chosen = options === noOptions ? undefined : options;
    const { request, n, timeoutMs } = this.#settings.settle("put", chosen, pool.options);
    const bytes = makeKey(this.name, key);
    const keyHash = hashKey(bytes);
    const before = given === undefined ? this.#seen.get(key) : Context.parse(keyHash, given);
    const operation = operations.begin(runtime.now());
    const message = {
      kind: "Put",
      id: 0,
      op: operation.op,
      key: bytes,
      value,
      context: before?.bytes,
      options: request,
      returnValue,
      details,
      changes: undefined,
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
    const context = Context.ofBytes(keyHash, new Uint8Array(reply.context)); // a copy: a view would keep the whole frame
    this.#seen.advance(key, before, context);
    const siblings = reply.record && this.#valuesAfterWrite(keyHash, reply.record);
    return {
      context,
      effective: this.#settings.effective(reply.effective, chosen),
      ...(siblings && { siblings }),
      ...(reply.answered && { answered: reply.answered }),
    };
  }

  /** What is there cannot be read, perhaps, but this write has happened. */
  #valuesAfterWrite(keyHash: bigint, record: Uint8Array): readonly T[] {
    try {
      return this.#values(openRecord(keyHash, record));
    } catch (error) {
      if (!(error instanceof CoterieError)) throw error;
      const { code, message } = error;
      throw new CoterieError(code, `written, but: ${message}`, { outcome: "unknown", cause: error });
    }
  }

  #values(object: StoredObject): readonly T[] {
    return visibleSiblings(object).map(({ value }) => decodeValue(value) as T);
  }

  /** @throws CLOSED */
  #openHost(): BucketHost {
    this.#host.checkOpen();
    return this.#host;
  }
}
