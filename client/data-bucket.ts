/**
 * A bucket whose keys hold replicated values of one shape: counters, sets, registers, flags or maps. Readers are shown one value, never
 * siblings; writers send operations, all of one edit in one message, and never states.
 *
 * - What an edit takes away is exactly what it has seen. An edit that takes something away reads the key first, unless it is handed
 *   the result of an earlier read as `seen`.
 * - A key that holds something else is refused, not overwritten.
 */
import { emptyContext } from "../src/causal-context.ts";
import { invalidArgument } from "../src/errors.ts";
import { emptyObject, latest, type StoredObject } from "../src/object.ts";
import type { EffectiveOptions, RequestOptions } from "../src/options.ts";
import { openRecord } from "../src/record.ts";
import type { NodeId } from "../src/ring.ts";
import { rootTypes } from "../src/shown.ts";
import type { Timestamp } from "../src/timestamp.ts";
import { Batch } from "./batch.ts";
import type { Conflicts, ConflictsOptions } from "./conflicts.ts";
import { Context } from "./context.ts";
import { holdingsOf } from "../src/holding.ts";
import { checkNames, type EditOptions, type ReadOptions } from "./options.ts";
import { noOptions, Requests, type BucketHost, type Got } from "./requests.ts";
import type { SeenContexts } from "./seen.ts";
import { pathOfKey, type Shape } from "./shape.ts";

export type DataOptions = Omit<RequestOptions, "resolver">;

export interface Read<Value> {
  /** Whether anything was found under the key. If not, the value is the empty one. */
  readonly found: boolean;
  readonly value: Value;
  /** The options as they were used, and where each came from. */
  readonly effective: EffectiveOptions;
  /** With `details`: the nodes that answered. */
  readonly answered?: readonly NodeId[];
}

export interface Edited<Value> {
  /** Whether anything was sent: what was to be removed may not have been there. */
  readonly changed: boolean;
  readonly effective: EffectiveOptions;
  /** With `returnValue`, if anything was sent: the value after it. */
  readonly value?: Value;
  readonly answered?: readonly NodeId[];
}

/** What stands behind the results of reads, for the edits that they are handed to. */
const reads = new WeakMap<object, Pick<Got, "keyHash" | "object">>();

export class DataBucket<Value, Editor> {
  readonly name: string;
  readonly #requests: Requests;
  readonly #shape: Shape<Value, Editor>;
  readonly #seen: SeenContexts;

  constructor(host: BucketHost, name: string, shape: Shape<Value, Editor>, options: DataOptions) {
    checkNames("data", options);
    shape.check?.(pathOfKey(shape));
    this.name = name;
    this.#requests = new Requests(host, name, options);
    this.#shape = shape;
    this.#seen = host.seen(name);
  }

  /**
   * Reads a key at r of its n replicas.
   * @throws CoterieError: INVALID_ARGUMENT, also if the key holds something of another type, TOO_LARGE (the key), UNAVAILABLE, TIMEOUT,
   * OVERLOADED, CLOSED, PROTOCOL
   */
  async get(key: string, options: ReadOptions = noOptions): Promise<Read<Value>> {
    checkNames("read", options);
    const { keyHash, object, effective, reply } = await this.#read(key, options);
    const value = this.#valueIn(object);
    const found = rootTypes(object).size > 0;
    const read = { found, value, effective, ...(reply.answered && { answered: reply.answered }) };
    reads.set(read, { keyHash, object });
    return read;
  }

  /**
   * Changes a key, in one operation: all that `change` asks for happens together, or nothing of it.
   * @param change called once, at once; what it asks for is refused before anything is sent if it cannot be
   * @throws CoterieError: INVALID_ARGUMENT, also if the key holds something of another type, TOO_LARGE, CLOCK_SKEW, RETRY_EXPIRED,
   * UNAVAILABLE, TIMEOUT, OVERLOADED, CLOSED, PROTOCOL; its `outcome` says whether the change certainly did not happen or may have
   */
  async edit(key: string, change: (editor: Editor) => void, options: EditOptions = noOptions): Promise<Edited<Value>> {
    checkNames("edit", options);
    const batch = new Batch();
    try {
      const result: unknown = change(this.#shape.edit(batch, pathOfKey(this.#shape)));
      if (result instanceof Promise) {
        result.catch(() => undefined); // that its editor is over by then is said here
        throw invalidArgument("an edit's function is over when it returns: await before it");
      }
    } finally {
      batch.end();
    }
    return this.#send(key, batch, options);
  }

  /** Deletes all that is seen of the key: what is written concurrently stays. */
  async delete(key: string, options: EditOptions = noOptions): Promise<Edited<Value>> {
    checkNames("edit", options);
    const batch = new Batch();
    batch.clear(pathOfKey(this.#shape));
    return this.#send(key, batch, options);
  }

  /** What its registers have left out for some hours: see `Bucket.conflicts`. @throws INVALID_ARGUMENT, TOO_LARGE, CLOSED */
  conflicts(options: ConflictsOptions = noOptions): Promise<Conflicts> {
    return this.#requests.conflicts(options);
  }

  async #send(key: string, batch: Batch, options: EditOptions): Promise<Edited<Value>> {
    const { r, pr, fanout, readRepair, seen, details = false, returnValue = false, ...chosen } = options;
    const { n, timeoutMs, sloppy } = chosen;
    let changes = batch.changes(emptyObject); // what cannot be sent is refused before anything is read
    if (seen !== undefined) changes = batch.changes(this.#objectOf(key, seen));
    else if (batch.needsRead) {
      const { object } = await this.#read(key, { n, timeoutMs, sloppy, r, pr, fanout, readRepair });
      changes = batch.changes(object);
    }
    if (changes.length === 0) return { changed: false, effective: this.#requests.unsent(chosen) };
    const remembered = this.#seen.find(key);
    const before = remembered?.context;
    const context = before && ofMoment(this.#requests.hash(key), before.token.latest).bytes;
    const what = { value: undefined, changes, context, returnValue, details };
    return this.#requests.put(key, options === noOptions ? undefined : chosen, what, (written) => {
      const { keyHash, effective, reply } = written;
      (remembered ?? this.#seen.of(key)).add(ofMoment(keyHash, written.context.token.latest));
      const value = reply.record && { value: this.#valueIn(openRecord(keyHash, reply.record)) };
      return { changed: true, effective, ...value, ...(reply.answered && { answered: reply.answered }) };
    });
  }

  #read(key: string, options: ReadOptions): Promise<Got> {
    const { details = false, ...chosen } = options;
    const asked = { head: false, details };
    return this.#requests.get(key, options === noOptions ? undefined : chosen, asked, (got) => {
      this.#checkHolds(key, got.object);
      if (got.reply.record !== undefined) this.#seen.of(key).add(ofMoment(got.keyHash, latest(got.object)));
      return got;
    });
  }

  #valueIn(object: StoredObject): Value {
    return this.#shape.read(object, pathOfKey(this.#shape));
  }

  #objectOf(key: string, seen: object): StoredObject {
    const read = reads.get(seen);
    if (read === undefined) throw invalidArgument("seen is what a get of this bucket returned, itself and no copy");
    if (read.keyHash !== this.#requests.hash(key))
      throw invalidArgument(`seen is a read of another key than ${this.name}/${key}`);
    return read.object;
  }

  /** Where writers disagreed on the type, all that they wrote is there: each handle shows its own. */
  #checkHolds(key: string, object: StoredObject): void {
    const types = rootTypes(object);
    const wanted = this.#shape.type === "lwwRegister" ? "value" : this.#shape.type;
    if (types.size > 0 && !types.has(wanted))
      throw invalidArgument(`${this.name}/${key} holds ${holdingsOf(types, this.name)}`);
  }
}

/**
 * Of what this client has seen of a key only the latest moment goes along with a change, so that a register which it sets wins over the
 * one that it has read, whatever the clocks: the changes themselves say what they replace. And no more is remembered: the dots of all
 * that one client ever added would be a list without end.
 */
function ofMoment(keyHash: bigint, moment: Timestamp): Context {
  return Context.ofToken(keyHash, { context: emptyContext, latest: moment });
}
