/** One Redis, as somebody would have it who wants what Coterie promises of a write: on disk before the answer. */
import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { freePorts } from "./free-ports.ts";
import { PeerProcesses } from "./peer-processes.ts";
import { whatIsMissing } from "./peer-program.ts";
import type { Address, System, Usage } from "./system.ts";

const host = "127.0.0.1";

export class RedisSystem implements System {
  readonly name = "redis";
  #processes: PeerProcesses | undefined;
  #port = 0;

  /** Why it must be left out; undefined when it can be started. */
  missing(): string | undefined {
    return whatIsMissing({
      program: "redis-server",
      debianPackage: "redis-server",
      client: "ioredis",
      clientVersion: "6.0.0",
    });
  }

  guaranteeOf(): string {
    return "One copy, on disk (fsync) before the answer. A read shows the last write; of two writers the later wins, and nobody is told.";
  }

  async start(): Promise<Address> {
    const missing = this.missing();
    if (missing !== undefined) throw new Error(missing);
    this.#port = await freePorts(1);
    this.#processes = new PeerProcesses(this.name);
    try {
      const command = { program: "redis-server", args: this.#args(this.#processes.directory) };
      await this.#processes.start([command], async () => (await this.#ask("PING")).includes("+PONG"));
    } catch (error) {
      await this.stop();
      throw error;
    }
    return { system: this.name, nodes: [`${host}:${this.#port}`] };
  }

  async usage(): Promise<Usage | undefined> {
    const cpuSeconds = await this.#processes?.processorSeconds();
    if (cpuSeconds === undefined) return undefined;
    const stats = await this.#ask("INFO stats");
    return {
      cpuSeconds,
      bytesSent: numberIn(stats, "total_net_output_bytes"),
      messagesSent: numberIn(stats, "total_commands_processed"), // each has one answer
    };
  }

  async stop(): Promise<void> {
    await this.#processes?.stop();
    this.#processes = undefined;
  }

  #args(directory: string): string[] {
    const settings = {
      port: this.#port,
      bind: host,
      dir: directory,
      appendonly: "yes",
      appendfsync: "always",
      save: "", // no snapshots: the log has everything
    };
    return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  }

  /** Over a connection of its own; empty when nobody answers. */
  async #ask(command: string): Promise<string> {
    const socket = connect(this.#port, host);
    try {
      await once(socket, "connect");
      socket.write(`${command}\r\nQUIT\r\n`);
      return await text(socket);
    } catch {
      return "";
    } finally {
      socket.destroy();
    }
  }
}

function numberIn(stats: string, name: string): number | undefined {
  const found = new RegExp(`^${name}:(\\d+)`, "m").exec(stats)?.[1];
  return found === undefined ? undefined : Number(found);
}
