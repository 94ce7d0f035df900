/** A bucket as its users hold it: typed values under text keys. */
import { CoterieError, invalidArgument, protocol, tooLarge, tooManySiblings } from "../src/errors.ts";
import { checkBucket, hashKey, makeKey } from "../src/key.ts";
import { limits } from "../src/limits.ts";
import { packValue, unpackValue } from "../src/msgpack.ts";
import { latest, visibleSiblings } from "../src/object.ts";
import {
  checkOptions,
  decodeEffective,
  type EffectiveOptions,
  type OptionName,
  type RequestOptions,
  type Source,
} from "../src/options.ts";
import { openRecord } from "../src/record.ts";
import type { NodeId } from "../src/ring.ts";
import { emptyToken } from "../src/token.ts";
import { Context } from "./context.ts";
import { checkNames, requestOptions, type GetOptions, type PutOptions, type UpdateOptions } from "./options.ts";
import type { Pool, Route } from "./pool.ts";
import { resolve, type Resolver } from "./resolver.ts";
import { withRetry } from "./retry.ts";
import type { Runtime } from "./runtime.ts";
import type { SeenContexts } from "./seen.ts";

export interface BucketOptions<T> extends RequestOptions {
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
  readonly seen: SeenContexts;
  /** A new operation's id: the same for all its tries. */
  nextOp(): Uint8Array;
  /** @throws CLOSED */
  checkOpen(): void;
}

interface Prepared {
  readonly bytes: Uint8Array;
  readonly request: RequestOptions | undefined;
  readonly route: Route;
  readonly timeoutMs: number;
}

export class Bucket<T> {
  readonly name: string;
  readonly #host: BucketHost;
  readonly #options: RequestOptions;
  readonly #resolver: Resolver<T> | undefined;

  constructor(host: BucketHost, name: string, options: BucketOptions<T>) {
    checkBucket(name);
    checkNames("bucket", options);
    const { resolver, ...requests } = options;
    checkOptions(requests);
    this.name = name;
    this.#host = host;
    this.#options = requests;
    this.#resolver = resolver;
  }

  /**
   * Reads a key at r of its n replicas.
   * @throws CoterieError: INVALID_ARGUMENT, UNAVAILABLE, TIMEOUT, OVERLOADED, CLOSED
   */
  async get(key: string, options: GetOptions = {}): Promise<GetResult<T>> {
    checkNames("get", options);
    const { head = false, details = false, ...chosen } = options;
    const { route, timeoutMs, request, bytes } = this.#prepare("get", key, chosen);
    const message = { kind: "Get", id: 0, key: bytes, options: request, head, details } as const;
    const reply = await withRetry(this.#host.pool, this.#host.runtime, route, timeoutMs, (connection, waitMs) =>
      connection.request({ ...message, timeoutMs: waitMs }, waitMs),
    );
    const object = reply.record === undefined ? undefined : openRecord(reply.record);
    const token = object === undefined ? emptyToken : { context: object.context, latest: latest(object) };
    const context = Context.ofToken(route.keyHash, token);
    if (object !== undefined) this.#host.seen.add(this.#seenKey(key), context);
    const siblings =
      object === undefined
        ? []
        : visibleSiblings(object).map(({ value }) => decodeValue(head ? undefined : value) as T);
    return {
      found: siblings.length > 0,
      value: head ? undefined : resolve(this.#resolver, siblings),
      siblings,
      context,
      effective: this.#effective(reply.effective, chosen),
      ...(reply.answered && { answered: reply.answered }),
    };
  }

  /**
   * Writes a value at w of the key's n replicas, replacing what the context covers and nothing else.
   * @throws CoterieError; its `outcome` says whether the write certainly did not happen or may have
   */
  put(key: string, value: T, options: PutOptions = {}): Promise<PutResult<T>> {
    return this.#write(key, () => encodeValue(value), options);
  }

  /** Deletes by writing a tombstone: what the context covers is gone, what was written meanwhile stays. */
  delete(key: string, options: PutOptions = {}): Promise<PutResult<T>> {
    return this.#write(key, () => undefined, options);
  }

  /**
   * Reads, changes and writes with the context of the read. `change` gets `undefined` for a key that is not there.
   * @throws TOO_MANY_SIBLINGS if there are several and the bucket has no resolver: nobody could say which one to change
   */
  async update(
    key: string,
    change: (value: T | undefined) => T | Promise<T>,
    options: UpdateOptions = {},
  ): Promise<PutResult<T>> {
    checkNames("update", options);
    const { n, r, pr, fanout, timeoutMs, ...rest } = options;
    const read = await this.get(key, { n, r, pr, fanout, timeoutMs });
    if (read.siblings.length > 1 && this.#resolver === undefined)
      throw tooManySiblings(
        `${this.name}/${key} has ${read.siblings.length} siblings and the bucket no resolver: read it, and put what they amount to with its context`,
      );
    return this.put(key, await change(read.value), { ...rest, n, timeoutMs, context: read.context });
  }

  async #write(key: string, encode: () => Uint8Array | undefined, options: PutOptions): Promise<PutResult<T>> {
    checkNames("put", options);
    const { context: given, returnValue = false, details = false, ...chosen } = options;
    const { route, timeoutMs, request, bytes } = this.#prepare("put", key, chosen);
    const before = this.#host.seen.get(this.#seenKey(key));
    const context = given === undefined ? before : given === null ? undefined : Context.parse(route.keyHash, given);
    const op = this.#host.nextOp();
    const message = {
      kind: "Put",
      id: 0,
      op,
      key: bytes,
      value: encode(),
      context: context?.bytes,
      options: request,
      returnValue,
      details,
    } as const;
    const reply = await withRetry(this.#host.pool, this.#host.runtime, route, timeoutMs, (connection, waitMs) =>
      connection.request({ ...message, timeoutMs: waitMs }, waitMs),
    );
    const after = Context.ofBytes(route.keyHash, reply.context);
    this.#host.seen.advance(this.#seenKey(key), context, after);
    return {
      context: after,
      effective: this.#effective(reply.effective, chosen),
      ...(reply.record && {
        siblings: visibleSiblings(openRecord(reply.record)).map(({ value }) => decodeValue(value) as T),
      }),
      ...(reply.answered && { answered: reply.answered }),
    };
  }

  /** Settles the options with what the cluster says, so that a wrong combination is refused before anything is sent. */
  #prepare(kind: "get" | "put", key: string, chosen: RequestOptions): Prepared {
    this.#host.checkOpen();
    const bytes = makeKey(this.name, key);
    const request = requestOptions({ ...this.#options, ...withoutUndefined(chosen) });
    const { n, timeoutMs } = this.#host.pool.settle(kind, request ?? {}, this.name);
    return { bytes, request, timeoutMs, route: { keyHash: hashKey(bytes), n } };
  }

  /** The node cannot tell a bucket handle's options from a call's: it saw both as the request's. */
  #effective(wire: readonly number[], chosen: RequestOptions): EffectiveOptions {
    const effective = decodeEffective(wire);
    const from: Record<OptionName, Source> = { ...effective.from };
    for (const name of Object.keys(this.#options) as OptionName[])
      if (from[name] === "request" && chosen[name] === undefined) from[name] = "bucket";
    return { ...effective, from };
  }

  #seenKey(key: string): string {
    return `${this.name}/${key}`;
  }
}

function withoutUndefined(options: RequestOptions): RequestOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function encodeValue(value: unknown): Uint8Array {
  if (value === undefined) throw invalidArgument("undefined is no value: delete the key instead");
  const bytes = packed(value);
  if (bytes.length > limits.valueBytesMax)
    throw tooLarge(`the value has ${bytes.length} bytes, the limit is ${limits.valueBytesMax}`);
  return bytes;
}

function packed(value: unknown): Uint8Array {
  try {
    return packValue(value);
  } catch (error) {
    throw new CoterieError("INVALID_ARGUMENT", `this value cannot be stored: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** @throws PROTOCOL: what stands in the store need not have come from an SDK */
function decodeValue(bytes: Uint8Array | undefined): unknown {
  if (bytes === undefined) return undefined;
  try {
    return unpackValue(bytes);
  } catch (error) {
    throw protocol(`the stored bytes are no value: ${(error as Error).message}`);
  }
}
