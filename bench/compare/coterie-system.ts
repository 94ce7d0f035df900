/**
 * Coterie as its users have it: each node a process of its own on this machine, its data in a directory that goes with the system.
 *
 * - A node ends, and its data with it, when the channel to this process closes, also if this process dies without a word.
 * - With proxies, every address of a node is its proxy's, for the other nodes and for clients: what `slowDown` delays is only what nodes
 *   say to each other. The proxies run in this process and cost throughput: only for runs that need them.
 */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout as pass } from "node:timers/promises";
import { connect, type Client, type NodeReport } from "../../client/index.ts";
import type { NodeOptions } from "../../node/io/index.ts";
import type { NodeStatus } from "../../node/status.ts";
import type { NodeChoice } from "./coterie-node.ts";
import { freePorts } from "./free-ports.ts";
import { guaranteeOf } from "./guarantee.ts";
import { Network } from "./proxy.ts";
import type { Setting } from "./setting.ts";
import type { Address, FaultySystem, Usage } from "./system.ts";
import { askUsage } from "./usage.ts";

export interface ClusterChoice {
  readonly nodes: number;
  /** What the nodes must know of buckets: n, where it is not 3. */
  readonly buckets?: NonNullable<NodeOptions["buckets"]>;
  /** A proxy in front of each node: what `slowDown` needs. */
  readonly isProxied?: boolean;
  /** Delays to put on the links, by name of their laws, and what they are drawn with. */
  readonly injected?: string | undefined;
  readonly seed?: number;
}

const program = fileURLToPath(new URL("./coterie-node.js", import.meta.url));
const linkPollMs = 20;
const linkTimeoutMs = 10_000;

export class CoterieSystem implements FaultySystem {
  readonly name = "coterie";
  readonly nodes: number;
  readonly #choice: ClusterChoice;
  readonly #processes: ChildProcess[] = [];
  #directory: string | undefined;
  #members: NonNullable<NodeOptions["members"]> = [];
  /** Where the nodes listen: behind their proxies, if there are any. */
  #firstPort = 0;
  #network: Network | undefined;
  readonly #removeData = (): void => {
    if (this.#directory !== undefined) rmSync(this.#directory, { recursive: true, force: true, maxRetries: 5 });
  };

  constructor(choice: ClusterChoice) {
    this.nodes = choice.nodes;
    this.#choice = choice;
  }

  guaranteeOf(setting: Setting): string {
    return guaranteeOf(setting);
  }

  get urls(): readonly string[] {
    return this.#members.map(({ url }) => url);
  }

  async start(): Promise<Address> {
    process.once("exit", this.#removeData); // also when a benchmark that fails never comes to `stop`
    this.#directory = mkdtempSync(join(tmpdir(), "coterie-bench-"));
    await this.#lay();
    const ready = this.#members.map((_, at) => this.#startNode(at));
    await Promise.all(ready);
    await this.#linked();
    return { system: "coterie", nodes: this.urls };
  }

  usage(): Promise<Usage> {
    return askUsage(this.name, this.#processes);
  }

  async kill(at: number): Promise<void> {
    const node = this.#processes[at]!;
    if (hasEnded(node)) return;
    const exit = once(node, "exit");
    node.kill("SIGKILL");
    await exit;
  }

  async restart(at: number): Promise<void> {
    await this.#startNode(at);
    await this.#linked();
  }

  slowDown(at: number, delayMs: number): Promise<void> {
    const network = this.#network;
    if (network === undefined) throw new Error("a cluster without proxies has no link that could be slow");
    const slow = this.#members[at]!.id;
    for (const { id } of this.#members) {
      network.set(slow, id, { kind: "delay", ms: delayMs });
      network.set(id, slow, { kind: "delay", ms: delayMs });
    }
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#processes.map(letGo));
    this.#network?.close();
    process.off("exit", this.#removeData);
    this.#removeData();
  }

  /** Addresses, and the proxies behind which they are. */
  async #lay(): Promise<void> {
    const { nodes, isProxied = false } = this.#choice;
    const first = await freePorts(isProxied ? 2 * nodes : nodes);
    this.#members = Array.from({ length: nodes }, (_, at) => ({
      id: `n${at + 1}`,
      url: `ws://127.0.0.1:${first + at}`,
    }));
    this.#firstPort = isProxied ? first + nodes : first;
    if (!isProxied) return;
    const targets = this.#members.map(({ id }, at) => ({ id, proxyPort: first + at, port: this.#firstPort + at }));
    this.#network = await Network.start(targets);
  }

  /** Resolves when it serves. @throws if it ends before that */
  async #startNode(at: number): Promise<void> {
    const { id } = this.#members[at]!;
    const options: NodeOptions = {
      id,
      members: this.#members,
      data: join(this.#directory!, id),
      port: this.#firstPort + at,
      buckets: this.#choice.buckets ?? {},
      logLevel: "error", // that a node is overloaded, the figures say
    };
    const { injected, seed = 0 } = this.#choice;
    const choice: NodeChoice = { options, injected, seed: seed + at };
    const node = fork(program, [JSON.stringify(choice)]);
    this.#processes[at] = node;
    const [message] = (await Promise.race([once(node, "message"), once(node, "exit")])) as unknown[];
    if (message !== "ready") throw new Error(`node ${id} ended before it was ready`);
  }

  /** Until every node reaches every other: a benchmark of a cluster that is still finding itself measures that. */
  async #linked(): Promise<void> {
    const deadlineMs = performance.now() + linkTimeoutMs;
    const client: Client = await connect(this.urls);
    try {
      while (!(await client.status()).every(isLinked)) {
        if (performance.now() > deadlineMs) throw new Error("the nodes under measurement do not reach each other");
        await pass(linkPollMs);
      }
    } finally {
      await client.close();
    }
  }
}

function isLinked(report: NodeReport): boolean {
  return "status" in report && Object.values((report.status as NodeStatus).links).every((link) => link === "up");
}

function hasEnded(node: ChildProcess): boolean {
  return node.exitCode !== null || node.signalCode !== null;
}

async function letGo(node: ChildProcess): Promise<void> {
  if (hasEnded(node)) return;
  const exit = once(node, "exit");
  if (node.connected) node.disconnect();
  await exit;
}
