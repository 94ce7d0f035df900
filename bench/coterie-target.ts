import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connect, type Client, type NodeReport } from "../client/index.ts";
import type { Issue, Target, Workload } from "./target.ts";

const program = fileURLToPath(new URL("./coterie-node.js", import.meta.url));
export const nodes = 3;

/** Coterie as its users have it: three node processes, and the SDK in this one. */
export class CoterieTarget implements Target {
  readonly name = "coterie";
  readonly #directory: string = mkdtempSync(join(tmpdir(), "coterie-bench-"));
  readonly #removeData = (): void => rmSync(this.#directory, { recursive: true, force: true });
  #processes: ChildProcess[] = [];
  #ports: readonly string[] = [];
  #client: Client | undefined;

  async start(): Promise<void> {
    process.once("exit", this.#removeData); // also when a benchmark that fails never comes to `stop`
    this.#ports = await freePorts(nodes);
    this.#processes = this.#ports.map((_, at) => this.#fork(at));
    await Promise.all(this.#processes.map((node) => once(node, "message")));
    this.#client = await connect(this.urls);
    await allLinked(this.#client);
  }

  prepare({ r, w, valueBytes }: Workload): Issue {
    const bucket = this.#client!.bucket<Uint8Array>(`bench-${valueBytes}`, { r, w, dw: w });
    const value = new Uint8Array(valueBytes).fill(7);
    return (kind, keyNumber, done) => {
      const key = `key-${keyNumber}`;
      const answer = kind === "put" ? bucket.put(key, value) : bucket.get(key);
      answer.then(() => done(), done);
    };
  }

  get urls(): readonly string[] {
    return this.#ports.map((port) => `ws://127.0.0.1:${port}`);
  }

  status(): Promise<readonly NodeReport[]> {
    return this.#client!.status();
  }

  /** `kill -9`. @param at the number of the node, from 0 on */
  async kill(at: number): Promise<void> {
    const node = this.#processes[at]!;
    const exit = once(node, "exit");
    node.kill("SIGKILL");
    await exit;
  }

  /** Resolves when it serves again. */
  async restart(at: number): Promise<void> {
    const node = (this.#processes[at] = this.#fork(at));
    await once(node, "message");
  }

  async stop(): Promise<void> {
    await this.#client?.close();
    await Promise.all(this.#processes.map(ended));
    process.off("exit", this.#removeData);
    this.#removeData();
  }

  #fork(at: number): ChildProcess {
    return fork(program, [`n${at + 1}`, join(this.#directory, `n${at + 1}`), ...this.#ports]);
  }
}

/** A node ends by itself when the channel to its parent closes, also when the parent died without saying so. */
async function ended(node: ChildProcess): Promise<void> {
  if (node.exitCode !== null || node.signalCode !== null) return;
  const exit = once(node, "exit");
  if (node.connected) node.disconnect();
  await exit;
}

/** Ports that were free a moment ago: the members' list must name them before the first node starts. */
async function freePorts(count: number): Promise<string[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => String((server.address() as AddressInfo).port));
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}

/** Until every node reaches every other: a benchmark of a cluster that is still finding itself measures that. */
async function allLinked(client: Client): Promise<void> {
  for (;;) {
    const reports = await client.status();
    const links = reports.map((report) => ("status" in report ? JSON.stringify(report.status) : "down"));
    if (links.every((status) => !status.includes("down"))) return;
  }
}
