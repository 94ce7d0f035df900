/** The client: what `connect` returns. */
import { fromBinary } from "../src/bytes.ts";
import { closed, invalidArgument, unavailable } from "../src/errors.ts";
import { protocolVersion } from "../src/messages.ts";
import type { NodeId } from "../src/ring.ts";
import { Bucket, type BucketHost, type BucketOptions } from "./bucket.ts";
import { Operations } from "./operations.ts";
import { Pool } from "./pool.ts";
import { checkNames } from "./options.ts";
import type { Runtime } from "./runtime.ts";
import { SeenContexts } from "./seen.ts";

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
      seen: (bucket) => this.#seenOf(bucket),
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

  #seenOf(bucket: string): SeenContexts {
    const seen = this.#seen.get(bucket) ?? new SeenContexts();
    this.#seen.set(bucket, seen);
    return seen;
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

function checkUrl(url: unknown): void {
  if (typeof url === "string" && /^wss?:\/\/[^/\s#?]+\/?$/.test(url) && URL.canParse(url)) return;
  throw invalidArgument(`a node's address looks like ws://127.0.0.1:7401, not ${JSON.stringify(url)}`);
}
