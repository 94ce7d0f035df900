/** A bucket as its users hold it: typed values under text keys. */
import { CoterieError, invalidArgument, tooManySiblings } from "../src/errors.ts";
import { latest, type StoredObject } from "../src/object.ts";
import { rootTypes, visibleSiblings } from "../src/shown.ts";
import { formatLiteral } from "../src/literal.ts";
import type { EffectiveOptions, RequestOptions } from "../src/options.ts";
import { openRecord } from "../src/record.ts";
import type { NodeId } from "../src/ring.ts";
import { encodeValue } from "../src/value.ts";
import type { Conflicts, ConflictsOptions } from "./conflicts.ts";
import { Context } from "./context.ts";
import { holdingsOf } from "../src/holding.ts";
import { checkNames, type GetOptions, type PutOptions, type UpdateOptions } from "./options.ts";
import { watchMerge } from "./merge-watch.ts";
import { noOptions, Requests, type BucketHost, type Got, type Written } from "./requests.ts";
import {
  asRequest,
  checkResolver,
  isFound,
  resolve,
  siblings,
  valuesOf,
  type Resolved,
  type Resolver,
} from "./resolver.ts";
import type { SeenContexts } from "./seen.ts";

export interface BucketOptions<T> extends Omit<RequestOptions, "resolver"> {
  /** What becomes of siblings when they are read: `siblings` (the default), `lww`, or `merge(fn)`. */
  readonly resolver?: Resolver<T> | undefined;
  /**
   * `write-back`: what a get has merged is written with the context of what it has read, so that the siblings are gone. It costs a write
   * within the get's own `timeoutMs`. Left out: they stay until somebody writes.
   */
  readonly resolveOnRead?: "write-back" | undefined;
}

/** What became of the merged value that a get wrote back. A failure leaves the siblings, or has replaced them if its outcome is unknown. */
export type WriteBack = { readonly isDone: true } | { readonly isDone: false; readonly error: CoterieError };

export interface GetResult<T> {
  /** Whether there is a value. With `lww` there is none if the latest write was a delete, although values may stand beside it. */
  readonly found: boolean;
  /** The only sibling's value, or what the resolver makes of several. `undefined` if there are several and nothing to choose by. */
  readonly value: T | undefined;
  /** All values that stand side by side, none of which has replaced another. */
  readonly siblings: readonly T[];
  /** Hand it to a write, and the write replaces exactly these siblings, or what they were written back as. */
  readonly context: Context;
  /** MERGE_FAILED: the merge could make nothing of the siblings, which stay as they are; `cause` is what it threw. */
  readonly unresolved?: CoterieError;
  /** With `resolveOnRead`, if there was something to merge. */
  readonly writeBack?: WriteBack;
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
  readonly #host: BucketHost;
  readonly #requests: Requests;
  readonly #resolver: Resolver<T>;
  readonly #writesBack: boolean;
  readonly #seen: SeenContexts;

  constructor(host: BucketHost, name: string, options: BucketOptions<T>) {
    checkNames("bucket", options);
    const { resolveOnRead, ...requests } = options;
    const { resolver = siblings } = requests;
    checkResolver(resolver);
    checkResolveOnRead(resolveOnRead, resolver);
    this.name = name;
    this.#host = host;
    this.#requests = new Requests(host, name, asRequest(requests));
    this.#resolver = resolver;
    this.#writesBack = resolveOnRead !== undefined;
    this.#seen = host.seen(name);
  }

  /**
   * Reads a key at r of its n replicas.
   * @throws CoterieError: INVALID_ARGUMENT, TOO_LARGE (the key), UNAVAILABLE, TIMEOUT, OVERLOADED, CLOSED, PROTOCOL
   */
  get(key: string, options: GetOptions<T> = noOptions): Promise<GetResult<T>> {
    return this.#writesBack ? this.#readAndWriteBack(key, options) : this.#read(key, options);
  }

  /**
   * Writes a value at w of the key's n replicas, replacing what the context covers and nothing else.
   * @throws CoterieError: INVALID_ARGUMENT, TOO_LARGE, BAD_CONTEXT, TOO_MANY_SIBLINGS, CLOCK_SKEW, UNAVAILABLE, TIMEOUT, OVERLOADED,
   * CLOSED, PROTOCOL; its `outcome` says whether the write certainly did not happen or may have
   */
  put(key: string, value: T, options: PutOptions = noOptions): Promise<PutResult<T>> {
    return this.#write(key, { value }, options);
  }

  /** Deletes by writing a tombstone: what the context covers is gone, what was written meanwhile stays. */
  delete(key: string, options: PutOptions = noOptions): Promise<PutResult<T>> {
    return this.#write(key, undefined, options);
  }

  /**
   * Reads, changes and writes with the context of the read. `change` gets `undefined` for a key that is not there.
   * @throws TOO_MANY_SIBLINGS if there are several and no resolver: nobody could say which one to change
   * @throws MERGE_FAILED if there are several and the merge fails
   */
  async update(
    key: string,
    change: (value: T | undefined) => T | Promise<T>,
    options: UpdateOptions<T> = noOptions,
  ): Promise<PutResult<T>> {
    checkNames("update", options);
    const { r, pr, fanout, readRepair, resolver, ...writing } = options;
    const { n, timeoutMs, sloppy } = writing;
    const reading = { n, timeoutMs, sloppy, r, pr, fanout, readRepair, resolver };
    const read = await this.#read(key, reading);
    if (read.unresolved !== undefined) throw read.unresolved;
    if (read.siblings.length > 1 && (resolver ?? this.#resolver).kind === "siblings")
      throw tooManySiblings(
        `${this.name}/${key} has ${read.siblings.length} siblings and no resolver: read it, and put what they amount to with its context`,
      );
    return this.put(key, await change(read.value), { ...writing, resolver, context: read.context });
  }

  /**
   * What last-write-wins has left out here for some hours (`conflictAgeMsMax` of the nodes' tuning): values of registers that lost to
   * others which were written without knowledge of them. All nodes are asked.
   * @throws INVALID_ARGUMENT, TOO_LARGE, CLOSED
   */
  conflicts(options: ConflictsOptions = noOptions): Promise<Conflicts> {
    return this.#requests.conflicts(options);
  }

  /**
   * No async function, nor is `#write`: each would keep a state and take a turn of its own for every request. What is refused is told as
   * a rejection all the same.
   */
  #read(key: string, options: GetOptions<T>): Promise<GetResult<T>> {
    try {
      checkNames("get", options);
      const { head = false, details = false, resolver = this.#resolver } = options;
      if (resolver !== this.#resolver) checkResolver(resolver);
      const chosen = options === noOptions ? undefined : asRequest(options);
      const asked = { head, details, resolve: resolver.kind === "node" };
      return this.#requests.get(key, chosen, asked, (got) => this.#shown(key, got, resolver, head));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #shown(key: string, got: Got, resolver: Resolver<T>, head: boolean): GetResult<T> {
    const { keyHash, object, effective, reply } = got;
    const context = Context.ofToken(keyHash, { context: object.context, latest: latest(object) });
    const resolved = head ? withoutValues<T>(resolver, object) : resolve(resolver, object, reply);
    const { found, value, siblings: values, unresolved } = resolved;
    if (values.length === 0) checkHoldsValues(`${this.name}/${key}`, this.name, object);
    // Last of all: what could not be shown has not been seen, and a put must not replace it.
    if (reply.record !== undefined && !head) this.#seen.of(key).addRead(reply.record, context);
    if (resolver.kind === "merge" && values.length > 1 && !head)
      watchMerge(
        resolver,
        { bucket: this.name, key, object, resolved },
        this.#host.told(this.name),
        this.#host.runtime,
      );
    return {
      found,
      value,
      siblings: values,
      context,
      effective,
      ...(unresolved && { unresolved }),
      ...(reply.answered && { answered: reply.answered }),
    };
  }

  /** The write has the time that the read has left. */
  async #readAndWriteBack(key: string, options: GetOptions<T>): Promise<GetResult<T>> {
    const { runtime } = this.#host;
    const startedMs = runtime.now();
    const read = await this.#read(key, options);
    const { resolver = this.#resolver, head = false, n, timeoutMs, sloppy } = options;
    const isMerged = resolver.kind === "merge" && read.siblings.length > 1 && read.unresolved === undefined && !head;
    if (!isMerged) return read;
    const budgetMs = this.#requests.settle("get", { n, timeoutMs, sloppy }).timeoutMs;
    const leftMs = Math.max(1, Math.ceil(budgetMs - (runtime.now() - startedMs)));
    try {
      const writing = { n, sloppy, timeoutMs: leftMs, context: read.context };
      const { context } = await this.put(key, read.value as T, writing);
      return { ...read, context, writeBack: { isDone: true } };
    } catch (error) {
      if (!(error instanceof CoterieError)) throw error;
      return { ...read, writeBack: { isDone: false, error } };
    }
  }

  #write(key: string, put: { readonly value: T } | undefined, options: PutOptions): Promise<PutResult<T>> {
    try {
      const value = put && encodeValue(put.value);
      checkNames("put", options);
      const { context: given, returnValue = false, details = false, resolver } = options;
      if (resolver !== undefined) checkResolver(resolver);
      const chosen = options === noOptions ? undefined : asRequest(options);
      const seen = this.#seen.find(key);
      const before = given === undefined ? seen?.context : given;
      const context = given === undefined ? seen?.context?.bytes : Context.bytesOf(this.#requests.hash(key), given);
      const what = { value, changes: undefined, context, returnValue, details };
      return this.#requests.put(key, chosen, what, (written) => {
        (seen ?? this.#seen.of(key)).advance(before, written.context);
        return shownWrite(written);
      });
    } catch (error) {
      return Promise.reject(error);
    }
  }
}

function shownWrite<T>({ keyHash, context, effective, reply }: Written): PutResult<T> {
  const after = reply.record && valuesOf<T>(openRecord(keyHash, reply.record));
  return {
    context,
    effective,
    ...(after && { siblings: after }),
    ...(reply.answered && { answered: reply.answered }),
  };
}

/** @throws INVALID_ARGUMENT if a key holds a replicated data type, which has no siblings to show */
function checkHoldsValues(key: string, bucket: string, object: StoredObject): void {
  const types = new Set([...rootTypes(object)].filter((type) => type !== "value"));
  if (types.size > 0) throw invalidArgument(`${key} holds ${holdingsOf(types, bucket)}`);
}

function withoutValues<T>(resolver: Resolver<T>, object: StoredObject): Resolved<T> {
  const unseen = visibleSiblings(object).map(() => undefined as T);
  return { found: isFound(resolver, object), value: undefined, siblings: unseen };
}

/** @throws INVALID_ARGUMENT */
function checkResolveOnRead<T>(given: unknown, resolver: Resolver<T>): void {
  if (given === undefined) return;
  if (given !== "write-back") throw invalidArgument(`resolveOnRead is write-back, not ${formatLiteral(given)}`);
  if (resolver.kind !== "merge")
    throw invalidArgument("resolveOnRead needs a merge as the bucket's resolver: what else would be written back?");
}
