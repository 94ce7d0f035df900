import { FloorClient } from "./floor/client.ts";
import { startFloorCluster, type FloorCluster } from "./floor/cluster.ts";
import type { Issue, Target, Workload } from "./target.ts";

/** The yardstick: the same machine, sockets, encoding and disk without anything that makes Coterie a store. */
export class FloorTarget implements Target {
  readonly name = "floor";
  private cluster: FloorCluster | undefined;
  private readonly client: FloorClient = new FloorClient();

  async start(): Promise<void> {
    this.cluster = await startFloorCluster();
    await this.client.connect(this.cluster.ports);
  }

  prepare(workload: Workload): Issue {
    const { r, w } = workload;
    const value = Buffer.alloc(workload.valueBytes, 7);
    return (kind, keyNumber, done) => {
      if (kind === "put") this.client.put(keyNumber, value, w, done);
      else this.client.get(keyNumber, r, done);
    };
  }

  async stop(): Promise<void> {
    this.client.close();
    await this.cluster?.stop();
  }
}
