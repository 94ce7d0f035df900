/** The client: what `connect` returns. */
import { fromBinary } from "../src/bytes.ts";
import { closed, invalidArgument, unavailable } from "../src/errors.ts";
import { protocolVersion } from "../src/messages.ts";
import type { NodeId } from "../src/ring.ts";
import { Bucket, type BucketOptions } from "./bucket.ts";
import { counter, CounterBucket, growCounter, GrowCounterBucket } from "./counters.ts";
import { DataBucket, type DataOptions } from "./data-bucket.ts";
import { flag, FlagBucket, type FlagWins } from "./flags.ts";
import { inspect, type Inspection } from "./inspection.ts";
import { map, type MapEditor, type MapValue, type Schema } from "./maps.ts";
import { Operations } from "./operations.ts";
import { Pool } from "./pool.ts";
import { checkNames } from "./options.ts";
import { multiRegister, MultiRegisterBucket, register, RegisterBucket } from "./registers.ts";
import type { BucketHost } from "./requests.ts";
import type { Runtime } from "./runtime.ts";
import { SeenContexts } from "./seen.ts";
import { growSet, GrowSetBucket, set, SetBucket, type SetWins } from "./sets.ts";
import { isShape, type Shape } from "./shape.ts";
import { Told } from "./told.ts";

export interface ConnectOptions {
  /** A client token of the cluster, if it asks for one. */
  readonly auth?: string | undefined;
  /** Milliseconds until `connect` gives up finding a first node. Default 5000. */
  readonly connectTimeoutMs?: number | undefined;
}

/** A node's own words about itself, as JSON, or why there are none. */
export type NodeReport =
  | { readonly node: NodeId; readonly url: string; readonly status: unknown }
  | { readonly node: NodeId; readonly url: string; readonly problem: string };

const connectTimeoutMsDefault = 5000;
const statusTimeoutMsDefault = 2000;
const pollMs = 5;
/** Long against the pause between two writes of a busy client, short against the stay of somebody who writes once. */
const pauseMs = 100;

export interface StatusOptions {
  /** Milliseconds until a node that does not answer is given up. Default 2000. */
  readonly timeoutMs?: number | undefined;
  /** Have each node tell of each of its partitions, too. */
  readonly partitions?: boolean | undefined;
}

export class Client {
  readonly #pool: Pool;
  readonly #runtime: Runtime;
  readonly #host: BucketHost;
  readonly #operations: Operations;
  /** By bucket: handles of one bucket share what the client has seen. */
  readonly #seen = new Map<string, SeenContexts>();
  readonly #told = new Map<string, Told>();
  #stopPause: (() => void) | undefined;
  #isClosed = false;

  constructor(urls: readonly string[], options: ConnectOptions, runtime: Runtime) {
    const id = runtime.random.binary(8);
    this.#runtime = runtime;
    this.#operations = new Operations(id);
    const identity = fromBinary(id);
    const hello = {
      kind: "Hello",
      version: protocolVersion,
      features: [],
      role: "client",
      identity,
      credential: options.auth,
    } as const;
    this.#pool = new Pool(urls, hello, runtime);
    this.#host = {
      pool: this.#pool,
      runtime,
      seen: (bucket) => kept(this.#seen, bucket, () => new SeenContexts()),
      told: (bucket) => kept(this.#told, bucket, () => new Told()),
      operations: this.#operations,
      onWritten: () => this.#pause(),
      checkOpen: () => {
        if (this.#isClosed) throw closed("this client was closed");
      },
    };
  }

  /** What handles are made of. @internal */
  get host(): BucketHost {
    return this.#host;
  }

  /** A bucket of values of type `T`; `options` hold for all its requests that do not choose otherwise. */
  bucket<T = unknown>(name: string, options: BucketOptions<T> = {}): Bucket<T> {
    return new Bucket<T>(this.#host, name, options);
  }

  /** A bucket of counters. */
  counter(name: string, options: DataOptions = {}): CounterBucket {
    return new CounterBucket(this.#host, name, counter(), options);
  }

  /** A bucket of counters that only grow. */
  growCounter(name: string, options: DataOptions = {}): GrowCounterBucket {
    return new GrowCounterBucket(this.#host, name, growCounter(), options);
  }

  /** A bucket of sets; `wins` says whether an element stays that is added and removed side by side. */
  set<T = unknown>(name: string, options: DataOptions & SetWins = {}): SetBucket<T> {
    checkNames("set", options);
    const { wins, ...requests } = options;
    return new SetBucket<T>(this.#host, name, set({ wins }), requests);
  }

  /** A bucket of sets that only grow. */
  growSet<T = unknown>(name: string, options: DataOptions = {}): GrowSetBucket<T> {
    return new GrowSetBucket<T>(this.#host, name, growSet(), options);
  }

  /** A bucket of registers, of which the last assignment wins. */
  register<T = unknown>(name: string, options: DataOptions = {}): RegisterBucket<T> {
    return new RegisterBucket<T>(this.#host, name, register(), options);
  }

  /** A bucket of registers that keep concurrent assignments side by side. */
  multiRegister<T = unknown>(name: string, options: DataOptions = {}): MultiRegisterBucket<T> {
    return new MultiRegisterBucket<T>(this.#host, name, multiRegister(), options);
  }

  /** A bucket of flags; `wins` says what holds that is enabled and disabled side by side. */
  flag(name: string, options: DataOptions & FlagWins = {}): FlagBucket {
    checkNames("flag", options);
    const { wins, ...requests } = options;
    return new FlagBucket(this.#host, name, flag({ wins }), requests);
  }

  /** A bucket of maps with the fields of a schema, or of any fields of one shape: `of(register())`. */
  map<Value, Editor>(name: string, fields: Shape<Value, Editor>, options?: DataOptions): DataBucket<Value, Editor>;
  map<S extends Schema>(name: string, schema: S, options?: DataOptions): DataBucket<MapValue<S>, MapEditor<S>>;
  map(name: string, fields: Schema | Shape<unknown, unknown>, options: DataOptions = {}): DataBucket<unknown, unknown> {
    const shape = isShape(fields) ? fields : map(fields);
    if (shape.type !== "map")
      throw invalidArgument(`a bucket of maps is made of a schema or of of(…), not of a ${shape.type}`);
    return new DataBucket(this.#host, name, shape, options);
  }

  /**
   * Reads a key of whatever type, and shows it as its type says: for tools that know of no handle.
   * @throws as `Bucket#get`
   */
  inspect(
    bucket: string,
    key: string,
    options: Omit<BucketOptions<unknown>, "resolveOnRead"> = {},
  ): Promise<Inspection> {
    return inspect(this.#host, bucket, key, options);
  }

  /**
   * What each node of the ring says of itself; asked side by side, and none waits for another. A node that cannot be asked is
   * reported with its `problem`.
   * @throws INVALID_ARGUMENT, CLOSED
   */
  async status(options: StatusOptions = {}): Promise<readonly NodeReport[]> {
    checkNames("status", options);
    this.#host.checkOpen();
    return Promise.all(this.#pool.nodes.map((member) => this.#report(member, options)));
  }

  /** The nodes that hold each partition, in order of preference, as the ring says that this client knows. */
  partitions(): readonly (readonly NodeId[])[] {
    return this.#pool.partitions;
  }

  /** Sends what is waiting, then closes every socket. Requests without an answer fail with `CLOSED`. */
  async close(): Promise<void> {
    if (!this.#isClosed && this.#operations.begun > 0) this.#tellSettled();
    this.#isClosed = true;
    this.#stopPause?.();
    this.#pool.close();
  }

  /** @throws the refusal of a node; UNAVAILABLE if none is there in time */
  async ready(timeoutMs: number): Promise<void> {
    const deadlineMs = this.#runtime.now() + timeoutMs;
    while (!this.#pool.isReady) {
      this.#pool.useAll();
      const problem = this.#pool.refusal ?? (this.#runtime.now() < deadlineMs ? undefined : this.#unreachable());
      if (problem !== undefined) {
        this.#pool.close();
        throw problem;
      }
      await new Promise<void>((resolve) => void this.#runtime.schedule(pollMs, resolve));
    }
  }

  /** When nothing was begun for a while, what the next write would have said is said without one. */
  #pause(): void {
    if (this.#stopPause !== undefined || this.#operations.isAnyOpen || this.#isClosed) return;
    const { begun } = this.#operations;
    this.#stopPause = this.#runtime.schedule(pauseMs, () => {
      this.#stopPause = undefined;
      if (this.#operations.isAnyOpen) return;
      if (this.#operations.begun === begun) this.#tellSettled();
      else this.#pause();
    });
  }

  #tellSettled(): void {
    const { sequence, op } = this.#operations.nextOp();
    const settled = this.#operations.settledBefore(sequence, this.#runtime.now());
    this.#pool.tell({ kind: "Settled", id: 0, op, settled });
  }

  #unreachable(): Error {
    return unavailable(`no node can be reached: ${this.#pool.problems()}`, "none");
  }

  async #report(
    { node, url }: { readonly node: NodeId; readonly url: string },
    { timeoutMs = statusTimeoutMsDefault, partitions = false }: StatusOptions,
  ): Promise<NodeReport> {
    try {
      const message = { kind: "Status", id: 0, ...(partitions && { partitions }) } as const;
      const reply = await this.#pool.of(node)!.request(message, timeoutMs);
      return { node, url, status: JSON.parse(reply.status) as unknown };
    } catch (error) {
      return { node, url, problem: (error as Error).message };
    }
  }
}

/**
 * Connects to a cluster through any of its nodes; the others are found through the ring.
 * @param urls `ws://host:port` of some nodes; one that is up is enough
 */
export async function openClient(urls: readonly string[], options: ConnectOptions, runtime: Runtime): Promise<Client> {
  if (!Array.isArray(urls) || urls.length === 0)
    throw invalidArgument("connect needs the address of at least one node, as in ws://127.0.0.1:7401");
  for (const url of urls) checkUrl(url);
  checkNames("connect", options);
  const client = new Client(
    urls.map((url) => url.replace(/\/$/, "")),
    options,
    runtime,
  );
  await client.ready(options.connectTimeoutMs ?? connectTimeoutMsDefault);
  return client;
}

function kept<Value>(map: Map<string, Value>, name: string, make: () => Value): Value {
  const value = map.get(name) ?? make();
  map.set(name, value);
  return value;
}

function checkUrl(url: unknown): void {
  if (typeof url === "string" && /^wss?:\/\/[^/\s#?]+\/?$/.test(url) && URL.canParse(url)) return;
  throw invalidArgument(`a node's address looks like ws://127.0.0.1:7401, not ${JSON.stringify(url)}`);
}
