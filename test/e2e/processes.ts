/**
 * Real processes for the tests of this folder: the built command, free ports, directories that go away, and the promise that nothing
 * outlives the test file. Each file says `afterEach(endAll)` or `afterAll(endAll)`.
 */
import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import type { Readable } from "node:stream";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { vi } from "vitest";
import { freePorts } from "../../bench/compare/free-ports.ts";
import { connect, type Client, type ConnectOptions } from "../../client/index.ts";
import type { NodeOptions } from "../../node/io/index.ts";
import { statusOf } from "./raw-link.ts";

export { freePorts, isFree } from "../../bench/compare/free-ports.ts";

export const coterie = fileURLToPath(new URL("../../dist/node/io/cli/main.js", import.meta.url));
export const waiting = { timeout: 15_000, interval: 10 } as const;

const running = new Set<Program>();
const clients = new Set<Client>();
const directories: string[] = [];

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Buffer;
  readonly cwd?: string;
}

/** A process and what it prints. A node ends by itself when its channel to this process closes, should this one be killed. */
export class Program {
  stdout = "";
  stderr = "";
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  #onLine: () => void = () => undefined;

  constructor(command: string, args: readonly string[], options: ProgramOptions = {}) {
    const stdio: StdioOptions = ["pipe", "pipe", "pipe", ...(args.includes("node") ? (["ipc"] as const) : [])];
    const env = { ...withoutOurs(process.env), ...options.env };
    this.#child = spawn(command, args, { stdio, env, ...(options.cwd !== undefined && { cwd: options.cwd }) });
    running.add(this);
    this.#child.stdin!.on("error", () => undefined);
    this.#child.stdin!.end(options.input);
    createInterface(this.#child.stdout!).on("line", (line) => {
      this.stdout += `${line}\n`;
      this.#onLine();
    });
    this.#child.stderr!.on("data", (text) => (this.stderr += String(text)));
    this.ended = this.#end();
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Resolves when its output has this text; rejects if it ends before. */
  async printed(text: string): Promise<void> {
    const seen = new Promise<void>((resolve) => {
      this.#onLine = (): void => {
        if (this.stdout.includes(text)) resolve();
      };
      this.#onLine();
    });
    const tooEarly = this.ended.then(({ code, signal, stderr }) => {
      if (!this.stdout.includes(text))
        throw new Error(
          `it ended (${signal ?? code}) before it printed ${JSON.stringify(text)}: ${this.stdout}${stderr}`,
        );
    });
    await Promise.race([seen, tooEarly]);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async #end(): Promise<Ended> {
    const exit = new Promise<Pick<Ended, "code" | "signal">>((resolve, reject) => {
      this.#child.on("error", reject);
      this.#child.on("exit", (code, signal) => resolve({ code, signal }));
    });
    const [how] = await Promise.all([exit, closeOf(this.#child.stdout), closeOf(this.#child.stderr)]);
    running.delete(this);
    return { ...how, stdout: this.stdout, stderr: this.stderr };
  }

  async kill(): Promise<void> {
    // What runs under a tracer is not killed with it, but it stops when its channel closes.
    if (this.#child.connected) this.#child.disconnect();
    this.signal("SIGKILL");
    await this.ended;
  }

  /** Lets a node go, as a parent that dies does: it stops cleanly, also under a tracer. */
  async release(): Promise<Ended> {
    this.#child.disconnect();
    return this.ended;
  }

  async stop(): Promise<Ended> {
    this.signal("SIGTERM");
    return this.ended;
  }
}

/** Not the event "close" of the process: Node forgets it once the channel has been closed from this side. */
function closeOf(stream: Readable | null): Promise<void> {
  return new Promise((resolve) => void stream!.on("close", resolve));
}

/** The tests' own environment must not decide where a command connects. */
function withoutOurs(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("COTERIE_")));
}

/** Runs the command to its end. */
export function run(args: readonly string[], options: ProgramOptions = {}): Promise<Ended> {
  return new Program(process.execPath, [coterie, ...args], options).ended;
}

/** Runs a command with `--json`, and reads what it printed. */
export async function runJson(args: readonly string[], options: ProgramOptions = {}): Promise<JsonResult> {
  const { code, stdout, stderr } = await run([...args, "--json"], options);
  if (stderr !== "") throw new Error(`${args.join(" ")} wrote on standard error: ${stderr}`);
  return { code, json: JSON.parse(stdout) as Record<string, unknown> };
}

export interface JsonResult {
  readonly code: number | null;
  readonly json: Record<string, unknown>;
}

/** A client that is closed when the tests are over. */
export async function connectTo(urls: readonly string[], options: ConnectOptions = {}): Promise<Client> {
  const client = await connect(urls, options);
  clients.add(client);
  return client;
}

export function tempDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "coterie-e2e-"));
  directories.push(directory);
  return directory;
}

/** Ends every process and client that the tests have left, and removes their directories. */
export async function endAll(): Promise<void> {
  await Promise.all([...clients].map((client) => client.close()));
  clients.clear();
  await Promise.all(
    [...running].map((program) => {
      program.signal("SIGCONT");
      return program.kill();
    }),
  );
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
}

/** One `coterie node`, which can die and come back. */
export class NodeHandle {
  readonly id: string;
  readonly url: string;
  readonly data: string;
  readonly #configPath: string;
  readonly #options: ProgramOptions;
  #program: Program | undefined;

  constructor(id: string, url: string, config: NodeOptions, options: ProgramOptions) {
    this.id = id;
    this.url = url;
    this.data = config.data;
    this.#configPath = `${config.data}.json`;
    this.#options = options;
    writeFileSync(this.#configPath, JSON.stringify(config));
  }

  /** @param wrapper a command before the node's own, such as strace and its arguments */
  async start(...wrapper: readonly string[]): Promise<void> {
    const [command, ...args] = [...wrapper, process.execPath, coterie, "node", "--config", this.#configPath];
    this.#program = new Program(command, args, this.#options);
    await this.#program.printed(`node ${this.id} ready`);
  }

  get program(): Program {
    return this.#program!;
  }

  async kill(): Promise<void> {
    await this.program.kill();
  }

  pause(): void {
    this.program.signal("SIGSTOP");
  }

  resume(): void {
    this.program.signal("SIGCONT");
  }
}

/**
 * The nodes have compared their empty disks. Until then "not found" takes the word of all n replicas, so a test that takes one away
 * and asks for what nobody has written waits for this first.
 */
export async function settled(urls: readonly string[]): Promise<void> {
  await vi.waitFor(async () => {
    for (const url of urls) {
      const { freshPartitions } = (await statusOf(url)).antiEntropy;
      if (freshPartitions > 0) throw new Error(`${url} has ${freshPartitions} fresh partitions`);
    }
  }, waiting);
}

export interface NodesOptions extends Partial<NodeOptions>, Pick<ProgramOptions, "env"> {
  /** The first of the ports on which they listen, if their urls lead elsewhere. Default: those of their urls. */
  readonly listenPort?: number;
}

/** Nodes of one cluster, each a process of its own, without the `cluster` command: tests kill and restart them one by one. */
export class Nodes {
  readonly nodes: readonly NodeHandle[];

  static async start(count: number, options: NodesOptions = {}): Promise<Nodes> {
    const nodes = new Nodes(await freePorts(count), count, options);
    await Promise.all(nodes.nodes.map((node) => node.start()));
    await nodes.linked(options.clientTokens?.[0]);
    return nodes;
  }

  constructor(port: number, count: number, { env, listenPort, ...config }: NodesOptions = {}) {
    const directory = tempDirectory();
    const members = Array.from({ length: count }, (_, at) => ({
      id: `n${at + 1}`,
      url: `ws://127.0.0.1:${port + at}`,
    }));
    this.nodes = members.map(({ id, url }, at) => {
      const own = { id, members, data: join(directory, id), ...(listenPort && { port: listenPort + at }) };
      return new NodeHandle(id, url, { ...own, ...config }, env ? { env } : {});
    });
  }

  get urls(): readonly string[] {
    return this.nodes.map(({ url }) => url);
  }

  node(id: string): NodeHandle {
    return this.nodes.find((node) => node.id === id)!;
  }

  /** Every node that is up reaches every other one that is. */
  async linked(auth?: string, up: readonly NodeHandle[] = this.nodes): Promise<void> {
    const client = await connect(
      up.map(({ url }) => url),
      { auth },
    );
    try {
      await vi.waitFor(async () => {
        for (const report of await client.status()) {
          if (!up.some(({ id }) => id === report.node)) continue;
          if (!("status" in report)) throw new Error(`${report.node} is down: ${report.problem}`);
          const { links } = report.status as { links: Record<string, "up" | "down"> };
          for (const { id } of up)
            if (id !== report.node && links[id] !== "up") throw new Error(`${report.node} does not reach ${id}`);
        }
      }, waiting);
    } finally {
      await client.close();
    }
  }
}
