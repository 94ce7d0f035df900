/**
 * The gets and puts of one bucket, from a call's options to its reply: settled and checked before anything is sent, retried under one
 * operation id, and remembered. `Bucket` and the buckets of data types come here; what a key's object means is theirs.
 */
import { dotsOfChanges, type Change } from "../src/crdt/change.ts";
import { CoterieError } from "../src/errors.ts";
import { checkBucket, hashKey, makeKey } from "../src/key.ts";
import type { Get, GetReply, Put, PutReply, SettledBelow } from "../src/messages.ts";
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

type Sent = Pick<Put, "value" | "changes" | "context" | "returnValue" | "details">;

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

// Classes, not literals, for all that waits as long as its request: where many literals of one place live through a collection, as those
// of a burst do, V8 puts all later ones into old memory, where they die late, and what they point to with them.

/** What the calls of one handle share. */
interface Handle {
  readonly host: BucketHost;
  readonly settings: Settings;
}

class BucketCall<Outcome, Result> implements Call {
  readonly keyHash: bigint;
  /** What its caller makes of its outcome. */
  readonly show: (outcome: Outcome) => Result;
  readonly #handle: Handle;
  readonly #options: Settled;

  constructor(keyHash: bigint, handle: Handle, options: Settled, show: (outcome: Outcome) => Result) {
    this.keyHash = keyHash;
    this.show = show;
    this.#handle = handle;
    this.#options = options;
  }

  get host(): BucketHost {
    return this.#handle.host;
  }

  get n(): number {
    return this.#options.n;
  }

  /** The options that it came to, as the reply echoes them. */
  effective(echo: Uint8Array): EffectiveOptions {
    return this.#handle.settings.effective(echo, this.#options.chosen);
  }
}

// A further try sends a copy of its draft, by spread: so it has fields alone, and no private ones.

class GetDraft implements Get {
  readonly kind = "Get";
  id = 0;
  timeoutMs: number;
  readonly key: Uint8Array;
  readonly options: RequestOptions | undefined;
  readonly head: boolean;
  readonly details: boolean;
  readonly resolve: boolean;

  constructor(key: Uint8Array, { request, timeoutMs }: Settled, { head, details, resolve = false }: Asked) {
    this.timeoutMs = timeoutMs;
    this.key = key;
    this.options = request;
    this.head = head;
    this.details = details;
    this.resolve = resolve;
  }
}

class PutDraft implements Put {
  readonly kind = "Put";
  id = 0;
  timeoutMs: number;
  ageMs = 0;
  op!: Uint8Array;
  settled!: SettledBelow;
  readonly key: Uint8Array;
  readonly options: RequestOptions | undefined;
  readonly value: Uint8Array | undefined;
  readonly changes: readonly Change[] | undefined;
  readonly context: Uint8Array | undefined;
  readonly returnValue: boolean;
  readonly details: boolean;

  constructor(key: Uint8Array, { request, timeoutMs }: Settled, sent: Sent) {
    this.timeoutMs = timeoutMs;
    this.key = key;
    this.options = request;
    this.value = sent.value;
    this.changes = sent.changes;
    this.context = sent.context;
    this.returnValue = sent.returnValue;
    this.details = sent.details;
  }

  /** Before it is sent. */
  begin({ op, sequence, beganAtMs }: Operation, operations: Operations): void {
    this.op = op;
    this.settled = operations.settledBefore(sequence, beganAtMs);
  }
}

class GetRequest<Result> extends Request<GetReply, Result, BucketCall<Got, Result>> {
  protected override resultOf(reply: GetReply): Result {
    const { keyHash } = this.call;
    const object = reply.record === undefined ? emptyObject : openRecord(keyHash, reply.record);
    return this.call.show({ keyHash, object, effective: this.call.effective(reply.effective), reply });
  }
}

class PutRequest<Result> extends Request<PutReply, Result, BucketCall<Written, Result>> {
  protected override resultOf(reply: PutReply): Result {
    return afterWrite(() => {
      const { keyHash } = this.call;
      const context = Context.ofBytes(keyHash, reply.context);
      return this.call.show({ keyHash, context, effective: this.call.effective(reply.effective), reply });
    });
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
  readonly #handle: Handle;
  readonly #bucket: string;

  /** @throws INVALID_ARGUMENT */
  constructor(host: BucketHost, bucket: string, options: RequestOptions) {
    checkBucket(bucket);
    this.#bucket = bucket;
    this.#handle = { host, settings: new Settings(bucket, options) };
  }

  /** What the options of a call come to. @throws INVALID_ARGUMENT, CLOSED */
  settle(kind: "get" | "put", chosen: RequestOptions | undefined): Settled {
    return this.#handle.settings.settle(kind, chosen, this.#openHost().pool.options);
  }

  /** The options of a write that turned out to have nothing to send. @throws INVALID_ARGUMENT, CLOSED */
  unsent(chosen: RequestOptions): EffectiveOptions {
    return this.#handle.settings.unsent("put", chosen, this.#openHost().pool.options);
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
   * @param show what the caller makes of the answer: called once, while the frame that brought it is read. It may ask for more, and may
   * close the client: further answers of that frame then find nobody waiting
   * @throws INVALID_ARGUMENT, TOO_LARGE, CLOSED before anything is sent, not as a rejection
   */
  get<Result>(
    key: string,
    chosen: RequestOptions | undefined,
    asked: Asked,
    show: (got: Got) => Result,
  ): Promise<Result> {
    const { runtime } = this.#openHost();
    const options = this.settle("get", chosen);
    const bytes = makeKey(this.#bucket, key);
    const call = new BucketCall(hashKey(bytes), this.#handle, options, show);
    return new GetRequest(call, new GetDraft(bytes, options, asked)).send(runtime.now(), options.timeoutMs);
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
    const { runtime, operations } = this.#openHost();
    const options = this.settle("put", chosen);
    const bytes = makeKey(this.#bucket, key);
    const call = new BucketCall(hashKey(bytes), this.#handle, options, show);
    // One that only takes away needs no dot, but an id of its own all the same.
    const dots = sent.changes === undefined ? 1 : Math.max(1, dotsOfChanges(sent.changes));
    const draft = new PutDraft(bytes, options, sent);
    // Last of all: an operation that has begun is either sent or never settled.
    const operation = operations.begin(runtime.now(), dots);
    draft.begin(operation, operations);
    return new PutRequest(call, draft, operation).send(operation.beganAtMs, options.timeoutMs);
  }

  /** @throws CLOSED */
  #openHost(): BucketHost {
    this.#handle.host.checkOpen();
    return this.#handle.host;
  }
}
