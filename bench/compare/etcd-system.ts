/** Three etcd members with the settings that etcd has by itself, but for room to keep every version of a long run. */
import { join } from "node:path";
import { freePorts } from "./free-ports.ts";
import type { Command } from "./peer-keeper.ts";
import { PeerProcesses } from "./peer-processes.ts";
import { whatIsMissing } from "./peer-program.ts";
import type { Setting } from "./setting.ts";
import type { Address, System, Usage } from "./system.ts";

const members = 3;
/** etcd keeps what was overwritten, and takes no more writes when it reaches this; by itself 2 GiB. */
const backendBytesMax = 8 * 2 ** 30;

interface Member {
  readonly name: string;
  readonly clientUrl: string;
  readonly peerUrl: string;
}

export class EtcdSystem implements System {
  readonly name = "etcd";
  #processes: PeerProcesses | undefined;
  #members: readonly Member[] = [];

  /** Why it must be left out; undefined when it can be started. */
  missing(): string | undefined {
    return whatIsMissing({ program: "etcd", debianPackage: "etcd-server", client: "etcd3", clientVersion: "1.1.2" });
  }

  guaranteeOf({ r }: Setting): string {
    const reads =
      r === 1
        ? "A read is answered by one member and may be old (serializable)."
        : "A read shows the last acknowledged write (linearizable).";
    return `Three copies, two of them on disk (fsync) before the answer; no answers without a majority. ${reads} Of two writers the later wins, and nobody is told.`;
  }

  async start(): Promise<Address> {
    const missing = this.missing();
    if (missing !== undefined) throw new Error(missing);
    const firstPort = await freePorts(members * 2);
    this.#members = Array.from({ length: members }, (_, at) => ({
      name: `member-${at + 1}`,
      clientUrl: urlOf(firstPort + at * 2),
      peerUrl: urlOf(firstPort + at * 2 + 1),
    }));
    this.#processes = new PeerProcesses(this.name);
    try {
      await this.#processes.start(this.#commands(this.#processes.directory), () => this.#isServing());
    } catch (error) {
      await this.stop();
      throw error;
    }
    return { system: this.name, nodes: this.#members.map(({ clientUrl }) => new URL(clientUrl).host) };
  }

  async usage(): Promise<Usage | undefined> {
    const cpuSeconds = await this.#processes?.processorSeconds();
    if (cpuSeconds === undefined) return undefined;
    const metrics = await Promise.all(this.#members.map(({ clientUrl }) => fetchText(`${clientUrl}/metrics`)));
    return { cpuSeconds, bytesSent: bytesSentIn(metrics.join("\n")), messagesSent: undefined };
  }

  async stop(): Promise<void> {
    await this.#processes?.stop();
    this.#processes = undefined;
  }

  #commands(directory: string): Command[] {
    const cluster = this.#members.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(",");
    return this.#members.map(({ name, clientUrl, peerUrl }) => {
      const settings = {
        name,
        "data-dir": join(directory, name),
        "listen-client-urls": clientUrl,
        "advertise-client-urls": clientUrl,
        "listen-peer-urls": peerUrl,
        "initial-advertise-peer-urls": peerUrl,
        "initial-cluster": cluster,
        "initial-cluster-state": "new",
        "quota-backend-bytes": String(backendBytesMax),
        logger: "zap",
        "log-level": "error",
      };
      return { program: "etcd", args: Object.entries(settings).flatMap(([flag, value]) => [`--${flag}`, value]) };
    });
  }

  /** A member says that it is healthy when there is a leader, and a read has gone through it. */
  async #isServing(): Promise<boolean> {
    const answers = await Promise.all(this.#members.map(({ clientUrl }) => fetchText(`${clientUrl}/health`)));
    return answers.every((answer) => answer.includes(`"health":"true"`));
  }
}

function urlOf(port: number): string {
  return `http://127.0.0.1:${port}`;
}

/** Empty when nobody answers. */
async function fetchText(url: string): Promise<string> {
  try {
    return await (await fetch(url)).text();
  } catch {
    return "";
  }
}

/** To clients and, one line for each, to the other members. */
function bytesSentIn(metrics: string): number | undefined {
  const lines = metrics.matchAll(/^etcd_network_(?:client_grpc|peer)_sent_bytes_total\S* (\S+)$/gm);
  const counts = [...lines].map(([, count]) => Number(count));
  return counts.length === 0 ? undefined : counts.reduce((sum, count) => sum + count, 0);
}
