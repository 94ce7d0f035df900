/** A bucket as its users hold it: typed values under text keys. */
import { CoterieError, invalidArgument, tooManySiblings } from "../src/errors.ts";
import { latest, type StoredObject } from "../src/object.ts";
import { rootTypes, visibleSiblings } from "../src/shown.ts";
import type { EffectiveOptions, RequestOptions } from "../src/options.ts";
import { openRecord } from "../src/record.ts";
import type { NodeId } from "../src/ring.ts";
import { Context } from "./context.ts";
import { holdingsOf } from "./holding.ts";
import { checkNames, type GetOptions, type PutOptions, type UpdateOptions } from "./options.ts";
import { noOptions, Requests, type BucketHost } from "./requests.ts";
import { resolve, type Resolver } from "./resolver.ts";
import type { SeenContexts } from "./seen.ts";
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

export class Bucket<T> {
  readonly name: string;
  readonly #requests: Requests;
  readonly #resolver: Resolver<T> | undefined;
  readonly #seen: SeenContexts;

  constructor(host: BucketHost, name: string, options: BucketOptions<T>) {
    checkNames("bucket", options);
    const { resolver, ...requests } = options;
    this.name = name;
    this.#requests = new Requests(host, name, requests);
    this.#resolver = resolver;
    this.#seen = host.seen(name);
  }

  /**
   * Reads a key at r of its n replicas.
   * @throws CoterieError: INVALID_ARGUMENT, TOO_LARGE (the key), UNAVAILABLE, TIMEOUT, OVERLOADED, CLOSED, PROTOCOL
   */
  async get(key: string, options: GetOptions = noOptions): Promise<GetResult<T>> {
    checkNames("get", options);
    const { keyHash, object, hasRecord, effective, answered } = await this.#requests.get(key, options);
    const { head = false } = options;
    const context = Context.ofToken(keyHash, { context: object.context, latest: latest(object) });
    const siblings = head ? visibleSiblings(object).map(() => undefined as T) : this.#values(object);
    const value = head ? undefined : resolve(this.#resolver, siblings);
    const found = siblings.length > 0;
    if (!found) this.#checkHoldsValues(key, object);
    // Last of all: what could not be shown has not been seen, and a put must not replace it.
    if (hasRecord && !head) this.#seen.add(key, context);
    return { found, value, siblings, context, effective, ...(answered && { answered }) };
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

  async #write(key: string, value: Uint8Array | undefined, options: PutOptions): Promise<PutResult<T>> {
    checkNames("put", options);
    const { keyHash, context, record, effective, answered } = await this.#requests.put(key, value, options);
    const siblings = record && this.#valuesAfterWrite(keyHash, record);
    return { context, effective, ...(siblings && { siblings }), ...(answered && { answered }) };
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

  /** @throws INVALID_ARGUMENT if the key holds a replicated data type, which has no siblings to show */
  #checkHoldsValues(key: string, object: StoredObject): void {
    const types = new Set([...rootTypes(object)].filter((type) => type !== "value"));
    if (types.size > 0) throw invalidArgument(`${this.name}/${key} holds ${holdingsOf(types, this.name)}`);
  }

  #values(object: StoredObject): readonly T[] {
    return visibleSiblings(object).map(({ value }) => decodeValue(value) as T);
  }
}
