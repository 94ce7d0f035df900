/**
 * The connections of a client, and which of them a key's request should go to: the nodes of its preference list in order,
 * then any other (it forwards). The ring comes with each Welcome; the one with the highest epoch holds.
 */
import type { ClusterOptions } from "../src/options.ts";
import type { CoterieError } from "../src/errors.ts";
import type { Hello, Settled, Welcome } from "../src/messages.ts";
import type { PreferenceEntry } from "../src/preference-list.ts";
import { partitionOf, Ring, type NodeId } from "../src/ring.ts";
import { Connection } from "./connection.ts";
import { RetryBudget } from "./retry-budget.ts";
import type { Runtime } from "./runtime.ts";

/** Where a key's request may go. */
export interface Route {
  readonly keyHash: bigint;
  readonly n: number;
}

export class Pool {
  readonly retryBudget: RetryBudget = new RetryBudget();
  readonly #hello: Hello;
  readonly #runtime: Runtime;
  readonly #byUrl = new Map<string, Connection>();
  readonly #byNode = new Map<NodeId, Connection>();
  #ring: Ring | undefined;
  #options: ClusterOptions = { defaults: {}, buckets: {} };
  #isClosed = false;

  constructor(urls: readonly string[], hello: Hello, runtime: Runtime) {
    this.#hello = hello;
    this.#runtime = runtime;
    for (const url of urls) this.#connection(url);
  }

  /** Opens every connection that is known by now. */
  useAll(): void {
    for (const connection of this.#byUrl.values()) if (connection.isUsable) connection.use();
  }

  get isReady(): boolean {
    return this.#ring !== undefined;
  }

  /** Whether there is another node to turn to if one does not answer. */
  get hasSeveral(): boolean {
    return (this.#ring?.table.members.length ?? 0) > 1;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get nodes(): readonly { readonly node: NodeId; readonly url: string }[] {
    return this.#ring?.table.members.map(({ id, url }) => ({ node: id, url })) ?? [];
  }

  /** The primaries of each partition, in order. */
  get partitions(): readonly (readonly NodeId[])[] {
    const ring = this.#ring;
    if (ring === undefined) return [];
    const { partitions, replicas } = ring.table;
    return Array.from({ length: partitions }, (_, at) => ring.primaries(at, replicas).map(({ node }) => node));
  }

  /** A refusal that no other node would lift: wrong credentials, another protocol. */
  get refusal(): CoterieError | undefined {
    return [...this.#byUrl.values()].find((connection) => connection.refusal !== undefined)?.refusal;
  }

  /** Why nobody could be reached, address by address. */
  problems(): string {
    return [...this.#byUrl.values()].map(({ url, lastProblem }) => `${url}: ${lastProblem}`).join("; ");
  }

  /** What the cluster says of its buckets: the same object until it says something else. */
  get options(): ClusterOptions {
    return this.#options;
  }

  /**
   * The next connection to try, if there is one: those that have left a request unanswered come last.
   * @param tried those that failed in this round
   * @param onlyPrimaries leave out the nodes that could but forward to those
   */
  choose(route: Route, tried: ReadonlySet<Connection>, onlyPrimaries: boolean): Connection | undefined {
    let silent: Connection | undefined;
    for (const { node, role } of this.#preferenceList(route)) {
      if (onlyPrimaries && role !== "primary") break;
      const connection = this.of(node);
      if (connection === undefined || !connection.isUsable || tried.has(connection)) continue;
      if (!connection.isSilent) return connection;
      silent ??= connection;
    }
    if (onlyPrimaries || silent !== undefined) return silent;
    for (const connection of this.#byUrl.values()) if (connection.isUsable && !tried.has(connection)) return connection;
    return undefined;
  }

  /** The connection to one node, made if need be. */
  of(node: NodeId): Connection | undefined {
    const url = this.#ring?.member(node)?.url;
    return this.#byNode.get(node) ?? (url === undefined ? undefined : this.#connection(url));
  }

  /** Says something that is not answered to every node that there is a connection to. */
  tell(message: Settled): void {
    for (const connection of this.#byUrl.values()) connection.tell(message);
  }

  close(): void {
    this.#isClosed = true;
    for (const connection of this.#byUrl.values()) connection.close();
  }

  #preferenceList({ keyHash, n }: Route): readonly PreferenceEntry[] {
    if (this.#ring === undefined) return [];
    return this.#ring.preferenceList(partitionOf(Number(keyHash >> 32n), this.#ring.table.partitions), n);
  }

  #connection(url: string): Connection {
    const known = this.#byUrl.get(url);
    if (known !== undefined) return known;
    const connection = new Connection(url, this.#hello, this.#runtime, (from, welcome) =>
      this.#welcomed(from, welcome),
    );
    if (this.#isClosed) connection.close();
    this.#byUrl.set(url, connection);
    return connection;
  }

  #welcomed(connection: Connection, { node, ring, options }: Welcome): void {
    this.#byNode.set(node, connection);
    if (this.#ring !== undefined && this.#ring.table.epoch >= ring.epoch) return;
    this.#ring = new Ring(ring);
    this.#options = options;
  }
}
