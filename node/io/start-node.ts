/** Starts a node in this process: directory, store, replica, port, peers — and takes them down in the opposite order. */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { clearInterval, clearTimeout, setInterval, setTimeout } from "node:timers";
import { pino, type Logger } from "pino";
import { toBinary } from "../../src/bytes.ts";
import { replicasMax } from "../../src/options.ts";
import { Ring } from "../../src/ring.ts";
import { planRing } from "../../src/ring-planner.ts";
import type { Persist } from "../effects.ts";
import type { Merges } from "../merges.ts";
import type { NodeConfig } from "../self.ts";
import { checkConfig, type CheckedConfig, type NodeOptions } from "./config.ts";
import { isCredential } from "./credentials.ts";
import { openDataDirectory, type DataDirectory } from "./data-directory.ts";
import { refuseFullDisk } from "./disk-space.ts";
import { Turn } from "./link.ts";
import { Listener, tryPort } from "./listener.ts";
import { openDiskStore, type DiskStore } from "./disk-store.ts";
import { loadMerges } from "./merge-modules.ts";
import type { PeerTap } from "./peer-tap.ts";
import { Peers } from "./peers.ts";
import { Server } from "./server.ts";

const sweepMs = 2000;
/** Longer than a node waits for open requests when it stops. */
const stopMsMax = 7000;

/** What a node has sent since it was started, to peers and clients together. */
export interface Traffic {
  readonly messages: number;
  readonly bytes: number;
}

export interface RunningNode {
  readonly id: string;
  /** Where it listens: with `port: 0` only known now. */
  readonly url: string;
  /** What it has sent so far, to peers and clients. */
  readonly traffic: Traffic;
  /** Finishes what is open, writes what is not yet on disk, and lets the directory and the port go. */
  close(): Promise<void>;
  /** Resolves if the node had to stop by itself: its disk failed, or it found an invariant broken. Nothing is served by then. */
  readonly failed: Promise<Error>;
}

/** What is no configuration of a node. */
export interface StartOptions {
  /** Sees the node's messages, and may hold them back: for measurements. */
  readonly tap?: PeerTap | undefined;
}

/**
 * Embeds a node in this process.
 * @throws CoterieError INVALID_ARGUMENT (configuration, module of a merge, port), STORAGE (directory)
 */
export async function startNode(options: NodeOptions, { tap }: StartOptions = {}): Promise<RunningNode> {
  const config = checkConfig(options);
  const merges = { ...config.merges, ...(await loadMerges(config.mergeModules, process.cwd())) };
  // A node that cannot start leaves no new directory behind. One that is there already is asked first who uses it.
  if (!existsSync(config.data)) await tryPort(config.host, config.port);
  const node = new NodeProcess(config, merges, tap);
  try {
    await node.start();
  } catch (error) {
    await node.abandon();
    throw error;
  }
  return node;
}

class NodeProcess implements RunningNode {
  readonly id: string;
  readonly failed: Promise<Error>;
  url = "";
  readonly #config: CheckedConfig;
  readonly #log: Logger;
  readonly #directory: DataDirectory;
  readonly #store: DiskStore<Persist>;
  readonly #server: Server;
  readonly #listener: Listener;
  readonly #peers: Peers;
  readonly #turn: Turn = new Turn();
  #sweeps: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;
  #onReady: () => void = () => undefined;
  #onStopped: () => void = () => undefined;
  #onFailed: (error: Error) => void = () => undefined;

  constructor(config: CheckedConfig, merges: Merges, tap: PeerTap | undefined) {
    this.id = config.id;
    this.#config = config;
    this.failed = new Promise((resolve) => (this.#onFailed = resolve));
    this.#log = pino({ level: config.logLevel, base: { node: config.id } }, pino.destination(2));
    this.#directory = openDataDirectory(config.data, `node ${config.id}`);
    try {
      refuseFullDisk(this.#directory.path);
      this.#store = openDiskStore<Persist>(this.#directory.path, {
        onDurable: (batches) => this.#server.release(batches),
        onFailure: (error) => this.#fail(error),
        onFull: (isFull) => this.#server.diskFull(isFull),
      });
    } catch (error) {
      this.#directory.close();
      throw error;
    }
    const { id, members, partitions, options, tuning } = config;
    const replicas = replicasMax(options);
    const nodeConfig: NodeConfig = {
      id,
      ring: new Ring(planRing(members, { partitions, replicas })),
      options,
      tuning,
      merges,
    };
    const events = {
      onReady: () => this.#onReady(),
      onStopped: () => this.#onStopped(),
      onFatal: (error: Error) => this.#fail(error),
    };
    this.#server = new Server(nodeConfig, this.#store, this.#log, events, tap);
    const listenerOptions = {
      host: config.host,
      port: config.port,
      isCredential: (role: "client" | "node", given: string | undefined) => isCredential(config, role, given),
    };
    this.#listener = new Listener(nodeConfig, listenerOptions, this.#server, this.#turn, this.#log);
    this.#peers = new Peers(nodeConfig, config.clusterSecret, this.#server, this.#turn, this.#log);
  }

  get traffic(): Traffic {
    return this.#turn.traffic;
  }

  /** Its identity is on disk before it is seen by anybody. */
  async start(): Promise<void> {
    const ready = new Promise<void>((resolve) => (this.#onReady = resolve));
    this.#server.start(toBinary(randomBytes(8)), this.#directory.mayBeOlder);
    await Promise.race([ready, this.failed.then((error) => Promise.reject(error))]);
    this.#directory.confirmIdentity();
    const port = await this.#listener.listen();
    const { host } = this.#config;
    this.url = `ws://${host.includes(":") ? `[${host}]` : host}:${port}`;
    this.#peers.start();
    this.#sweeps = setInterval(() => this.#listener.sweep(), sweepMs);
    this.#log.info({ url: this.url, data: this.#directory.path }, "ready");
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  /** After a start that failed half-way. */
  async abandon(): Promise<void> {
    clearInterval(this.#sweeps);
    this.#server.end();
    this.#peers.close();
    await this.#listener.close();
    await this.#store.close();
    this.#directory.close();
  }

  async #close(): Promise<void> {
    const stopped = new Promise<void>((resolve) => (this.#onStopped = resolve));
    this.#server.stop();
    const impatience = setTimeout(() => this.#giveUpIfFull(), stopMsMax);
    const isClean = await Promise.race([stopped.then(() => !this.#store.isFull), this.failed.then(() => false)]);
    clearTimeout(impatience);
    clearInterval(this.#sweeps);
    this.#peers.close();
    await this.#listener.close();
    this.#server.end();
    await this.#store.close();
    if (isClean) this.#confirmCleanStop();
    this.#directory.close();
    this.#log.info("stopped");
  }

  /** All data is on disk by now. Without this the next start takes a new replica id, which is no reason to fail. */
  #confirmCleanStop(): void {
    try {
      this.#directory.confirmCleanStop();
    } catch (error) {
      this.#log.warn({ reason: (error as Error).message }, "clean stop not confirmed");
    }
  }

  /** Its last batch waits for room, perhaps for ever. Without it the stop is an unclean one, which loses nothing that was promised. */
  #giveUpIfFull(): void {
    if (!this.#store.isFull) return;
    this.#log.warn("stopped uncleanly, as the disk is full");
    this.#onStopped();
  }

  /** Nothing may be said any more that the disk might not keep. */
  #fail(error: Error): void {
    this.#log.fatal({ reason: error.message }, "failed");
    clearInterval(this.#sweeps);
    this.#server.end();
    this.#peers.close();
    void this.#listener.close();
    this.#onFailed(error);
  }
}
