/** Coterie through its SDK, as an application has it. */
import { connect, CoterieError, lww, siblings, type Client } from "../../client/index.ts";
import type { Bucket, BucketOptions, CounterBucket, GetResult } from "../../client/index.ts";
import { numberOfKey } from "./key-texts.ts";
import type { OnRead, OnWritten, Outcome, Session } from "./session.ts";
import type { Setting } from "./setting.ts";
import type { Address, SystemClient } from "./system.ts";

/**
 * The SDK remembers what it has seen of so many keys of each bucket, and a put to another one would be blind. So many keys more are
 * spread over several buckets: half of it, because keys that are inserted come on top.
 */
const keysPerBucket = 25_000;
const nothing: readonly Uint8Array[] = [];

export async function connectCoterie(address: Address): Promise<SystemClient> {
  return new CoterieClient(await connect(address.nodes, { auth: process.env.COTERIE_TOKEN || undefined }));
}

/** Under which names a session of so many keys keeps them. */
export function bucketNames(bucket: string, keys: number): readonly string[] {
  const count = Math.max(1, Math.ceil(keys / keysPerBucket));
  return Array.from({ length: count }, (_, at) => (at === 0 ? bucket : `${bucket}-${at}`));
}

class CoterieClient implements SystemClient {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  session(setting: Setting, bucket: string, keys: number): Session {
    return new CoterieSession(this.#client, setting, bucketNames(bucket, keys));
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}

class CoterieSession implements Session {
  readonly #buckets: readonly Bucket<Uint8Array>[];
  readonly #counters: CounterBucket;
  readonly #fromAll: { readonly r: number };
  readonly #valuesOf: (result: GetResult<Uint8Array>) => readonly Uint8Array[];

  constructor(client: Client, setting: Setting, buckets: readonly string[]) {
    const { resolver, ...options } = setting;
    const chosen: BucketOptions<Uint8Array> = { ...options, resolver: resolver === "lww" ? lww : siblings };
    this.#buckets = buckets.map((bucket) => client.bucket<Uint8Array>(bucket, chosen));
    this.#counters = client.counter(buckets[0]!, options);
    this.#fromAll = { r: setting.n };
    this.#valuesOf = resolver === "lww" ? latestOf : allOf;
  }

  get(key: string, done: OnRead): void {
    this.#bucketOf(key)
      .get(key)
      .then(
        (result) => done("ok", this.#valuesOf(result)),
        (error: unknown) => done(outcomeOf(error), nothing),
      );
  }

  put(key: string, value: Uint8Array, done: OnWritten): void {
    heed(this.#bucketOf(key).put(key, value), done);
  }

  putBlind(key: string, value: Uint8Array, done: OnWritten): void {
    heed(this.#bucketOf(key).put(key, value, blind), done);
  }

  getAll(key: string, done: OnRead): void {
    this.#bucketOf(key)
      .get(key, this.#fromAll)
      .then(
        (result) => done("ok", this.#valuesOf(result)),
        (error: unknown) => done(outcomeOf(error), nothing),
      );
  }

  increment(key: string, by: number, done: OnWritten): void {
    heed(this.#counters.increment(key, by), done);
  }

  count(key: string, done: (outcome: Outcome, value: number) => void): void {
    this.#counters.get(key).then(
      ({ value }) => done("ok", value),
      (error: unknown) => done(outcomeOf(error), 0),
    );
  }

  #bucketOf(key: string): Bucket<Uint8Array> {
    return this.#buckets.length === 1 ? this.#buckets[0]! : this.#buckets[numberOfKey(key) % this.#buckets.length]!;
  }
}

const blind = { context: null };

function heed(written: Promise<unknown>, done: OnWritten): void {
  written.then(
    () => done("ok"),
    (error: unknown) => done(outcomeOf(error)),
  );
}

function allOf({ siblings: values }: GetResult<Uint8Array>): readonly Uint8Array[] {
  return values;
}

/** What the others held is lost to a reader, though nodes may have noted it. */
function latestOf({ found, value }: GetResult<Uint8Array>): readonly Uint8Array[] {
  return found ? [value!] : nothing;
}

/** @throws what is no error of a request: it must not be counted as one */
function outcomeOf(error: unknown): Outcome {
  if (!(error instanceof CoterieError)) throw error;
  return error.outcome === "none" ? "failed" : "unknown";
}
