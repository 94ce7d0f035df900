/** The floor as a system: the same machine, sockets, encoding and disk without anything that makes Coterie a store. */
import { startFloorCluster, type FloorCluster } from "../floor/cluster.ts";
import type { Setting } from "./setting.ts";
import type { Address, System, Usage } from "./system.ts";

/** The floor has three nodes, whatever is asked. */
const copies = 3;

export class FloorSystem implements System {
  readonly name = "floor";
  #cluster: FloorCluster | undefined;

  guaranteeOf({ r, w }: Setting): string {
    const compared = r === 1 ? "a get reads one copy" : `a get compares ${r} copies`;
    return `No store, but what one costs at least: a put is on ${w} of ${copies} disks, ${compared}; no versions, no repair, no recovery.`;
  }

  async start(): Promise<Address> {
    this.#cluster = await startFloorCluster();
    return { system: "floor", nodes: this.#cluster.ports.map((port) => `127.0.0.1:${port}`) };
  }

  async usage(): Promise<Usage | undefined> {
    return this.#cluster?.usage();
  }

  async stop(): Promise<void> {
    await this.#cluster?.stop();
    this.#cluster = undefined;
  }
}
