/** Three node processes whose messages are noted, and held back if delays are injected: for the measurement of staleness alone. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { MemberOptions } from "../../node/io/index.ts";
import { freePorts } from "./free-ports.ts";
import type { NodeChoice } from "./staleness-node.ts";

export const nodes = 3;

const program = fileURLToPath(new URL("./staleness-node.js", import.meta.url));
/** Longer than anything is measured. */
const neverMs = 1e12;

export class StalenessCluster {
  readonly members: readonly MemberOptions[];
  readonly #directory: string = mkdtempSync(join(tmpdir(), "coterie-bench-"));
  readonly #removeData = (): void => rmSync(this.#directory, { recursive: true, force: true, maxRetries: 5 });
  readonly #processes: readonly ChildProcess[];
  /** Rejects if a node ends before it is told to. */
  readonly failed: Promise<never>;

  /** @param injected name of the laws of delays @throws if a node ends before it serves */
  static async start(injected: string | undefined, seed: number): Promise<StalenessCluster> {
    const cluster = new StalenessCluster(await freePorts(nodes), injected, seed);
    try {
      await Promise.race([Promise.all(cluster.#processes.map((node) => once(node, "message"))), cluster.failed]);
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  private constructor(port: number, injected: string | undefined, seed: number) {
    process.once("exit", this.#removeData); // also when a measurement that fails never comes to `stop`
    this.members = Array.from({ length: nodes }, (_, at) => ({ id: `n${at + 1}`, url: `ws://127.0.0.1:${port + at}` }));
    this.#processes = this.members.map(({ id }, at) => {
      const data = join(this.#directory, id);
      // Nothing but the write itself may spread it, and nobody but r replicas be asked.
      const tuning = { antiEntropyIntervalMs: neverMs, hedgeShare: 0 };
      const options = { id, members: this.members, data, tuning };
      const choice: NodeChoice = { options, seed: seed + at, ...(injected !== undefined && { injected }) };
      return fork(program, [JSON.stringify(choice)], { serialization: "advanced" });
    });
    this.failed = new Promise((_, reject) => {
      for (const node of this.#processes) {
        node.once("exit", () => reject(new Error("a node of the measurement has ended")));
        node.on("error", reject); // also what is still asked of it while the measurement is being stopped
      }
    });
    this.failed.catch(() => undefined); // whoever waits for it hears of it; in the end all of them end
  }

  /** What each node has noted since the last time. */
  notes(): Promise<readonly Float64Array[]> {
    return Promise.all(
      this.#processes.map(async (node) => {
        node.send("notes");
        const [notes] = (await once(node, "message")) as [Float64Array];
        return notes;
      }),
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.#processes.map(ended));
    process.off("exit", this.#removeData);
    this.#removeData();
  }
}

/** A node ends by itself when the channel to its parent closes. */
async function ended(node: ChildProcess): Promise<void> {
  if (node.exitCode !== null || node.signalCode !== null) return;
  const exit = new Promise((resolve) => node.once("exit", resolve)); // whatever else goes wrong with it
  if (node.connected) node.disconnect();
  await exit;
}
